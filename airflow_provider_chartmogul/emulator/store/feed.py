"""The feed of activities: filtered, as JSON and as rows of an export."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, time
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow_provider_chartmogul.emulator import dates, errors
from airflow_provider_chartmogul.emulator.analytics.activities import activity_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.emulator.analytics.model import Movement
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger

TYPES = ("new_biz", "reactivation", "expansion", "contraction", "churn")


def movements(ledger: Ledger, filters: Mapping[str, str]) -> list[Movement]:
    """Return the activities up to now, oldest first.

    :param filters: ``start-date``, ``end-date`` (both inclusive; a bare date is the whole day in the account's
        time zone) and ``type``.
    :raises ApiError: 400 for an unknown type, an unreadable date, or an end without a start.
    """
    kind = filters.get("type")
    if kind is not None and kind not in TYPES:
        raise errors.invalid("type")
    if "end-date" in filters and "start-date" not in filters:
        raise errors.missing("start-date")
    start, end = _bound(ledger, filters, "start-date"), _bound(ledger, filters, "end-date")
    ledger.projection.settle()
    found = ledger.projection.analytics.activities(ledger.now())
    # sorted by time: a long feed is asked for page by page
    at = attrgetter("at")
    first = bisect_left(found, start, key=at) if start else 0
    found = found[first : bisect_right(found, end, key=at) if end else None]
    return found if kind is None else [movement for movement in found if movement.type == kind]


def _bound(ledger: Ledger, filters: Mapping[str, str], name: str) -> datetime | None:
    text = filters.get(name)
    if text is None:
        return None
    try:
        moment = dates.parse(text)
    except ValueError as error:
        raise errors.invalid(name) from error
    if not dates.is_bare_date(text):
        return moment
    zone = ZoneInfo(ledger.settings.account.time_zone)
    return datetime.combine(moment.date(), time.min if name == "start-date" else time.max, zone)


def activity_json(movement: Movement, currency: str) -> dict[str, Any]:
    """Return an activity of the account-wide list; as in the subscription list, a set is there in any case."""
    set_external_id = movement.subscription_set_external_id or movement.subscription_external_id
    return activity_row(movement, currency) | {"subscription-set-external-id": set_external_id}
