"""Records in files of JSON Lines, on local disks and object storage."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.values import json_default
from airflow_provider_chartmogul.files import replacing
from airflow_provider_chartmogul.imports.records import Record, read_json_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.providers.common.compat.sdk import ObjectStoragePath


def read_records(path: ObjectStoragePath, name: str) -> list[Record]:
    """Read a file with one record in each line, gzip where its name ends in ``.gz``.

    :param name: what to call the file in errors.
    :raises ValueError: a line is not a JSON object.
    """
    with path.open("rb") as file, _unpacked(name, file) as lines:  # type: ignore[no-untyped-call]
        return list(read_json_lines(lines, name))


def write_records(path: ObjectStoragePath, records: Iterable[Record]) -> None:
    """Write a file with one record in each line, whole or not at all."""
    with replacing(path) as file:
        for record in records:
            file.write(json.dumps(record, default=_as_text).encode() + b"\n")


def _as_text(value: Any) -> str:
    try:
        return json_default(value)
    except TypeError:
        # a record that cannot be sent must still be seen
        return str(value)


def _unpacked(name: str, file: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(gzip.GzipFile(fileobj=file) if name.endswith(".gz") else file, encoding="utf-8")
