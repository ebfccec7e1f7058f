"""From a reading to wherever it lands: page by page beside the target, then into its place all at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from airflow_provider_chartmogul.streams.reading import Position, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow_provider_chartmogul.streams.model import LoadMode, Page, Reading, Scope, Table

AS_OF = "as_of"
"""Column of ``snapshot``: the moment that a row was read for."""
DELETED_AT = "deleted_at"
"""Column of marks: the moment of the load that first missed the row."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load does with what it reads.

    :param tables: the stream's tables, the main one first.
    :param mode: how what was read takes the place of what the target holds.
    :param scope: what the reading restates; ``None`` if the stream has no place in time.
    :param as_of: the moment that the rows are read for, in UTC: it marks rows of ``snapshot``, and those that vanished;
        ``None`` where neither is asked for.
    :param mark_vanished: ``merge`` marks rows whose record is gone (``deleted_at``) instead of leaving them alone.
    :param drop_vanished: ``merge`` deletes rows whose record is gone; for readings that leave out what is unchanged.
    """

    tables: Sequence[Table]
    mode: LoadMode
    scope: Scope | None = None
    as_of: datetime | None = None
    mark_vanished: bool = False
    drop_vanished: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which try of which load this is.

    :param load_id: names the load; the same in all tries of a task, and in no other load.
    :param durable: what is staged outlives this process, so that another try can go on from it.
    :param going_on: an earlier try was durable: what it staged is gone on from, if it is still there.
    """

    load_id: str
    durable: bool = False
    going_on: bool = False


@dataclass(frozen=True, slots=True)
class Landed:
    """What a target got.

    :param rows: rows by table or file.
    :param size: bytes of the files; ``None`` for databases.
    """

    rows: dict[str, int] = field(default_factory=dict)
    size: int | None = None

    def __add__(self, other: Landed) -> Landed:
        sizes = [one.size for one in (self, other) if one.size is not None]
        return Landed(self.rows | other.rows, sum(sizes) if sizes else None)


class Target(Protocol):
    """A place for the rows of a stream. Used once, by :func:`load`.

    Whatever fails, and whenever, what it held before the load stays as it was; in a database all of it until
    :meth:`put_in_place` returns, in files each until it is moved.
    """

    def begin(self, attempt: Attempt) -> Position | None:
        """Check that the target can take the rows, and make room beside it.

        What an earlier try of the same load staged is gone on from (``attempt.going_on``) or thrown away.

        :return: where to go on; ``None`` from the beginning.
        :raises ChartMogulConfigError: the target cannot take the rows; says what to change.
        """

    def stage(self, page: Page, position: Position) -> None:
        """Keep the records of a page, together with the position behind it, whole or not at all."""

    def put_in_place(self) -> Landed:
        """Let all that was staged take its place at once.

        A record that was read twice, because it moved from page to page during the walk, counts once.
        """

    def end(self, *, keep: bool) -> None:
        """Let go of the target. Never raises.

        :param keep: what is staged shall wait for the next try; it is removed otherwise.
        """


def load(
    reading: Reading,
    target: Target,
    attempt: Attempt,
    *,
    on_page: Callable[[Page], None] = lambda page: None,
    tried_again: Callable[[BaseException], bool] = lambda error: False,
) -> Landed:
    """Load a reading into a target.

    :param reading: what to load; not begun before the target is found fit.
    :param on_page: told of each page that was staged.
    :param tried_again: whether the task will be tried again after an error, and can go on from what is staged.
    """
    keep = False
    try:
        position = target.begin(attempt)
        for page, behind in pages(reading, position):
            target.stage(page, behind)
            on_page(page)
        return target.put_in_place()
    except BaseException as error:
        keep = attempt.durable and tried_again(error)
        raise
    finally:
        target.end(keep=keep)
