"""Read Parquet a page at a time."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.imports.sources.rows import Row
from airflow_provider_chartmogul.imports.sources.values import plain_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    from airflow_provider_chartmogul.imports.sources.rows import Columns

_PAGE: Final = 2_000
"""How many rows are Python's at a time."""
# of each column, since a file may be one group of rows that does not fit into memory
_BUFFER: Final = 2**20


def read_parquet(file: IO[bytes], name: str, columns: Columns) -> Iterator[Row]:
    """Yield a row for each row; where the file is cut or broken, one that says so.

    :param file: one that can be sought in.
    :param name: what to call it.
    :raises UnfitSourceError: a column that a mapping names is not there.
    """
    count = 0
    try:
        for batch in _batches(file, name, columns):
            for record, faults in _records(batch):
                count += 1
                yield Row(record, f"{name}, row {count}", faults)
    except Exception as error:
        if not _is_broken(error):
            raise
        place = f"{name}, after row {count}" if count else name
        yield Row(None, place, (("", "cannot be read on: the data of Parquet is cut or broken"),))


def check_parquet(file: IO[bytes], name: str, columns: Columns) -> None:
    """Refuse a file whose columns cannot be used; arguments and errors are those of :func:`read_parquet`."""
    try:
        if file.seek(0, 2):
            with _opened(file) as parquet:
                columns.chosen(parquet.schema_arrow.names, name)
    except Exception as error:
        if not _is_broken(error):
            raise


def _batches(file: IO[bytes], name: str, columns: Columns) -> Iterator[pa.RecordBatch]:
    if not file.seek(0, 2):
        return
    with _opened(file) as parquet:
        chosen = columns.chosen(parquet.schema_arrow.names, name)
        yield from parquet.iter_batches(batch_size=_PAGE, columns=chosen)


def _opened(file: IO[bytes]) -> pq.ParquetFile:
    try:
        import pyarrow.parquet as pq
    except ImportError as err:
        raise ChartMogulConfigError(
            "Reading Parquet needs: pip install 'airflow-provider-chartmogul[parquet]'"
        ) from err
    return pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)


def _records(batch: pa.RecordBatch) -> Iterator[tuple[Any, tuple[tuple[str, str], ...]]]:
    import pyarrow as pa

    schema = pa.schema([field.with_type(_in_microseconds(field.type)) for field in batch.schema])
    if schema != batch.schema:
        batch = batch.cast(schema, safe=False)
    records = batch.to_pylist()
    odd = [field.name for field in schema if not _is_plain(field.type)]
    if not odd:
        for record in records:
            yield record, ()
        return
    for record in records:
        fixed, faults = plain_row(odd, tuple(record[name] for name in odd))
        record.update(fixed)
        yield record, faults


def _in_microseconds(kind: pa.DataType) -> pa.DataType:
    """Return a type without nanoseconds, which Python's datetime has not."""
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if types.is_struct(kind):
        return pa.struct([field.with_type(_in_microseconds(field.type)) for field in kind])
    if types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_in_microseconds(kind.value_type)))
    if types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_in_microseconds(kind.value_type)))
    return kind


def _is_plain(kind: pa.DataType) -> bool:
    """Tell whether all values of a type are such as records hold."""
    import pyarrow as pa

    types = pa.types
    if types.is_struct(kind):
        return all(_is_plain(field.type) for field in kind)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_date(kind)
        or types.is_timestamp(kind)
        or types.is_null(kind)
    )


def _is_broken(error: Exception) -> bool:
    """Tell what is wrong with the file from what is wrong with the way to it."""
    import pyarrow as pa

    # an error of a system has a number; Arrow raises the same type without one
    return isinstance(error, pa.ArrowException) or (type(error) is OSError and error.errno is None)
