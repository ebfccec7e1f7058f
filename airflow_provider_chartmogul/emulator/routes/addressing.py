"""Records named by their identifier in the path, or by source and external id in the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.store import disabling

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.http import Call

R_co = TypeVar("R_co", covariant=True)


class Records(Protocol[R_co]):
    """Where records can be looked up in both ways."""

    def get(self, key: str, /) -> R_co | None:
        """Look a record up by its identifier."""

    def by_external_id(self, data_source_uuid: str, external_id: str, /) -> R_co | None:
        """Look a record up by source and external id."""


def named(call: Call, records: Records[R_co], kind: str) -> R_co:
    """Return the record that a call names.

    :param kind: ``invoice``, ``line item`` or ``transaction``; the path parameter is called after it.
    :raises ApiError: 404 for an unknown or malformed name; 400 when the query lacks one of its two parameters.
    """
    uuid = call.path.get(f"{kind.replace(' ', '_')}_uuid")
    if uuid is not None:
        found = records.get(uuid)
    else:
        found = records.by_external_id(_needed(call, "data_source_uuid"), _needed(call, "external_id"))
    if found is None:
        raise errors.not_found(kind)
    return found


def hidden(call: Call, record: disabling.Record) -> bool:
    """Tell whether a record is left out of answers: a disabled one, unless it is asked for."""
    return record.disabled_at is not None and not call.flag("with_disabled")


def disabled_wanted(call: Call, data_source_uuid: str, *records: disabling.Record) -> bool:
    """Read whether records are to be disabled or enabled.

    :raises ApiError: 422 for records that cannot be disabled, and for everything that is neither true nor false.
    """
    if not disabling.possible(call.ledger, data_source_uuid, records):
        raise errors.cannot_be_disabled()
    disabled = call.json().get("disabled")
    if not isinstance(disabled, bool):
        raise errors.fields({"disabled": "is not included in the list"})
    return disabled


def _needed(call: Call, name: str) -> str:
    value = call.query.get(name)
    if not value:
        raise errors.missing_envelope(name)
    return value
