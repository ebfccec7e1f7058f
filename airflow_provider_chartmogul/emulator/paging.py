"""Cursor paging (``/docs/pagination``): page size, cursor text, and one page of an ordered collection."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_provider_chartmogul.emulator import dates, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

T = TypeVar("T")

MAX_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the query asks for.

    :param per_page: 1 to 200; more is silently 200.
    :param after: decoded cursor ``(time, id)``, or None for the first page.
    """

    per_page: int
    after: tuple[str, str] | None

    @property
    def is_first(self) -> bool:
        """No cursor was sent; only then do answers carry the retired page numbers."""
        return self.after is None

    @property
    def after_id(self) -> int | None:
        """The numeric id in the cursor."""
        return None if self.after is None else int(self.after[1])


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page; ``cursor`` stays on the last page and is None only when the page is empty."""

    records: list[T]
    cursor: str | None
    has_more: bool


def read(query: Mapping[str, str], is_id: Callable[[str], bool] = str.isdigit) -> PageRequest:
    """Read ``per_page`` and ``cursor``.

    :param is_id: recognises the ids in the cursors of this list.
    :raises ApiError: 400 for a page size below 1 or not a number, and for a cursor that is not one of ours.
    """
    text = query.get("per_page", str(MAX_PER_PAGE))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise errors.coded(400, "per_page must be a positive number", "per_page")
    cursor = query.get("cursor")
    return PageRequest(min(int(text), MAX_PER_PAGE), decode(cursor, is_id) if cursor else None)


def encode(time: datetime | None, identifier: int | str) -> str:
    """Build a cursor: base64 of ``<sort time>&<id>``; the time is empty for a customer without one."""
    text = f"{dates.nanos(time) if time else ''}&{identifier}"
    return base64.b64encode(text.encode()).decode()


def decode(cursor: str, is_id: Callable[[str], bool] = str.isdigit) -> tuple[str, str]:
    """Split a cursor into its time and id.

    :raises ApiError: 400 when it was not made by :func:`encode`.
    """
    try:
        time, _, identifier = base64.b64decode(cursor, validate=True).decode("ascii").rpartition("&")
        if time:
            dates.parse_nanos(time)
    except (binascii.Error, ValueError):
        identifier = ""
    if not is_id(identifier):
        raise invalid_cursor()
    return time, identifier


def invalid_cursor() -> errors.ApiError:
    """Return the answer to a cursor that no list of this kind gave out."""
    return errors.coded(400, "Invalid cursor", "cursor")


def cut(matching: Iterable[T], per_page: int) -> tuple[list[T], bool]:
    """Take one page off an ordered iterable and tell whether anything follows."""
    page: list[T] = []
    for record in matching:
        if len(page) == per_page:
            return page, True
        page.append(record)
    return page, False


def page_numbers(total: int | None, per_page: int) -> dict[str, int | None]:
    """The retired numbers of a first page: ``total_pages`` is 0 when nothing matches, None where nobody counts."""
    return {"current_page": 1, "total_pages": None if total is None else -(-total // per_page)}
