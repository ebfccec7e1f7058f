"""MRR activities: of the account, and of one customer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, errors, paging
from airflow_provider_chartmogul.emulator.analytics.activities import customer_activity_row
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer
from airflow_provider_chartmogul.emulator.routes.customers import customer_in_path
from airflow_provider_chartmogul.emulator.store import feed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_chartmogul.emulator.analytics.model import Movement


def list_activities(call: Call) -> Answer:
    """``GET /activities``: oldest first; ``order=-date`` turns that around."""
    found = feed.movements(call.ledger, call.query)
    order = call.query.get("order", "date")
    if order not in ("date", "-date"):
        raise errors.invalid("order")
    if order == "-date":
        found.reverse()
    anchor = call.query.get("start-after")
    if anchor is not None and "cursor" not in call.query:
        position = next((at for at, one in enumerate(found, 1) if one.uuid == anchor), None)
        if position is None:
            raise errors.invalid("start-after")
        found = found[position:]
    return _page(call, found, feed.activity_json, {}, newest_first=order == "-date")


def list_customer_activities(call: Call) -> Answer:
    """``GET /customers/{uuid}/activities``: newest first."""
    customer = customer_in_path(call)
    projection = call.ledger.projection
    known = projection.has_figures(customer)
    found = projection.analytics.customer_activities(customer.uuid, call.ledger.now()) if known else []
    return _page(call, found[::-1], customer_activity_row, {"page": 1}, newest_first=True)


def _page(
    call: Call,
    found: Sequence[Movement],
    as_json: Callable[[Movement, str], dict[str, Any]],
    on_first_page: dict[str, Any],
    newest_first: bool,
) -> Answer:
    request = paging.read(call.query)
    following = found[_start(found, request, newest_first) :]
    movements, has_more = paging.cut(following, request.per_page)
    currency = call.ledger.settings.account.currency
    body: dict[str, Any] = {"entries": [as_json(movement, currency) for movement in movements], "has_more": has_more}
    if request.is_first:
        body |= {"per_page": request.per_page, **on_first_page}
    cursor = paging.encode(movements[-1].at, movements[-1].id) if movements else None
    return answer({**body, "cursor": cursor})


def _start(found: Sequence[Movement], request: paging.PageRequest, newest_first: bool) -> int:
    """Find where the next page begins: behind the activity in the cursor, or behind its moment if it vanished."""
    if request.after is None:
        return 0
    if not request.after[0]:
        raise paging.invalid_cursor()
    moment, identifier = dates.parse_nanos(request.after[0]), request.after_id
    # Newest first, the moments rise when read negatively.
    sign = -1 if newest_first else 1
    key = sign * moment.timestamp()
    first = bisect_left(found, key, key=lambda movement: sign * movement.at.timestamp())
    behind = bisect_right(found, key, key=lambda movement: sign * movement.at.timestamp())
    tied = (at for at in range(first, behind) if found[at].id == identifier)
    return next(tied, behind - 1) + 1


OPERATIONS = (
    Operation("GET", "/activities", list_activities),
    Operation("GET", "/customers/{customer_uuid}/activities", list_customer_activities),
)
