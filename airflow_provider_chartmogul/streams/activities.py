"""MRR movements of all customers in an interval of time."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.columns import INTEGER, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Record, Scope, Stream, Table
from airflow_provider_chartmogul.streams.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options, Row

ACTIVITY = Table(
    columns=(
        *columns(STRING, "uuid"),
        *columns(TIMESTAMP, "date"),
        *columns(STRING, "type", "description"),
        *columns(INTEGER, "activity-mrr-movement", "activity-mrr", "activity-arr"),
        *columns(STRING, "currency", "customer-uuid", "customer-external-id", "customer-name"),
        *columns(STRING, "subscription-external-id", "subscription-set-external-id", "plan-external-id"),
        *columns(STRING, "billing-connector-uuid"),
    ),
    key=("uuid",),
    required=("date",),
)

# The end of an ordinary part costs a page that is not full: not worth it for windows of a few pages.
PAGES_PER_PART = 6
MOST_PARTS = 32
_WHOLE = "whole"

RESTATED = (
    "ChartMogul recomputes movements when billing data changes: an old one can vanish and come back under another "
    "uuid. What was read takes the place of the whole interval; give `lookback_days`."
)


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of the movements whose instant lies in the window.

    ChartMogul recomputes movements when billing data changes: an old one can vanish and come back under another
    uuid. That is why what was read takes the place of the whole window.
    """
    window = options.required_window()
    return Reading(partial(_walk, client, window), lambda: (_WHOLE,), scope=Scope("date", window.start, window.end))


def _walk(client: ChartMogulClient, window: Window, part: str, cursor: str | None) -> Iterator[Page]:
    """Read a window, the whole one or a piece of it.

    The first page of the whole one tells how dense the movements are. If many are to come, it is the only one, and the
    rest of the window becomes pieces that are read side by side.
    """
    piece = window if part == _WHOLE else Window.parse(part)
    # Instants and not dates, since a date would be a day in the zone of the account. The API includes its end.
    listing = client.activities.list(start_date=piece.start, end_date=piece.end, order="date", cursor=cursor)
    first = part == _WHOLE and cursor is None
    for page in listing.pages():
        rows = [ACTIVITY.row("activities", activity) for activity in page.records]
        pieces = _rest(window, rows) if first and rows and page.has_more else []
        if pieces:
            # those of the last instant may go on behind the page: they belong to the first of the pieces
            rows = [row for row in rows if row["date"] < pieces[0].start]
        records = [Record(row["uuid"], {"": [row]}) for row in rows if piece.start <= row["date"] < piece.end]
        if pieces:
            yield Page(records, parts=[str(one) for one in pieces])
            return
        yield Page(records, page.cursor if page.has_more else None)
        first = False


def _rest(window: Window, rows: list[Row]) -> list[Window]:
    """Divide what is behind a first page, as if movements went on as densely; nothing if few are to come."""
    begin, last = max(rows[0]["date"], window.start), rows[-1]["date"]
    if not window.start <= begin < last < window.end:
        return []
    expected_pages = (window.end - last) / (last - begin)
    count = min(int(expected_pages / PAGES_PER_PART), MOST_PARTS)
    return _divided(Window(last, window.end), count) if count > 1 else []


def _divided(window: Window, count: int) -> list[Window]:
    width = (window.end - window.start) / count
    # whole seconds: the API need not know more than milliseconds
    seconds = {(window.start + width * i).replace(microsecond=0) for i in range(1, count)}
    bounds = [window.start, *sorted(one for one in seconds if one > window.start), window.end]
    return [Window(start, end) for start, end in pairwise(bounds)]


ACTIVITIES = Stream(
    "activities",
    "an MRR movement of a customer",
    "GET /activities",
    (ACTIVITY,),
    _open,
    split="windows of time",
    time_column="date",
    default_mode=LoadMode.REPLACE_INTERVAL,
    remarks=RESTATED,
)
