"""Send to customers what rows want of them, as far as it differs from what ChartMogul has."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.enrichment.checks import check, fan_out
from airflow_provider_chartmogul.enrichment.customers import Customers
from airflow_provider_chartmogul.enrichment.result import Enrichment
from airflow_provider_chartmogul.enrichment.sending import Sender, writes
from airflow_provider_chartmogul.imports.each import send_each
from airflow_provider_chartmogul.imports.result import allowed_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.enrichment.columns import Columns
    from airflow_provider_chartmogul.enrichment.ledger import Ledger
    from airflow_provider_chartmogul.imports.given import Given

log = logging.getLogger(__name__)


def push(
    client: ChartMogulClient,
    rows: Iterable[Given],
    columns: Columns,
    ledger: Ledger,
    *,
    data_source_uuid: str | None = None,
    max_fan_out: int = 1,
    max_rejected: float = 0,
    ignore_missing: bool = False,
    dry_run: bool = False,
) -> Enrichment:
    """Read and check all rows, read their customers, compare, and send what differs.

    With more than ``max_rejected`` faulty rows nothing is sent. Running it again sends what is left, which is nothing
    after a run that succeeded.

    :param client: client of the account.
    :param rows: the rows.
    :param columns: what their columns mean.
    :param ledger: an empty one; the account reads it.
    :param data_source_uuid: only customers with a part in this data source.
    :param max_fan_out: how many customers one row may reach.
    :param max_rejected: how many rows may fail: a number, or below 1 their share.
    :param ignore_missing: whether a row that names no customer has not failed.
    :param dry_run: send nothing.
    :return: the account of every row. It does not raise for those that failed;
        :meth:`~airflow_provider_chartmogul.enrichment.result.Enrichment.raise_for_failures` does.
    """
    enrichment = Enrichment(ledger=ledger, ignore_missing=ignore_missing, dry_run=dry_run)
    _take_in(rows, columns, ledger, data_source_uuid)
    customers = Customers(client, columns, ledger, data_source_uuid)
    customers.find()
    ledger.all_customers_are_in()
    enrichment.fan_out = fan_out(ledger)
    log.info("%(rows)d rows reach %(customers)d customers, one row at most %(largest)d", enrichment.fan_out)
    check(ledger, columns, customers.seeming_types, max_fan_out)
    enrichment.customers = ledger.one("SELECT count(DISTINCT customer) FROM matches")
    if dry_run:
        _pretend(enrichment)
    elif enrichment.failures() > allowed_of(max_rejected, ledger.counts().total()):
        log.warning("Nothing is sent, since too many rows are at fault")
        ledger.give_up()
    else:
        _send(client, columns, enrichment)
    ledger.close()
    return enrichment


def _take_in(rows: Iterable[Given], columns: Columns, ledger: Ledger, data_source_uuid: str | None) -> None:
    for position, given in enumerate(rows, start=1):
        row = given.record
        ledger.add(position, given.place, row, given.text)
        faults: Sequence[tuple[str, str]] = given.problems
        if not faults and not isinstance(row, Mapping):
            faults = [Problem("", "must be an object")]
        elif not faults:
            name, wanted, faults = columns.read(row, data_source_uuid)
            ledger.understand(position, name, wanted)
        if faults:
            ledger.reject(position, faults)
    ledger.all_rows_are_in()


def _send(client: ChartMogulClient, columns: Columns, enrichment: Enrichment) -> None:
    sender = Sender(client, columns.types)
    for records in enrichment.ledger.to_change():
        account = send_each(records, sender, threads=client.max_connections)
        for record, sent in zip(records, account.sent, strict=True):
            enrichment.writes += record.get("writes", 0)
            enrichment.ledger.settle(record["position"], record["customer_uuid"], sent.state, record.get("done", {}))
            if sent.state != "not_sent":
                enrichment.ledger.complain(record["position"], sent.reasons)
        enrichment.stopped_by = account.stopped_by
        if any(sent.state == "not_sent" for sent in account.sent):
            break
    enrichment.ledger.give_up()


def _pretend(enrichment: Enrichment) -> None:
    for records in enrichment.ledger.to_change():
        for record in records:
            enrichment.writes += writes(record["change"])
            enrichment.ledger.settle(record["position"], record["customer_uuid"], "changed", record["change"])
