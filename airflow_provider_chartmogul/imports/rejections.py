"""What is wrong with records, as it is told to people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN: Final = 5
"""How many problems an error's text holds, one of each sort."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing that is wrong with one record.

    :param kind: kind of the bad record, also of one within another.
    :param position: of the input record, counted from 1 among those of its kind.
    :param external_id: external id of the bad record, or None where it has none.
    :param customer: external id of the customer it belongs to, or None.
    :param field: the field at fault; empty where it is none.
    :param message: what is wrong, without quoting the value.
    :param place: where the input record stands in its source, or empty.
    :param input_kind: kind of the input record.
    :param retryable: whether the same record may do another time.
    """

    kind: str
    position: int
    external_id: str | None
    customer: str | None
    field: str
    message: str
    place: str = ""
    input_kind: str = ""
    retryable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the rejection as plain JSON."""
        row = asdict(self)
        del row["input_kind"]
        return row

    def __str__(self) -> str:
        # records that are given inline have no place but their position
        where = f" ({self.place})" if self.place not in ("", f"record {self.position}") else ""
        named = f" {self.external_id!r}" if self.external_id else ""
        fault = f" {self.field}" if self.field else ""
        return f"{self.input_kind or self.kind} record {self.position}{where}{named}:{fault} {self.message}"


def summarised(problems: Iterable[Rejection], total: int) -> str:
    """Return a sentence with the first problem of each sort, and how many there are besides.

    :param total: how many problems there are.
    """
    first_of_each: dict[tuple[str, str, str], Rejection] = {}
    for problem in problems:
        first_of_each.setdefault((problem.kind, problem.field, problem.message), problem)
        if len(first_of_each) == _SHOWN:
            break
    more = total - len(first_of_each)
    return f"{'; '.join(map(str, first_of_each.values()))}{f'; and {more} more problems' if more > 0 else ''}"
