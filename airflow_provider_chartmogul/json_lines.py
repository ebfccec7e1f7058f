"""Records in files of JSON Lines, on local disks and object storage; gzip where the name ends in ``.gz``."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING

from airflow_provider_chartmogul.client.values import json_for_people
from airflow_provider_chartmogul.files import gzipped, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.client.values import Record


def write(path: ObjectStoragePath, records: Iterable[Record]) -> int:
    """Write a file with one record in each line, whole or not at all, and return how many they are.

    The same records give the same bytes.
    """
    count = 0
    with replacing(path) as file, _packed(path, file) as lines:
        for record in records:
            text = json.dumps(record, ensure_ascii=False, default=json_for_people)
            # half of a surrogate pair, of which UTF-8 knows nothing: this is how JSON escapes it
            lines.write(text.encode(errors="backslashreplace") + b"\n")
            count += 1
    return count


def _packed(path: ObjectStoragePath, file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    if _is_packed(path):
        return gzipped(file)
    return nullcontext(file)


def _is_packed(path: ObjectStoragePath) -> bool:
    return path.name.endswith(".gz")
