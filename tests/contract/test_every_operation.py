"""Every operation of the API is a method of the client, a route of the emulator, a task and a line of the docs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client import api
from airflow_provider_chartmogul.client.calls import calls, find_call
from airflow_provider_chartmogul.client.pagination import Listing
from airflow_provider_chartmogul.emulator.app import OPERATIONS as ROUTES
from docs.generate import DOCUMENT, documented
from tests.contract import specification
from tests.contract.account import Account
from tests.contract.operations import OPERATIONS
from tests.contract.scenarios import SCENARIOS

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

DECLARED = {operation.id: operation for operation in specification.operations().values()}

#: The client's verbs by how they repeat a request; that of ``post_accepted`` depends on whether it can look.
REPEATS = {
    "get": "yes",
    "put": "yes",
    "patch": "yes",
    "delete": "yes",
    "remove": "yes",
    "post_idempotent": "yes",
    "post_keyed": "find",
    "post_unkeyed": "once",
    "patch_adding": "once",
}


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    return Account(emulator, client)


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How requests may be repeated, in the order in which the client made them."""
    used: list[str] = []

    def watch(verb: str) -> None:
        original = getattr(api.Api, verb)

        def watched(self: Any, *arguments: Any, **keywords: Any) -> Any:
            used.append(REPEATS.get(verb) or ("find" if keywords.get("done") else "yes"))
            return original(self, *arguments, **keywords)

        monkeypatch.setattr(api.Api, verb, watched)

    for verb in (*REPEATS, "post_accepted"):
        watch(verb)
    return used


@pytest.mark.parametrize("operation_id", DECLARED)
def test_operation(operation_id: str, emulator: Emulator, account: Account, verbs: list[str]) -> None:
    entry = OPERATIONS[operation_id]
    scenario = SCENARIOS[operation_id](account)
    arguments = next(scenario)
    before = asked(emulator)
    verbs.clear()
    answer = find_call(entry.call).run(account.client, arguments)
    outcome = list(answer) if isinstance(answer, Listing) else answer
    assert asked(emulator) - before == {DECLARED[operation_id].key: 1}
    assert verbs == [entry.repeats]
    with pytest.raises(StopIteration):
        scenario.send(outcome)


def asked(emulator: Emulator) -> Counter[str]:
    """Count the requests so far by operation."""
    counts = emulator.stats()["requests_by_operation"]
    return Counter({specification.unnamed(name): count for name, count in counts.items()})


def test_all_are_there() -> None:
    """Counts 123 of 123 operations and 67 of 67 core ones, and names those that lack something."""
    routes = {specification.unnamed(route.name) for route in ROUTES}
    kinds = {
        "a line in tests/contract/operations.py": OPERATIONS.keys(),
        "a method of the client": {name for name, entry in OPERATIONS.items() if entry.call in calls()},
        "a route of the emulator": {operation.id for operation in DECLARED.values() if operation.key in routes},
        "a scenario": SCENARIOS.keys(),
        "a line in docs/operations.md": set(documented(DOCUMENT.read_text(encoding="utf-8"))),
    }
    lacking = [f"{name} lacks {kind}" for kind, names in kinds.items() for name in DECLARED.keys() - set(names)]
    assert not lacking, "\n".join(sorted(lacking))
    core = [operation for operation in DECLARED.values() if operation.core]
    assert (len(DECLARED), len(core)) == (123, 67)


def test_there_are_no_others() -> None:
    declared = set(specification.operations())
    assert [route.name for route in ROUTES if specification.unnamed(route.name) not in declared] == []
    assert [name for name in OPERATIONS if name not in DECLARED] == []
    methods = {entry.call for entry in OPERATIONS.values()}
    assert len(methods) == len(OPERATIONS), "two operations share a method"
    # these are made of other operations, or are another form of one
    assert calls().keys() - methods == {
        "data_sources.get_or_create",
        "invoices.retrieve_by_external_id",
        "json_imports.create_encoded",
    }
