"""What a customer says of the data sources it has parts in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def sources_of(customer: Mapping[str, Any]) -> list[str]:
    """Return the data sources that a customer has parts in."""
    return list(customer.get("data_source_uuids") or [customer.get("data_source_uuid")])


def external_ids_of(customer: Mapping[str, Any]) -> list[str]:
    """Return the external ids of a customer in all of its data sources."""
    return [name for name in customer.get("external_ids") or [customer.get("external_id")] if name]


def tells_its_parts(customer: Mapping[str, Any]) -> bool:
    """Tell whether each external id of a customer is one of each of its data sources.

    Of a merged one with several of both, nothing says which id is of which source.
    """
    return len(set(sources_of(customer))) == 1 or len(set(external_ids_of(customer))) <= 1
