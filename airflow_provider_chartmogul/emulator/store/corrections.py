"""Bulk imports store invalid invoices with their errors; a later import with the same external id corrects them.

Neither the reference nor a recording says so. Without it a refused invoice could never be sent again, since external
ids are unique: chosen here, so that a refused record can be corrected and replayed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_chartmogul.emulator.store.records import LineItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.emulator.store.records import Transaction

R = TypeVar("R", "LineItem", "Transaction")


def left_over(earlier: Sequence[R], sent: Sequence[R]) -> list[R]:
    """Return the records of an invalid invoice that its correction does not send again; they stay with the invoice.

    :param earlier: line items or transactions that were fine by themselves.
    :param sent: those of the correction.
    """
    names = {one.external_id for one in sent if one.external_id}
    contents = [_content(one) for one in sent]
    return [one for one in earlier if one.external_id not in names and _content(one) not in contents]


def _content(record: R) -> R:
    if isinstance(record, LineItem):
        return replace(record, seq=0, uuid="", subscription_uuid=None)
    return replace(record, uuid="")
