"""Plan groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors, paging
from airflow_provider_chartmogul.emulator.http import NO_CONTENT, Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.reading import BLANK
from airflow_provider_chartmogul.emulator.routes.plans import plan_page
from airflow_provider_chartmogul.emulator.store.ledger import new_uuid
from airflow_provider_chartmogul.emulator.store.records import PlanGroup

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger


def list_plan_groups(call: Call) -> Answer:
    """``GET /plan_groups``: newest first."""
    request = paging.read(call.query)
    page = call.ledger.plan_groups.page(request)
    numbers = paging.page_numbers(len(call.ledger.plan_groups), request.per_page) if request.is_first else {}
    groups = [_json(call.ledger, group) for group in page.records]
    return answer({"plan_groups": groups, **numbers, "cursor": page.cursor, "has_more": page.has_more})


def create_plan_group(call: Call) -> Answer:
    """``POST /plan_groups``: 200, not 201."""
    ledger = call.ledger
    name, members = _read(call, required=True)
    group = PlanGroup(ledger.next_number(), new_uuid("plg_"), name or "", members or frozenset(), ledger.now())
    ledger.plan_groups.add(group)
    return answer(_json(ledger, group))


def retrieve_plan_group(call: Call) -> Answer:
    """``GET /plan_groups/{uuid}``."""
    return answer(_json(call.ledger, _group_in_path(call)))


def update_plan_group(call: Call) -> Answer:
    """``PATCH /plan_groups/{uuid}``: another name, other members."""
    group = _group_in_path(call)
    name, members = _read(call, required=False)
    group.name = group.name if name is None else name
    group.plan_uuids = group.plan_uuids if members is None else members
    return answer(_json(call.ledger, group))


def delete_plan_group(call: Call) -> Answer:
    """``DELETE /plan_groups/{uuid}``: its plans stay."""
    call.ledger.plan_groups.remove(_group_in_path(call))
    return NO_CONTENT


def list_plan_group_plans(call: Call) -> Answer:
    """``GET /plan_groups/{uuid}/plans``: newest first."""
    group = _group_in_path(call)
    return plan_page(call, lambda plan: plan.uuid in group.plan_uuids)


def _group_in_path(call: Call) -> PlanGroup:
    group = call.ledger.plan_groups.get(call.path["plan_group_uuid"])
    if group is None:
        raise errors.not_found("plan group")
    return group


def _read(call: Call, required: bool) -> tuple[str | None, frozenset[str] | None]:
    """Read name and members; None for what was not sent.

    :param required: both must be sent, and there must be members.
    :raises ApiError: 422 with all that is wrong.
    """
    body = call.json()
    name, plans = body.get("name"), body.get("plans")
    wrong: dict[str, str] = {}
    if (required and name is None) or name == "":
        wrong["name"] = "blank"
    elif name is not None and not isinstance(name, str):
        wrong["name"] = "invalid"
    if required and plans in (None, []):
        wrong["plan_ids"] = "blank"
    elif plans is not None and not _are_plans(call.ledger, plans):
        wrong["plan_ids"] = "invalid"
    if wrong:
        raise _refused(wrong)
    return name, None if plans is None else frozenset(plans)


def _are_plans(ledger: Ledger, uuids: Any) -> bool:
    return isinstance(uuids, list) and all(
        isinstance(uuid, str) and ledger.plans.get(uuid) is not None for uuid in uuids
    )


def _refused(wrong: dict[str, str]) -> errors.ApiError:
    """422 ``{field: [sentences], error_details}``, which only plan groups have.

    :param wrong: field -> ``blank`` or ``invalid``.
    """
    sentences = {name: f"{name.replace('_', ' ').capitalize()} {_WORDS[code]}" for name, code in wrong.items()}
    details = [{"param": name, "code": code, "message": sentences[name]} for name, code in wrong.items()]
    return errors.ApiError(
        422, {**{name: [sentence] for name, sentence in sentences.items()}, "error_details": details}
    )


_WORDS = {"blank": BLANK, "invalid": "is invalid"}


def _json(ledger: Ledger, group: PlanGroup) -> dict[str, Any]:
    members = sum(1 for uuid in group.plan_uuids if ledger.plans.get(uuid) is not None)
    return {"name": group.name, "uuid": group.uuid, "plans_count": members}


OPERATIONS = (
    Operation("GET", "/plan_groups", list_plan_groups, "billing"),
    Operation("POST", "/plan_groups", create_plan_group, "billing"),
    Operation("GET", "/plan_groups/{plan_group_uuid}", retrieve_plan_group, "billing"),
    Operation("PATCH", "/plan_groups/{plan_group_uuid}", update_plan_group, "billing"),
    Operation("DELETE", "/plan_groups/{plan_group_uuid}", delete_plan_group, "billing"),
    Operation("GET", "/plan_groups/{plan_group_uuid}/plans", list_plan_group_plans, "billing"),
)
