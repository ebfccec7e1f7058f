"""Tables on the local disk of the worker: as many rows as fit there need no memory."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

_CACHE_KIB: Final = 48 * 1024
_PAGE: Final = 5_000


class LocalTables:
    """One SQLite file in a temporary directory, gone when the block ends. For one thread."""

    tables: ClassVar[str]
    """The statements that make the tables."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="chartmogul-")
        self._database = sqlite3.connect(Path(self._folder.name, "tables.sqlite"), isolation_level=None)
        # nobody reads it after a crash
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {pragma}")
        self.define(self.tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def define(self, statements: str) -> None:
        """Make tables or indexes."""
        self._database.executescript(statements)
        # one transaction from here on: the script has ended that of before
        self._database.execute("BEGIN")

    def ask(self, question: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of an answer; what is asked about may be changed meanwhile, but not by the same rows."""
        cursor = self._database.execute(question, values)
        while rows := cursor.fetchmany(_PAGE):
            yield from rows

    def one(self, question: str, values: Sequence[Any] = ()) -> Any:
        """Return the first value of an answer, ``None`` if there is none."""
        row = self._database.execute(question, values).fetchone()
        return None if row is None else row[0]

    def change(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change something, and return how many rows were."""
        return self._database.execute(statement, values).rowcount

    def change_each(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Do the same with the values of each row."""
        self._database.executemany(statement, rows)
