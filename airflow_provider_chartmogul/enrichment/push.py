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
from airflow_provider_chartmogul.imports.each import Account, send_each
from airflow_provider_chartmogul.imports.result import allowed_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.enrichment.columns import Columns
    from airflow_provider_chartmogul.enrichment.ledger import Ledger
    from airflow_provider_chartmogul.imports.given import Given

log = logging.getLogger(__name__)


def compare(
    client: ChartMogulClient,
    rows: Iterable[Given],
    columns: Columns,
    ledger: Ledger,
    *,
    data_source_uuid: str | None = None,
    max_fan_out: int = 1,
    ignore_missing: bool = False,
) -> Enrichment:
    """Read and check all rows, read their customers, and see what differs.

    :param client: client of the account.
    :param rows: the rows.
    :param columns: what their columns mean.
    :param ledger: an empty one; the account reads it.
    :param data_source_uuid: only customers with a part in this data source.
    :param max_fan_out: how many customers one row may reach.
    :param ignore_missing: whether a row that names no customer has not failed.
    :return: the account of every row, of which none is sent yet.
    """
    enrichment = Enrichment(ledger=ledger, ignore_missing=ignore_missing)
    _take_in(rows, columns, ledger, data_source_uuid)
    customers = Customers(client, columns, ledger, data_source_uuid)
    customers.find()
    ledger.all_customers_are_in()
    enrichment.fan_out = fan_out(ledger)
    log.info("%(rows)d rows reach %(customers)d customers, one row at most %(largest)d", enrichment.fan_out)
    check(ledger, columns, customers.seeming_types, max_fan_out)
    enrichment.customers = ledger.one("SELECT count(DISTINCT customer) FROM matches")
    return enrichment


def push(
    client: ChartMogulClient,
    columns: Columns,
    enrichment: Enrichment,
    *,
    max_rejected: float = 0,
    check_only: bool = False,
) -> None:
    """Send what differs, unless too many rows are faulty, and give every row its state, also if an error ends it.

    It does not raise for rows that failed;
    :meth:`~airflow_provider_chartmogul.enrichment.result.Enrichment.raise_for_failures` does. Comparing and sending
    again sends what is left, which is nothing after a run that succeeded.

    :param client: client of the account.
    :param columns: what the columns of the rows mean.
    :param enrichment: as :func:`compare` returns it.
    :param max_rejected: how many rows may fail: a number, or below 1 their share.
    :param check_only: send nothing; the account tells what would have been.
    """
    enrichment.check_only, ledger = check_only, enrichment.ledger
    try:
        if check_only:
            _pretend(enrichment)
        elif enrichment.failures() > allowed_of(max_rejected, ledger.counts().total()):
            log.warning("Nothing is sent, since too many rows are at fault")
        else:
            _send(client, columns, enrichment)
    finally:
        ledger.give_up()
        ledger.close()


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
        account = Account()
        try:
            send_each(records, sender, threads=client.max_connections, account=account)
        finally:
            _settle(enrichment, records, account)
        if any(sent.state == "not_sent" for sent in account.sent):
            break


def _settle(enrichment: Enrichment, records: Sequence[Record], account: Account) -> None:
    enrichment.stopped_by = account.stopped_by
    for record, sent in zip(records, account.sent, strict=False):
        enrichment.writes += record.get("writes", 0)
        enrichment.ledger.settle(record["position"], record["customer_uuid"], sent.state, record.get("done", {}))
        if sent.state != "not_sent":
            enrichment.ledger.complain(record["position"], sent.reasons)


def _pretend(enrichment: Enrichment) -> None:
    for records in enrichment.ledger.to_change():
        for record in records:
            enrichment.writes += writes(record["change"])
            enrichment.ledger.settle(record["position"], record["customer_uuid"], "changed", record["change"])
