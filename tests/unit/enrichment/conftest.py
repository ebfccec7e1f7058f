"""An account with two data sources, and a run of rows against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.enrichment import Columns, Ledger, compare, push
from airflow_provider_chartmogul.enrichment.rows import open_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

    Row = dict[str, Any]

TYPES = {"String": "x", "Integer": 1, "Decimal": 1.5, "Timestamp": "2026-01-01", "Boolean": True}


@dataclass
class Run:
    """What a run returned, and what it asked of the API.

    :param requests: method and path without ids, each with how often.
    """

    summary: dict[str, Any]
    lines: list[Row]
    letters: list[Row]
    requests: Counter[str] = field(default_factory=Counter)

    @property
    def writes(self) -> Counter[str]:
        return Counter({name: n for name, n in self.requests.items() if not name.startswith("GET ")})


@dataclass
class Account:
    """Two data sources, ``billing`` and ``crm``, and what is in them."""

    client: ChartMogulClient
    emulator: Emulator
    billing: str
    crm: str

    def customer(self, external_id: str, source: str = "", **fields: Any) -> str:
        """Create a customer and return its uuid."""
        fields = {"name": external_id, "email": f"{external_id}@firm.example", **fields}
        made = self.client.customers.create(data_source_uuid=source or self.billing, external_id=external_id, **fields)
        return str(made["uuid"])

    def customers(self, *external_ids: str) -> list[str]:
        return [self.customer(external_id) for external_id in external_ids]

    def define(self, uuid: str, kind: str, **values: Any) -> None:
        """Set attributes of a type."""
        attributes = [{"type": kind, "key": key, "value": value} for key, value in values.items()]
        self.client.custom_attributes.add(uuid, attributes)

    def custom(self, uuid: str) -> dict[str, Any]:
        return dict(self.client.customers.retrieve(uuid)["attributes"]["custom"])

    def tags(self, uuid: str) -> list[str]:
        return list(self.client.customers.retrieve(uuid)["attributes"]["tags"])


@pytest.fixture
def account(client: ChartMogulClient, emulator: Emulator) -> Account:
    billing, crm = (client.data_sources.create(name=name)["uuid"] for name in ("billing", "crm"))
    return Account(client, emulator, billing, crm)


Enrich = "Callable[..., Run]"


@pytest.fixture
def enrich(account: Account) -> Callable[..., Run]:
    """Runs rows against the account; columns and limits as keywords."""

    def run(rows: list[Row], **arguments: Any) -> Run:
        given = {"customer": "customer_uuid", **arguments}
        narrowing, limits = (
            {name: given.pop(name) for name in names if name in given}
            for names in (("max_fan_out", "ignore_missing", "data_source_uuid"), ("max_rejected", "check_only"))
        )
        columns = Columns.given(**given)
        before = Counter(account.emulator.stats()["requests_by_operation"])
        with Ledger() as ledger:
            found = compare(account.client, open_rows(rows), columns, ledger, **narrowing)
            push(account.client, columns, found, **limits)
            after = Counter(account.emulator.stats()["requests_by_operation"])
            return Run(found.summary(), list(found.results()), list(found.rejected()), after - before)

    return run
