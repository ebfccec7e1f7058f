"""A made-up stream of orders with their items, and loads of it into a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.columns import ColumnType, columns
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Record, Scope, Table
from airflow_provider_chartmogul.transfers import loading
from airflow_provider_chartmogul.transfers.loading import Attempt, Plan
from airflow_provider_chartmogul.transfers.sql.target import SqlTarget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.unit.transfers.conftest import Warehouse

ORDER = Table(
    columns=(
        *columns(ColumnType.STRING, "uuid", "label", "slice"),
        *columns(ColumnType.INTEGER, "cents"),
        *columns(ColumnType.DECIMAL, "rate"),
        *columns(ColumnType.BOOLEAN, "paid"),
        *columns(ColumnType.TIMESTAMP, "happened"),
        *columns(ColumnType.DATE, "due"),
    ),
    key=("uuid",),
)
ITEM = Table(
    suffix="items",
    columns=columns(ColumnType.STRING, "order_uuid", "uuid"),
    key=("uuid",),
    record_key="order_uuid",
)
MODES = list(LoadMode)
SCOPE = Scope("happened", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
ONCE, DURABLE = Attempt("load"), Attempt("load", durable=True)
AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def order(uuid: str, *items: str, happened: str | None = "2026-01-10", **fields: Any) -> Record:
    rows = {
        "": [ORDER.row("orders", {"uuid": uuid, "happened": happened, **fields})],
        "items": [ITEM.row("orders", {"uuid": item, "order_uuid": uuid}) for item in items],
    }
    return Record(uuid, rows)


def unchanged(uuid: str) -> Record:
    return Record(uuid, None)


def reading(pages: Iterable[Sequence[Record]], scope: Scope | None = SCOPE) -> Reading:
    """Return a reading of one part whose cursor is the number of pages that were given out."""

    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        for number, (records, more) in enumerate(_with_more(pages)):
            if number >= int(cursor or 0):
                yield Page(records, str(number + 1) if more else None)

    return Reading(walk, scope=scope)


def _with_more(pages: Iterable[Sequence[Record]]) -> Iterator[tuple[Sequence[Record], bool]]:
    """Yield each page with whether another follows; the page is given out before the next is asked for."""
    if isinstance(pages, (list, tuple)):
        yield from ((page, number < len(pages)) for number, page in enumerate(pages, start=1))
    else:
        # a last page of nothing ends what cannot be counted beforehand
        yield from ((page, True) for page in pages)
        yield [], False


def plan(mode: str = "replace", scope: Scope | None = SCOPE, *, tables: Sequence[Table] = (), **marks: Any) -> Plan:
    as_of = AS_OF if mode == LoadMode.SNAPSHOT or marks.get("mark_vanished") else None
    return Plan(tables or (ORDER, ITEM), LoadMode(mode), scope, **{"as_of": as_of, **marks})


def load(warehouse: Warehouse, *pages: Sequence[Record], mode: str = "replace", **arguments: Any) -> dict[str, int]:
    return load_reading(warehouse, reading(pages, arguments.get("scope", SCOPE)), mode, **arguments)


def load_reading(
    warehouse: Warehouse,
    reading: Reading,
    mode: str = "replace",
    *,
    schema: str | None = None,
    attempt: Attempt = ONCE,
    **arguments: Any,
) -> dict[str, int]:
    whole = plan(mode, **{"scope": reading.scope, **arguments})
    target = SqlTarget(warehouse.engine(), whole, table="orders", schema=schema)
    return loading.load(reading, target, attempt).rows


def contents(warehouse: Warehouse) -> tuple[list[Any], list[Any]]:
    return (
        warehouse.query("SELECT uuid, label, cents FROM orders ORDER BY uuid"),
        warehouse.query("SELECT uuid, order_uuid FROM orders_items ORDER BY uuid"),
    )
