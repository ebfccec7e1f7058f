"""MRR movements of all customers in an interval of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_chartmogul.streams.columns import INTEGER, STRING, TIMESTAMP, columns
from airflow_provider_chartmogul.streams.model import LoadMode, Reading, Scope, Stream, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.streams.model import Options, Page
    from airflow_provider_chartmogul.streams.windows import Window

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
    key="uuid",
    required=("date",),
)


def _open(client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading of the movements whose instant lies in the window.

    ChartMogul recomputes movements when billing data changes: an old one can vanish and come back under another
    uuid. That is why what was read takes the place of the whole window.
    """
    window = options.required_window()
    return Reading(_pages(client, window), Scope("date", window.start, window.end))


def _pages(client: ChartMogulClient, window: Window) -> Iterator[Page]:
    # Instants and not dates, since a date would be a day in the zone of the account. The API includes its end.
    listing = client.activities.list(start_date=window.start, end_date=window.end, order="date")
    for page in listing.pages():
        rows = (ACTIVITY.row("activities", activity) for activity in page.records)
        yield [{"": [row]} for row in rows if window.start <= row["date"] < window.end]


ACTIVITIES = Stream("activities", (ACTIVITY,), _open, default_mode=LoadMode.REPLACE_INTERVAL)
