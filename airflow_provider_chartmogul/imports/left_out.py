"""Remember which records of a request were left out when it was sent, in a text that is short enough for an XCom.

Who comes back to an import of its own finds everything there. The request has the same records in the same order then,
or it would have another name: one byte for each tells what it needs to know, and packs well.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_provider_chartmogul.imports.journal import Journal
    from airflow_provider_chartmogul.imports.packing import Batch

LEFT_OUT: Final = "was left out, since what is there under its external id is another record or lacks some of its parts"
LACKS_PARTS: Final = "is there without some of its line items or transactions; those are sent one by one"

OF_OTHERS: Final = "is the external id of another customer's record"

_CODES: Final = {None: 0, "already_there": 1, "rejected": 2}


def remember(journal: Journal, batch: Batch) -> str:
    """Return what of a batch is left out, as text; empty if everything is sent."""
    codes = bytes(
        _CODES[state]
        for (state,) in journal.ask(
            "SELECT r.state FROM batched b JOIN records r ON r.id = b.record WHERE b.batch = ? ORDER BY b.rank",
            (batch.number,),
        )
    )
    return base64.b85encode(zlib.compress(codes, 9)).decode() if any(codes) else ""


def recall(journal: Journal, batch: Batch, text: str) -> None:
    """Give the records of a batch that were left out the state that they had."""
    if not text:
        return
    codes = zlib.decompress(base64.b85decode(text))
    there: list[int] = []
    lacking: list[tuple[int, str, str | None, str, str]] = []
    for record, kind, external_id, rank in journal.ask(
        """SELECT r.id, r.kind, r.external_id, b.rank FROM batched b JOIN records r ON r.id = b.record
        WHERE b.batch = ? AND r.state IS NULL ORDER BY b.rank""",
        (batch.number,),
    ):
        if codes[rank] == _CODES["already_there"]:
            there.append(record)
        elif codes[rank] == _CODES["rejected"]:
            lacking.append((record, kind, external_id, "", LEFT_OUT))
    journal.settle("already_there", there)
    journal.reject(lacking)
