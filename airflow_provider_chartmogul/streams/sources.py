"""Lists that can be read by data source: one part for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.model import Page, Reading, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.pagination import Listing
    from airflow_provider_chartmogul.streams.model import Options

ALL = "all"

Listings = Callable[..., "Listing"]
"""A list method of the client that takes ``data_source_uuid`` and ``cursor``."""


def by_source(
    client: ChartMogulClient, options: Options, listings: Listings, record: Callable[[Mapping[str, Any]], Record]
) -> Reading:
    """Return the reading of a list, data source by data source.

    :param listings: the list method.
    :param record: what becomes of one record of the API.
    """
    return Reading(partial(walk, listings, record), partial(parts, client, options))


def parts(client: ChartMogulClient, options: Options) -> Sequence[str]:
    """Return the data source that is asked for, or those of the account if there are several, or ``all``."""
    if options.data_source_uuid:
        return (options.data_source_uuid,)
    sources = [source["uuid"] for source in client.data_sources.list()]
    return sources if len(sources) > 1 else (ALL,)


def walk(
    listings: Listings, record: Callable[[Mapping[str, Any]], Record], part: str, cursor: str | None
) -> Iterator[Page]:
    """Yield the pages of one data source, or of all."""
    for page in listings(data_source_uuid=None if part == ALL else part, cursor=cursor).pages():
        yield Page(
            [record(one) for one in page.records],
            page.cursor if page.has_more else None,
            total=page.raw.get("total_pages"),
        )
