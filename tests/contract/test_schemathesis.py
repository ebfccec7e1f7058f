"""Requests made up from ``openapi.yaml``, good and bad ones: the emulator never fails, and answers as described.

Made-up ids would only ever meet 404. What a request names is therefore filled in from a small account, and dates and
the like with what the account can have, wherever a request is good; then nothing but its bad part can be the reason for
a refusal. So a good request must be accepted, and a bad path or body refused, or else the operation stands in a table
with the reason. Bad queries and headers are not judged: parameters that nobody knows are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

from tests.contract import specification
from tests.contract.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.contract.answers import Checks

    Values = dict[str, Any]

OPERATIONS = list(specification.operations().values())
SCHEMA = schemathesis.openapi.from_dict(specification.document())

#: Of good and of bad requests for each operation; the same ones in each run.
SETTINGS = settings(
    max_examples=6,
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
    "cursor": "",
    "include": "churn_recognition",
    "filters": "currency~ANY~'USD'",
    "country": "DE",
    "transaction_fees_currency": "USD",
    "cancellation_dates": ["2026-02-20"],
    "customer_external_id": "acct-1",
    "plan_external_id": "team",
    "subscription_external_id": "sub-1",
    "email": "ida@firm.example",
    "currency": "EUR",
    **dict.fromkeys(("assignee", "owner", "author_email"), "ada@us.example"),
    **dict.fromkeys(("date", "due_date", "start-date", "event_date", "cancelled_at"), "2026-02-01"),
    **dict.fromkeys(("last_seen", "updated_at", "due_date_on_or_after", "due_date_on_or_before"), "2026-02-10"),
    **dict.fromkeys(("estimated_close_date_on_or_after", "estimated_close_date_on_or_before"), "2026-02-10"),
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

_OVERDRAWN = "the transactions of an invoice may not add up to more than its amount"
_VALID = "a valid invoice is not found among the invalid ones"
_SPAN = "an end date needs a start date, and a made-up activity to start after is none"

#: Operations whose good requests may be refused, by something that no schema says.
MAY_BE_REFUSED = {
    "import_csv_into_data_source": "the columns of a kind must be there",
    "import_invoices": _OVERDRAWN,
    "create_transaction": _OVERDRAWN,
    "update_transaction": _OVERDRAWN,
    "update_transaction_by_external_id": _OVERDRAWN,
    "retrieve_invoice": _VALID,
    "retrieve_line_item": _VALID,
    "retrieve_line_item_by_external_id": _VALID,
    "update_subscription_event": "another type may require what the event does not have",
    "delete_subscription_event": "the query, or else the body, names the event in full, and both may be left out",
    "list_activities": _SPAN,
    "create_activities_export": _SPAN,
}

#: Operations that may take a request whose path or body is bad.
MAY_BE_ACCEPTED = {
    "create_json_import": "the records are checked later",
    "delete_subscription_event": "the body is not read if the query names the event",
    **dict.fromkeys(
        (
            "create_customer",
            "update_customer",
            "create_plan",
            "update_plan",
            "import_invoices",
            "create_line_item",
            "update_line_item",
            "update_line_item_by_external_id",
            "create_transaction",
            "update_transaction",
            "update_transaction_by_external_id",
            "create_subscription_event",
            "update_subscription_event",
        ),
        "a number is taken as text, by its digits",
    ),
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
    # as text they may be anything, but are digits
    "create_subscription_event": lambda a: {"amount_in_cents": "1200", "quantity": "", "tax_amount_in_cents": 0},
    "update_subscription_event": lambda a: {"amount_in_cents": "1200", "quantity": "", "tax_amount_in_cents": 0},
    "create_plan_group": lambda a: {"plans": [a.plan]},
    "update_plan_group": lambda a: {"plans": [a.plan]},
    # made-up keys, types and values of attributes seldom fit each other
    "create_customer": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_customer": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_customers_by_email": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_subscription": lambda a: ATTRIBUTE,
    "add_custom_attributes_to_subscription_set": lambda a: ATTRIBUTE,
    "update_customer": lambda a: {"custom": {"seats": 20}},
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


def automatic(emulator: Emulator, client: ChartMogulClient) -> Account:
    """Return an account in an automatic source: there the API can do most."""
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
        "id": account.event["id"],
        "subscription_event[id]": account.event["id"],
        "subscription_event[external_id]": "evt-1",
        "subscription_event[data_source_uuid]": account.source,
    }
    if not operation.id.startswith(("create_", "import_")):
        known = (value for word, value in EXTERNAL_IDS.items() if word in operation.id)
        fields["external_id"] = next(known, "acct-1")
    return {name: special.get(name, value) for name, value in path.items()}, {**fields, **special}


def filled(value: Any, known: Values) -> Any:
    """Put known values in the place of made-up ones; what is left out stays left out.

    No text is blank and no number beyond 64 bits: the schemas do not say where they may not be.
    """
    if isinstance(value, dict):
        return {name: known[name] if name in known else filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if isinstance(value, str) and not value.strip():
        return "made-up"
    return 1 if isinstance(value, (int, float)) and abs(value) >= 2**63 else value


def fill(case: Any, path: Values, fields: Values) -> set[ParameterLocation]:
    """Fill a request in where it is good, and return where it is not."""
    modes = {location: component.mode for location, component in case.meta.components.items()}
    for location, mode in modes.items():
        if mode is GenerationMode.POSITIVE:
            known = path if location is ParameterLocation.PATH else fields
            setattr(case, location.container_name, filled(getattr(case, location.container_name), known))
    return {location for location, mode in modes.items() if mode is GenerationMode.NEGATIVE}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_made_up_requests(
    operation: specification.Operation, emulator: Emulator, client: ChartMogulClient, answers: Checks
) -> None:
    """Each request meets an account of its own, so that none depends on what another one did."""
    succeeded = []

    def ask(case: Any) -> tuple[bool, set[ParameterLocation], str]:
        emulator.reset()
        wrong = fill(case, *values_of(operation, automatic(emulator, client)))
        response = case.call(base_url=emulator.base_url, session=session, timeout=30)
        told = f"{response.status_code}: {response.text}\n{case.as_curl_command()}"
        assert response.status_code < 500, told
        broken = answers.take()
        assert not broken, f"{broken}\n{told}"
        return response.status_code < 300, wrong, told

    def cases(mode: GenerationMode) -> Any:
        return SCHEMA[operation.path][operation.method].as_strategy(generation_mode=mode)

    @SETTINGS
    @given(case=cases(GenerationMode.POSITIVE))
    def good(case: Any) -> None:
        accepted, _, told = ask(case)
        succeeded.append(accepted)
        assert accepted or operation.id in MAY_BE_REFUSED, told

    @SETTINGS
    @given(case=cases(GenerationMode.NEGATIVE))
    def bad(case: Any) -> None:
        accepted, wrong, told = ask(case)
        if wrong & {ParameterLocation.PATH, ParameterLocation.BODY}:
            assert not accepted or operation.id in MAY_BE_ACCEPTED, told

    with requests.Session() as session:
        session.auth = (emulator.api_key, "")
        good()
        bad()
    assert any(succeeded), "all good requests are refused"
