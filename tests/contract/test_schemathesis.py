"""Requests made up from ``openapi.yaml``, good and bad ones: the emulator never fails, and answers as described.

Made-up ids would only ever meet 404. What a request names is therefore filled in from a small account, and dates and
the like with what the account can have, so that the work itself is reached: some two fifths of the answers are 2xx,
most others come of the bad requests, and each operation has to succeed at least once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.contract import specification
from tests.contract.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator

    Values = dict[str, Any]

OPERATIONS = list(specification.operations().values())
SCHEMA = schemathesis.openapi.from_dict(specification.document())

#: Of good and of bad requests for each operation; the same ones in each run.
SETTINGS = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

#: Parameters of paths by their names.
PATHS: dict[str, Callable[[Account], Any]] = {
    "data_source_uuid": lambda a: a.source,
    "customer_uuid": lambda a: a.paying,
    "contact_uuid": lambda a: a.contact["uuid"],
    "into_contact_uuid": lambda a: a.contact["uuid"],
    "from_contact_uuid": lambda a: a.new_contact(email="mia@firm.example")["uuid"],
    "note_uuid": lambda a: a.note["uuid"],
    "task_uuid": lambda a: a.task["task_uuid"],
    "opportunity_uuid": lambda a: a.opportunity["uuid"],
    "plan_uuid": lambda a: a.plan,
    "plan_group_uuid": lambda a: a.plan_group["uuid"],
    "subscription_uuid": lambda a: a.subscription()["uuid"],
    "subscription_set_uuid": lambda a: a.subscription_set,
    "invoice_uuid": lambda a: a.invoice["uuid"],
    "invoice_external_id": lambda a: "inv-1",
    "line_item_uuid": lambda a: a.item,
    "transaction_uuid": lambda a: a.transaction,
    "subscription_event_id": lambda a: a.event["id"],
    "import_id": lambda a: a.json_import["id"],
    "export_id": lambda a: a.client.activities_exports.create()["id"],
}

#: Fields of queries and bodies, wherever they stand.
FIELDS: Values = {
    "customer_external_id": "acct-1",
    "plan_external_id": "team",
    "subscription_external_id": "sub-1",
    "email": "ida@firm.example",
    "currency": "EUR",
    **dict.fromkeys(("assignee", "owner", "author_email"), "ada@us.example"),
    **dict.fromkeys(("date", "due_date", "start-date", "event_date", "cancelled_at"), "2026-02-01"),
    **dict.fromkeys(("end-date", "effective_date", "estimated_close_date"), "2026-02-28"),
    **dict.fromkeys(("service_period_start", "lead_created_at", "free_trial_started_at"), "2026-01-10"),
    **dict.fromkeys(("service_period_end", "completed_at", "created_at"), "2026-03-10"),
}

#: What ``external_id`` names: of the first word that is in the id of the operation. New records keep a made-up one.
EXTERNAL_IDS = {
    "line_item": "li-1",
    "transaction": "tr-1",
    "invoice": "inv-1",
    "subscription_event": "evt-1",
    "plan": "team",
    "customer": "acct-1",
}

ATTRIBUTE = {"type": "String", "key": "region", "value": "north"}

#: What single operations need beyond that.
SPECIAL: dict[str, Callable[[Account], Values]] = {
    "merge_customers": lambda a: {"from": {"customer_uuid": a.paying}, "into": {"customer_uuid": a.lead}},
    "unmerge_customers": lambda a: {"customer_uuid": a.merged()},
    # of automatic sources they cannot be deleted, nor can plans that are in use
    "delete_customer": lambda a: {"customer_uuid": custom(a).lead},
    "delete_plan": lambda a: {"plan_uuid": custom(a).new_plan("max")["uuid"]},
    "cancel_subscription": lambda a: {"subscription_uuid": imported(a)},
    "connect_subscriptions": lambda a: {"subscriptions": two_subscriptions(a)},
    "disconnect_subscriptions": lambda a: {"subscriptions": two_subscriptions(a)},
    # made-up keys, types and values of attributes seldom fit each other
    "create_customer": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_customer": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_customers_by_email": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_subscription": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_subscription_set": lambda a: ATTRIBUTE,
    "update_custom_attributes_of_customer": lambda a: {"custom": {"seats": 20}},
    "update_custom_attributes_of_subscription": lambda a: {"custom": {"seats": 20}},
    "update_custom_attributes_of_subscription_set": lambda a: {"custom": {"seats": 20}},
}


def custom(account: Account) -> Account:
    return Account(account.emulator, account.client, account.client.data_sources.create(name="Own")["uuid"])


def imported(account: Account) -> str:
    return next(str(row["uuid"]) for row in account.client.subscriptions.list_imported(account.paying))


def two_subscriptions(account: Account) -> list[dict[str, str]]:
    account.bill(account.paying, "inv-2")
    return [account.named("sub-1"), account.named("sub-2")]


@pytest.fixture
def account(emulator: Emulator, client: ChartMogulClient) -> Account:
    """In an automatic source: there the API can do most."""
    account = Account(emulator, client, emulator.add_source("Ledger"))
    client.custom_attributes.add(account.paying, [{"type": "Integer", "key": "seats", "value": 12}])
    return account


def values_of(operation: specification.Operation, account: Account) -> tuple[Values, Values]:
    """Return what there is of all that an operation may name: in its path; in its query and body."""
    special = SPECIAL.get(operation.id, lambda a: {})(account)
    path = {name: value(account) for name, value in PATHS.items() if f"{{{name}}}" in operation.path}
    fields = {
        **FIELDS,
        "data_source_uuid": account.source,
        "customer_uuid": account.paying,
        "plan_uuid": account.plan,
        "plans": [account.plan],
        "id": account.event["id"],
    }
    if not operation.id.startswith(("create_", "import_")):
        known = (value for word, value in EXTERNAL_IDS.items() if word in operation.id)
        fields["external_id"] = next(known, "acct-1")
    return {name: special.get(name, value) for name, value in path.items()}, {**fields, **special}


def filled(value: Any, known: Values) -> Any:
    """Put known values in the place of made-up ones; what is left out stays left out."""
    if isinstance(value, dict):
        return {name: known[name] if name in known else filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    return value


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_made_up_requests(operation: specification.Operation, emulator: Emulator, account: Account) -> None:
    path, fields = values_of(operation, account)
    statuses: list[int] = []
    session = requests.Session()
    session.auth = (emulator.api_key, "")

    def ask(case: Any) -> None:
        response = case.call(base_url=emulator.base_url, session=session, timeout=30)
        statuses.append(response.status_code)
        content_type = response.headers.get("content-type", [""])[0]
        problem = specification.problem(operation, response.status_code, content_type, response.content)
        assert problem is None, f"{problem}\n{case.as_curl_command()}"
        assert response.status_code < 500, case.as_curl_command()

    def cases(mode: GenerationMode) -> Any:
        return SCHEMA[operation.path][operation.method].as_strategy(generation_mode=mode)

    @SETTINGS
    @given(case=cases(GenerationMode.POSITIVE))
    def good(case: Any) -> None:
        case.path_parameters = filled(case.path_parameters, path)
        case.query = filled(case.query, fields)
        case.body = filled(case.body, fields)
        ask(case)

    @SETTINGS
    @given(case=cases(GenerationMode.NEGATIVE), is_there=st.booleans())
    def bad(case: Any, is_there: bool) -> None:
        if is_there:
            case.path_parameters = filled(case.path_parameters, path)
        ask(case)

    with session:
        good()
        bad()
    assert any(200 <= status < 300 for status in statuses), f"only reaches {sorted(set(statuses))}"
