"""Files of records that tell what became of others: JSON Lines, or Parquet where the name ends in ``.parquet``."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul import files, json_lines
from airflow_provider_chartmogul.client.values import json_for_people
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.files import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath

_PAGE: Final = 10_000


def write(path: ObjectStoragePath, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    """Write rows, whole or not at all, and return how many they are. Equal rows give equal files.

    :param columns: the columns of a Parquet file. Numbers and truth values keep their type, anything else but text is
        JSON text there. Lines of JSON are as they are.
    :raises ChartMogulConfigError: a Parquet file is wanted, and pyarrow is not there.
    """
    if not path.name.endswith(".parquet"):
        return json_lines.write(path, map(dict, rows))
    return _write_parquet(path, rows, columns)


def try_out(path: ObjectStoragePath) -> None:
    """Find out whether rows can be written to a file.

    :raises ChartMogulConfigError: a Parquet file is wanted, and pyarrow is not there.
    :raises OSError: the file cannot be written.
    """
    if path.name.endswith(".parquet"):
        _parquet()
    files.try_out(path)


def _parquet() -> Any:
    try:
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError:
        raise ChartMogulConfigError(
            "Parquet needs pyarrow: pip install 'airflow-provider-chartmogul[parquet]'"
        ) from None
    return pq


def _write_parquet(path: ObjectStoragePath, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> int:
    pq = _parquet()
    import pyarrow as pa

    types = {"position": pa.int64(), "retryable": pa.bool_(), "replace": pa.bool_()}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in columns])
    count = 0
    entries = iter(rows)
    with replacing(path) as file, pq.ParquetWriter(file, schema) as writer:
        while page := list(itertools.islice(entries, _PAGE)):
            count += len(page)
            table = {name: [_cell(row.get(name), name in types) for row in page] for name in columns}
            writer.write_table(pa.table(table, schema=schema))
    return count


def _cell(value: Any, typed: bool) -> Any:
    if value is None or typed or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=json_for_people)
