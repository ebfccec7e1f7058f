"""The cursor walk: lists as iterables of records or pages, resumable from a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.values import Record, with_fields
from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulPaginationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    :param records: the records, as the API sent them.
    :param cursor: where the next page starts; given on the last page as well.
    :param has_more: whether there is a next page.
    :param raw: the whole answer.
    """

    records: list[Record]
    cursor: str | None
    has_more: bool
    raw: Record


@dataclass(frozen=True, slots=True)
class PageShape:
    """Where a list keeps its records, and whether it has pages at all.

    :param records_key: ``entries``, ``data_sources``, ``invoices``, …
    :param paged: false for lists that the API sends in one answer.
    :param must_have: fields that every record has.
    """

    records_key: str = "entries"
    paged: bool = True
    must_have: tuple[str, ...] = ()

    def read(self, answer: Record, request: str) -> Page:
        """Take an answer apart.

        :param request: ``METHOD /path``.
        :raises ChartMogulInvalidResponseError: when it lacks what every page of this list has.
        """
        records = answer.get(self.records_key)
        has_more = answer.get("has_more") if self.paged else False
        if not isinstance(records, list):
            raise ChartMogulInvalidResponseError(f"{request}: the page has no list {self.records_key!r}")
        if not isinstance(has_more, bool):
            raise ChartMogulInvalidResponseError(f"{request}: the page does not say whether there are more")
        for record in records:
            with_fields(record, self.must_have, request)
        return Page(records, answer.get("cursor"), has_more, answer)


class Listing:
    """The records of a list, fetched page by page while they are read.

    Memory is one page. Each iteration starts anew from the first page, or from the cursor given to the list method.
    A page that fails is asked for again in place; a page is handed out whole or not at all.

    :param get: reads a path with parameters.
    :param path: path of the list.
    :param params: filters, sent with every page.
    :param shape: how the answers look.
    :param per_page: records per page, 1 to 200.
    :param cursor: where to start; from :attr:`Page.cursor` of an earlier walk with the same filters.
    :raises ValueError: for any other ``per_page``: above 200 the API would silently take 200.
    """

    def __init__(
        self,
        get: Callable[[str, Mapping[str, Any]], Record],
        path: str,
        params: Mapping[str, Any],
        *,
        shape: PageShape,
        per_page: int = MAX_PER_PAGE,
        cursor: str | None = None,
    ) -> None:
        if type(per_page) is not int or not 1 <= per_page <= MAX_PER_PAGE:
            raise ValueError(f"per_page must be an integer from 1 to {MAX_PER_PAGE}, not {per_page!r}")
        self._get = get
        self._path = path
        self._params = {**params, "per_page": per_page} if shape.paged else dict(params)
        self._shape = shape
        self._cursor = cursor

    def __iter__(self) -> Iterator[Record]:
        for page in self.pages():
            yield from page.records

    def first(self) -> Record | None:
        """Return the first record, or ``None`` if there is none."""
        return next(iter(self), None)

    def pages(self) -> Iterator[Page]:
        """Yield the pages, each with the cursor from which a later walk can go on.

        :raises ChartMogulPaginationError: when the API leads in a circle or says "more" without saying where.
        """
        cursor, followed = self._cursor, {self._cursor}
        while True:
            answer = self._get(self._path, {**self._params, "cursor": cursor})
            page = self._shape.read(answer, f"GET {self._path}")
            if page.has_more:
                cursor = self._next(page, followed)
                followed.add(cursor)
            yield page
            if not page.has_more:
                return

    def _next(self, page: Page, followed: set[str | None]) -> str:
        if not page.cursor:
            raise ChartMogulPaginationError(f"GET {self._path}: more pages are announced, but no cursor is given")
        if page.cursor in followed:
            raise ChartMogulPaginationError(f"GET {self._path}: a cursor came back that was already followed")
        return page.cursor
