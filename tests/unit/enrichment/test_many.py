"""Many rows: the list of customers is read once, few are looked up, and faults change nothing of the outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.emulator.store import projection
from airflow_provider_chartmogul.emulator.views.customers import customer_json
from airflow_provider_chartmogul.enrichment import customers
from airflow_provider_chartmogul.enrichment.customers import FEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.enrichment.conftest import Account, Run

    Enrich = Callable[..., Run]

MANY = FEW + 41
SET = "POST /customers/{customer_uuid}/attributes/custom"
TAG = "POST /customers/{customer_uuid}/attributes/tags"


@pytest.fixture
def names(account: Account) -> list[str]:
    """More customers than are looked up, a third of them with one seat already; their external ids."""
    made = [f"c{number}" for number in range(MANY)]
    seats = [{"type": "Integer", "key": "seats", "value": 1}]
    imported = [
        {"external_id": name, "email": f"{name}@firm.example", "attributes": {"custom": seats if n % 3 == 0 else []}}
        for n, name in enumerate(made)
    ]
    account.client.json_imports.create(account.billing, external_id="all", customers=imported)
    while account.client.json_imports.retrieve(account.billing, "all")["status"] != "completed":
        pass
    return made


def seen(account: Account) -> dict[str, dict[str, Any]]:
    return {customer["external_id"]: customer["attributes"] for customer in account.client.customers.list()}


def by(account: Account, customer: str, names: list[str]) -> list[dict[str, Any]]:
    uuids = {one["external_id"]: one["uuid"] for one in account.client.customers.list()}
    return [
        {"customer_uuid": uuids.get(name, "cus_1"), "external_id": name, "email": f"{name}@FIRM.example", "seats": 1}
        for name in names
    ]


@pytest.mark.parametrize("customer", ["customer_uuid", "external_id", "email"])
def test_the_list_is_read_once_and_who_is_not_in_it_is_looked_up(
    account: Account, enrich: Enrich, names: list[str], customer: str
) -> None:
    rows = by(account, customer, [*names, "gone", "c7"])
    rows[-1]["seats"] = "many"
    arguments = {"customer": customer, "attributes": {"seats": "Integer"}, "data_source_uuid": account.billing}
    run = enrich(rows, **arguments, ignore_missing=True, max_rejected=1)
    already = len(range(0, MANY, 3))
    assert run.writes == {SET: MANY - already}
    assert {name: value["custom"] for name, value in seen(account).items()} == {name: {"seats": 1} for name in names}
    assert (run.summary["unchanged"], run.summary["changed"], run.summary["not_found"]) == (already, MANY - already, 1)
    assert [line["position"] for line in run.lines] == list(range(1, MANY + 3))
    assert (run.lines[-1]["state"], run.lines[-1]["customer_uuid"]) == ("rejected", None)
    assert run.summary["fan_out"] == {"rows": MANY, "customers": MANY, "largest": 1}
    # two pages, and one look for the one that is not in them
    assert sum(run.requests.values()) - run.writes.total() == 3


def test_many_who_are_not_in_the_list_are_not_looked_up(account: Account, enrich: Enrich) -> None:
    account.customer("a")
    rows = [{"customer_uuid": f"cus_{number}", "seats": 1} for number in range(FEW + 1)]
    run = enrich(rows, attributes={"seats": "Integer"}, ignore_missing=True)
    assert run.summary["not_found"] == FEW + 1
    assert run.requests == {"GET /customers": 1}


@pytest.mark.parametrize(
    ("customer", "requests"),
    [
        ("customer_uuid", {"GET /customers": 1, "GET /customers/{customer_uuid}": 1}),
        # a page, and a look
        ("external_id", {"GET /customers": 2}),
        # an address that is found may be that of others, too
        ("email", {"GET /customers": 2}),
    ],
)
@pytest.mark.usefixtures("names")
def test_no_more_pages_are_read_than_there_are_rows(
    account: Account, enrich: Enrich, customer: str, requests: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "FEW", 0)
    last = list(account.client.customers.list())[-1]
    rows = by(account, customer, [last["external_id"]])
    run = enrich(
        [{**rows[0], "seats": 7}],
        customer=customer,
        attributes={"seats": "Integer"},
        data_source_uuid=account.billing,
    )
    assert run.requests - run.writes == requests
    assert account.custom(last["uuid"]) == {"seats": 7}


def test_few_are_looked_up(account: Account, enrich: Enrich, names: list[str]) -> None:
    rows = by(account, "customer_uuid", names[:FEW])
    run = enrich(rows, attributes={"seats": "Integer"})
    assert run.requests["GET /customers/{customer_uuid}"] == FEW
    assert run.requests["GET /customers"] == 0


def test_each_data_source_that_rows_name_is_read(account: Account, enrich: Enrich, names: list[str]) -> None:
    known = account.customer("c0", account.crm)
    rows = [{"external_id": name, "data_source_uuid": account.billing, "seats": 2} for name in names]
    rows.append({"external_id": "c0", "data_source_uuid": account.crm, "seats": 3})
    run = enrich(rows, customer="external_id", attributes={"seats": "Integer"})
    assert run.writes == {SET: MANY + 1}
    assert account.custom(known) == {"seats": 3}
    assert run.requests["GET /customers"] == 3


def test_merged_parts_are_found_in_the_list(account: Account, enrich: Enrich, names: list[str]) -> None:
    known = account.customer("z", account.crm)
    account.client.customers.merge(from_=known, into={"data_source_uuid": account.billing, "external_id": "c1"})
    rows = [{"external_id": name, "data_source_uuid": account.billing, "seats": 1} for name in names if name != "c1"]
    rows.append({"external_id": "z", "data_source_uuid": account.crm, "seats": 8})
    # this id is of the other part
    rows.append({"external_id": "z", "data_source_uuid": account.billing, "seats": 9})
    run = enrich(rows, customer="external_id", attributes={"seats": "Integer"}, ignore_missing=True)
    assert run.summary["not_found"] == 1
    assert seen(account)["c1"]["custom"] == {"seats": 8}


def out_of_order(customer: dict[str, Any]) -> dict[str, Any]:
    first, *others = customer["external_ids"]
    return {"external_ids": [*others, first]}


def each_source_once(customer: dict[str, Any]) -> dict[str, Any]:
    return {"data_source_uuids": list(dict.fromkeys(customer["data_source_uuids"]))}


@pytest.mark.parametrize("change", [out_of_order, each_source_once])
def test_nothing_says_which_id_of_a_merged_customer_is_of_which_source(
    account: Account, enrich: Enrich, names: list[str], change: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*arguments: Any) -> bytes:
        customer = json.loads(customer_json(*arguments))
        return json.dumps(customer | change(customer)).encode()

    monkeypatch.setattr(projection, "customer_json", answer)
    into = {"data_source_uuid": account.billing, "external_id": "c1"}
    for part in (account.customer("z", account.crm), account.customer("y")):
        account.client.customers.merge(from_=part, into=into)
    wanted = [{"external_id": name, "data_source_uuid": account.billing, "seats": 1} for name in names if name != "c1"]
    wanted.append({"external_id": "z", "data_source_uuid": account.billing, "seats": 9})
    arguments: dict[str, Any] = {"customer": "external_id", "attributes": {"seats": "Integer"}, "ignore_missing": True}
    assert enrich(wanted, **arguments).summary["not_found"] == 1
    assert seen(account)["c1"]["custom"] == {}
    assert enrich([*wanted, {**into, "seats": 8}], **arguments).summary["not_found"] == 1
    assert seen(account)["c1"]["custom"] == {"seats": 8}


def test_lost_answers_change_nothing_of_the_outcome(account: Account, enrich: Enrich, names: list[str]) -> None:
    rows = [{**row, "tags": "a,b"} for row in by(account, "customer_uuid", names)]
    account.emulator.set_faults([{"kind": "drop_after", "method": "POST", "every": 10}])
    arguments = {"attributes": {"seats": "Integer"}, "tags_column": "tags"}
    run = enrich(rows, **arguments)
    assert run.summary["changed"] == MANY
    expected = {"custom": {"seats": 1}, "tags": ["a", "b"]}
    found = seen(account).values()
    assert [{name: one[name] for name in expected} for one in found] == [expected] * MANY
    # what was done is counted once, though some of it was asked for again
    assert run.summary["writes"] == 2 * MANY - len(range(0, MANY, 3)) < run.writes.total()
    assert not enrich(rows, **arguments).writes
