"""Streams of what the API lists as a whole: in one walk, or one for each data source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.streams.model import Page, Reading, Record, Stream
from airflow_provider_chartmogul.streams.records import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.pagination import Listing
    from airflow_provider_chartmogul.streams.model import Options
    from airflow_provider_chartmogul.streams.records import Member

ALL = "all"

ToRecord = Callable[[Mapping[str, Any]], Record]
"""Makes of one record of the API what a stream has of it."""

WHOLE = "The API cannot tell what has changed: it is always read as a whole."


def list_stream(
    name: str,
    about: str,
    resource: str,
    *members: Member,
    key: str = "uuid",
    by_source: bool = False,
    remarks: str = "",
) -> Stream:
    """Return the stream of a list.

    :param resource: attribute of the client, and path of the list.
    :param members: the tables, the main one first.
    :param key: the field that identifies a record.
    :param by_source: the list can be narrowed to a data source; those of several are read side by side.
    :param remarks: what else is to be said of it.
    """
    reading = _by_source if by_source else _in_one
    return Stream(
        name,
        about,
        f"GET /{resource}",
        tuple(member.table for member in members),
        partial(reading, resource, record_of(name, key, members)),
        split="data sources" if by_source else "",
        remarks=f"{WHOLE} {remarks}".rstrip(),
        options=frozenset({"data_source_uuid"} if by_source else ()),
    )


def _in_one(resource: str, record: ToRecord, client: ChartMogulClient, options: Options) -> Reading:
    listings = getattr(client, resource).list
    return Reading(lambda part, cursor: walked(listings(cursor=cursor), record))


def _by_source(resource: str, record: ToRecord, client: ChartMogulClient, options: Options) -> Reading:
    """Begin a reading that has a part for each data source.

    What belongs to several of them, such as a merged customer, may be listed under each: it has one key.
    """
    listings = getattr(client, resource).list

    def walk(part: str, cursor: str | None) -> Iterator[Page]:
        return walked(listings(data_source_uuid=None if part == ALL else part, cursor=cursor), record)

    return Reading(walk, partial(_sources, client, options))


def _sources(client: ChartMogulClient, options: Options) -> Sequence[str]:
    """Return the data source that is asked for, or those of the account if there are several, or ``all``."""
    if options.data_source_uuid:
        return (options.data_source_uuid,)
    sources = [source["uuid"] for source in client.data_sources.list()]
    return sources if len(sources) > 1 else (ALL,)


def walked(listing: Listing, record: ToRecord) -> Iterator[Page]:
    """Yield the pages of a list."""
    for page in listing.pages():
        yield Page(
            [record(one) for one in page.records],
            page.cursor if page.has_more else None,
            total=page.raw.get("total_pages"),
        )
