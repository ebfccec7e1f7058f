"""Plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors, paging
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.reading import Reader
from airflow_provider_chartmogul.emulator.store import drafts

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.records import Plan


def list_plans(call: Call) -> Answer:
    """``GET /plans``: newest first."""
    query, ledger = call.query, call.ledger
    system = query.get("system")

    def matches(plan: Plan) -> bool:
        source = ledger.data_sources.get(plan.data_source_uuid)
        return (
            query.get("data_source_uuid") in (None, plan.data_source_uuid)
            and query.get("external_id") in (None, plan.external_id)
            and system in (None, source.system if source else None)
        )

    return plan_page(call, matches)


def plan_page(call: Call, matches: Callable[[Plan], bool]) -> Answer:
    """Answer with one page of the plans that match."""
    plans = call.ledger.plans
    request = paging.read(call.query)
    page = plans.page(request, matches)
    numbers = paging.page_numbers(plans.count(matches), request.per_page) if request.is_first else {}
    entries = [plan_json(plan) for plan in page.records]
    return answer({"plans": entries, **numbers, "cursor": page.cursor, "has_more": page.has_more})


def create_plan(call: Call) -> Answer:
    """``POST /plans``."""
    body = call.json()
    source_uuid = str(body.get("data_source_uuid"))
    plan, wrong = drafts.plan(call.ledger, body, source_uuid)
    if call.ledger.data_sources.get(source_uuid) is None:
        wrong["data_source_uuid"] = "A valid data source UUID is required for each plan."
    if wrong:
        raise errors.fields(wrong)
    call.ledger.plans.add(plan)
    return answer(plan_json(plan), 201)


def retrieve_plan(call: Call) -> Answer:
    """``GET /plans/{uuid}``."""
    return answer(plan_json(_plan_in_path(call)))


def update_plan(call: Call) -> Answer:
    """``PATCH /plans/{uuid}``: name and interval; 202, since MRR is worked out again."""
    plan = _plan_in_path(call)
    reader = Reader(call.json())
    count, unit = drafts.check_interval(reader, required=False)
    name = reader.text("name")
    if name == "":
        reader.fail("name", "A unique name is required for each plan.")
    if reader.errors:
        raise errors.fields(reader.errors)
    plan.name = name or plan.name
    plan.interval_count = count or plan.interval_count
    plan.interval_unit = unit or plan.interval_unit
    call.ledger.plan_changed(plan)
    return answer(plan_json(plan), 202)


def delete_plan(call: Call) -> Answer:
    """``DELETE /plans/{uuid}``: refused while invoices point at it, and for automatic sources."""
    plan = _plan_in_path(call)
    if call.ledger.is_automatic(plan.data_source_uuid) or call.ledger.is_plan_used(plan):
        raise errors.sentence(422, "Plan cannot be deleted", "plan")
    call.ledger.plans.remove(plan)
    return NO_CONTENT


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return the body of a plan."""
    return {
        "uuid": plan.uuid,
        "external_id": plan.external_id,
        "data_source_uuid": plan.data_source_uuid,
        "name": plan.name,
        "interval_count": plan.interval_count,
        "interval_unit": plan.interval_unit,
    }


def _plan_in_path(call: Call) -> Plan:
    plan = call.ledger.plans.get(call.path["plan_uuid"])
    if plan is None:
        raise errors.not_found("plan")
    return plan


OPERATIONS = (
    Operation("GET", "/plans", list_plans, "billing"),
    Operation("POST", "/plans", create_plan, "billing"),
    Operation("GET", "/plans/{plan_uuid}", retrieve_plan, "billing"),
    Operation("PATCH", "/plans/{plan_uuid}", update_plan, "billing"),
    Operation("DELETE", "/plans/{plan_uuid}", delete_plan, "billing"),
)
