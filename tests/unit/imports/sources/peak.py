"""Print the most memory, in MB, that reading a query takes: ``python -m … kind uri query``."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections import deque
from urllib.parse import parse_qs, urlsplit


def main(kind: str, uri: str, text: str) -> None:
    if kind == "postgresql":
        parts = urlsplit(uri)
        host = parse_qs(parts.query)["host"][0] if parts.query else parts.hostname
        connection = {"conn_type": "postgres", "host": host, "port": parts.port, "login": parts.username}
        connection |= {"password": parts.password, "schema": parts.path.strip("/")}
    else:
        connection = {"conn_type": kind, "host": uri}
    os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(connection)

    from airflow_provider_chartmogul.imports.sources import open_source

    deque(open_source("customers", text, sql_conn_id="warehouse"), maxlen=1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
