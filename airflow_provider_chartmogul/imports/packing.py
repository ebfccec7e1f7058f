"""Cut records into requests: everything about a customer in one, and nothing larger than the API takes."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_provider_chartmogul.imports.records import INPUT_KINDS, flat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.imports.journal import Journal

MAX_BYTES: Final = 5_000_000
"""The API takes 5 MB; the smaller reading of a megabyte is safe."""

MAX_CUSTOMERS: Final = 500
"""The API advises 100 to 1000 customers per request."""

ENVELOPE: Final = 256
"""Bytes for what surrounds the records: the import's external_id and the names of the arrays."""

_IN_ORDER: Final = """
SELECT customer, id, kind, size, body, replaces FROM records WHERE state IS NULL AND kind <> 'plans' ORDER BY customer,
    CASE kind WHEN 'customers' THEN 0 WHEN 'subscription_events' THEN 2 ELSE 1 END, moment,
    CASE kind WHEN 'line_items' THEN invoice WHEN 'transactions' THEN invoice ELSE external_id END,
    CASE kind WHEN 'line_items' THEN 1 WHEN 'transactions' THEN 2 ELSE 0 END, id
"""
"""Independent of the order of the input as far as records have names and dates. The API wants old invoices first."""

_PARTS_FOLLOW: Final = ("line_items", "transactions")

_REPLACES: Final = b"replaces"
"""Tells an invoice that is to give way to an equal one from one that is only to be there."""


@dataclass(slots=True)
class Batch:
    """One bulk import request.

    :param number: counted from 0.
    :param content: digest of what it holds.
    :param after: number of the batch that must be completed before, since it has records of the same customer.
    :param customers: how many customers it is about.
    :param size: bytes, at most.
    :param replaces: whether some of its invoices are to take the place of others.
    """

    number: int
    after: int | None = None
    customers: int = 0
    size: int = ENVELOPE
    content: str = ""
    replaces: bool = False

    def import_id(self, scope: str, attempt: int = 1) -> str:
        """Return the ``external_id`` of the import: made of its content, so that a repeated run finds it.

        :param scope: what else tells it apart.
        :param attempt: 1, or higher where an earlier import of the same content left records out.
        """
        name = f"airflow-{hashlib.sha256(f'{scope} {self.content}'.encode()).hexdigest()[:32]}"
        return name if attempt == 1 else f"{name}-{attempt}"


def pack_plans(journal: Journal, *, max_bytes: int) -> list[Batch]:
    """Put all plans into one request, or as few as will do.

    :param max_bytes: most bytes of JSON in one.
    """
    packer = _Packer(journal)
    for record, size, body in journal.ask(
        "SELECT id, size, body FROM records WHERE kind = 'plans' AND state IS NULL ORDER BY external_id"
    ):
        if packer.batch.size + size > max_bytes:
            packer.close()
        packer.take(_Unit([(record, _said(body, False))], size))
    packer.close()
    return packer.batches


def pack(journal: Journal, *, first: int, max_customers: int, max_bytes: int) -> list[Batch]:
    """Cut what is to be sent, plans aside, into requests.

    :param first: number of the first one.
    :param max_customers: most customers in one.
    :param max_bytes: most bytes of JSON in one.
    """
    packer = _Packer(journal, first)
    for _, rows in itertools.groupby(journal.ask(_IN_ORDER), key=lambda row: row[0]):
        units = list(_units(row[1:] for row in rows))
        size = sum(unit.size for unit in units)
        if packer.batch.customers == max_customers or packer.batch.size + size > max_bytes:
            packer.close()
        packer.batch.customers += 1
        for unit in units:
            if packer.batch.size + unit.size > max_bytes:
                packer.close_within_customer()
            packer.take(unit)
        if packer.batch.after is not None:
            # nothing else waits for a customer that takes several requests
            packer.close()
    packer.close()
    return packer.batches


def content_left(journal: Journal, batch: Batch) -> str:
    """Return the digest of what a batch holds, its rejected records left out."""
    digest = hashlib.sha256()
    for body, replaces in journal.ask(
        """SELECT r.body, r.replaces FROM batched b JOIN records r ON r.id = b.record
        WHERE b.batch = ? AND ifnull(r.state, '') <> 'rejected' ORDER BY b.rank""",
        (batch.number,),
    ):
        digest.update(_said(body, replaces))
    return digest.hexdigest()


def encoded(journal: Journal, batch: Batch, import_id: str) -> bytes:
    """Return the body of a request with the records of a batch that have no state yet."""
    texts: dict[str, list[str]] = {kind: [] for kind in INPUT_KINDS}
    equal_before: Counter[str] = Counter()
    for kind, body in journal.ask(
        """SELECT r.kind, r.body FROM batched b JOIN records r ON r.id = b.record
        WHERE b.batch = ? AND r.state IS NULL ORDER BY b.rank""",
        (batch.number,),
    ):
        for inner, record in flat(kind, json.loads(body), equal_before):
            texts[inner].append(json.dumps(record))
    arrays = (f'"{kind}": [{", ".join(those)}]' for kind, those in texts.items() if those)
    return f'{{"external_id": {json.dumps(import_id)}, {", ".join(arrays)}}}'.encode()


@dataclass(slots=True)
class _Unit:
    """Records that cannot be parted: an invoice with what belongs to it, or any other single one."""

    records: list[tuple[int, bytes]]
    size: int


def _said(body: str, replaces: int) -> bytes:
    return body.encode() + (_REPLACES if replaces else b"")


def _units(rows: Iterator[tuple[int, str, int, str, int]]) -> Iterator[_Unit]:
    unit = None
    for record, kind, size, body, replaces in rows:
        if unit is not None and kind in _PARTS_FOLLOW:
            unit.records.append((record, _said(body, replaces)))
            unit.size += size
            continue
        if unit is not None:
            yield unit
        unit = _Unit([(record, _said(body, replaces))], size)
    if unit is not None:
        yield unit


@dataclass(slots=True)
class _Packer:
    journal: Journal
    first: int = 0
    batches: list[Batch] = field(default_factory=list)
    batch: Batch = field(init=False)
    rows: list[tuple[int, int, int]] = field(default_factory=list)
    digest: hashlib._Hash = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.batch = Batch(self.first + len(self.batches))
        self.digest = hashlib.sha256()
        self.rows = []

    def take(self, unit: _Unit) -> None:
        for record, said in unit.records:
            self.digest.update(said)
            self.batch.replaces = self.batch.replaces or said.endswith(_REPLACES)
            self.rows.append((record, self.batch.number, len(self.rows)))
        self.batch.size += unit.size

    def close(self) -> None:
        if not self.rows:
            return
        self.batch.content = self.digest.hexdigest()
        self.journal.change_each("INSERT INTO batched VALUES (?, ?, ?)", self.rows)
        self.batches.append(self.batch)
        self.open()

    def close_within_customer(self) -> None:
        """Go on with the same customer in a request that waits for this one."""
        before = self.batch.number
        self.close()
        self.batch.after, self.batch.customers = before, 1
