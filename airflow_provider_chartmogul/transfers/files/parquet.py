"""Files of Parquet, typed by the columns of a stream. This module imports pyarrow: import it where it is used."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.streams.columns import BOOLEAN, DATE, DECIMAL, INTEGER, JSON, STRING, TIMESTAMP

try:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]
except ImportError:
    raise ChartMogulConfigError("Parquet needs pyarrow: pip install 'airflow-provider-chartmogul[parquet]'") from None

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.streams.columns import Column, ColumnType
    from airflow_provider_chartmogul.streams.model import Row, Table

ROWS_PER_GROUP = 50_000
"""Rows of a row group, whatever the pages: what is held before it is written."""

_TYPES: dict[ColumnType, pa.DataType] = {
    STRING: pa.string(),
    INTEGER: pa.int64(),
    DECIMAL: pa.decimal128(38, 9),
    BOOLEAN: pa.bool_(),
    TIMESTAMP: pa.timestamp("us", tz="UTC"),
    DATE: pa.date32(),
    JSON: pa.string(),
}
_NINE_PLACES = Decimal("1e-9")
_38_DIGITS = Context(prec=38, rounding=ROUND_HALF_EVEN)
_UNFIT = (pa.ArrowException, ArithmeticError)


class ParquetCodec:
    """Parquet: the types of the columns, JSON as text; numbers with a fraction are rounded to nine places.

    :param table: where the rows come from: its keys and required columns are never null.
    :param columns: all columns of the file.
    """

    def __init__(self, table: Table, columns: Sequence[Column]) -> None:
        self._record_key = table.record_key
        never_null = {*table.key, *table.required}
        self._schema = pa.schema(
            [pa.field(one.name, _TYPES[one.type], nullable=one.name not in never_null) for one in columns]
        )
        self._columns = columns
        self._values = itemgetter(*(column.name for column in columns))

    def encode(self, rows: Sequence[Row]) -> bytes:
        """Return rows as a batch of Arrow's IPC, without the schema.

        :raises ValueError: a number has more digits than Parquet holds.
        """
        # each column's values, or none of any
        values = zip(*map(self._values, rows), strict=True) if rows else [()] * len(self._columns)
        try:
            arrays = [_array(column.type, list(cells)) for column, cells in zip(self._columns, values, strict=True)]
        except _UNFIT:
            raise self._complaint(rows) from None
        batch: bytes = pa.RecordBatch.from_arrays(arrays, schema=self._schema).serialize().to_pybytes()
        return batch

    def _complaint(self, rows: Sequence[Row]) -> ValueError:
        for row in rows:
            for column in self._columns:
                try:
                    _array(column.type, [row[column.name]])
                except _UNFIT:
                    key = row[self._record_key]
                    return ValueError(f"record {key}: column {column.name!r} does not fit into {_TYPES[column.type]}")
        raise AssertionError("every value is fit")

    def writer(self, sink: IO[bytes]) -> ParquetFile:
        """Begin a file."""
        return ParquetFile(self._schema, sink)


def _array(kind: ColumnType, values: list[Any]) -> pa.Array:
    if kind is DECIMAL:
        values = [None if value is None else _38_DIGITS.quantize(value, _NINE_PLACES) for value in values]
    try:
        return pa.array(values, _TYPES[kind])
    except UnicodeEncodeError:
        # half of a surrogate pair
        values = [None if value is None else value.encode(errors="backslashreplace") for value in values]
        return pa.array(values, pa.binary()).cast(pa.string())


class ParquetFile:
    """A file of Parquet that is being written, in row groups of one size."""

    def __init__(self, schema: pa.Schema, sink: IO[bytes]) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(sink, schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, payload: bytes) -> None:
        """Append a batch."""
        batch = pa.ipc.read_record_batch(pa.py_buffer(payload), self._schema)
        self._batches.append(batch)
        self._rows += batch.num_rows
        while self._rows >= ROWS_PER_GROUP:
            self._write_group(ROWS_PER_GROUP)

    def close(self) -> None:
        """Write what is left, and the footer."""
        if self._rows:
            self._write_group(self._rows)
        self._writer.close()

    def _write_group(self, rows: int) -> None:
        table = pa.Table.from_batches(self._batches, self._schema)
        # in one piece, since the pieces would show in the file
        self._writer.write_table(table.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._batches = table.slice(rows).to_batches()
        self._rows -= rows
