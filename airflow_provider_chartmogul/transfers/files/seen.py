"""Which records have been read before, without holding their keys in memory."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.streams.model import Record

# of a database without name, which SQLite keeps in a file of its own that vanishes with the process
_SETTINGS = "PRAGMA cache_size = -32768; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"


class Seen:
    """Keys of records that have been read; memory is the same for any number of them."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        # keys may hold half of a surrogate pair
        self._database.text_factory = lambda text: text.decode(errors="surrogatepass")
        self._database.executescript(_SETTINGS)
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def add(self, keys: Sequence[str]) -> set[str]:
        """Remember keys and return those that were not known before."""
        new = self._database.execute(
            "INSERT OR IGNORE INTO seen SELECT value FROM json_each(?) RETURNING key", (json.dumps(keys),)
        )
        return {key for (key,) in new}

    def unseen(self, records: Sequence[Record]) -> list[Record]:
        """Return the records that were not read before, each once, and remember them."""
        new = self.add([record.key for record in records])
        unseen = []
        for record in records:
            if record.key in new:
                new.remove(record.key)
                unseen.append(record)
        return unseen

    def close(self) -> None:
        """Forget all keys."""
        self._database.close()
