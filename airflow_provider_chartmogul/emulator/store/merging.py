"""Merging customers, and taking data source customers out again (``/reference/merge-customers``).

Tags and attributes that a data source customer brought into the merge leave with it, as its name and e-mail do; those
added later stay with the merged record. Where both customers have an attribute, that of ``into`` holds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.store.ledger import new_uuid
from airflow_provider_chartmogul.emulator.store.records import Brought

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from airflow_provider_chartmogul.emulator.store.crm import Kind
    from airflow_provider_chartmogul.emulator.store.ledger import Ledger
    from airflow_provider_chartmogul.emulator.store.records import Customer, Part

MERGED_TAG = "merged-customer"


def merge(ledger: Ledger, from_uuid: str, into_uuid: str) -> None:
    """Fold a customer into another one; nothing happens if one of them is gone by now."""
    giver, taker = ledger.customers.get(from_uuid), ledger.customers.get(into_uuid)
    if giver is None or taker is None:
        return
    _remember(giver)
    _remember(taker)
    taker.tags = list(dict.fromkeys([*taker.tags, *giver.tags, MERGED_TAG]))
    taker.custom = giver.custom | taker.custom
    for part in list(giver.parts):
        ledger.move_part(part, giver, taker)
    ledger.crm.move_customer(giver.uuid, taker.uuid)
    ledger.remove_customer(giver)
    ledger.projection.touch(taker.uuid, None)


def unmerge(ledger: Ledger, customer_uuid: str, part: Part, moved: Collection[Kind]) -> None:
    """Make a data source customer a customer of its own again; nothing happens if it is none of a merged one by now.

    :param moved: what else goes with it.
    """
    customer = ledger.customers.get(customer_uuid)
    if customer is None or part not in customer.parts or len(customer.parts) < 2:
        return
    part = customer.parts[customer.parts.index(part)]
    split = _split_off(ledger, customer, part)
    ledger.customers.add(split)
    ledger.move_part(part, customer, split)
    ledger.crm.move_entries(customer.uuid, split.uuid, moved)
    for touched in (customer, split):
        ledger.projection.touch(touched.uuid, None)


def _remember(customer: Customer) -> None:
    if len(customer.parts) == 1:
        customer.parts[0].brought = Brought(
            customer.name, customer.email, customer.company, tuple(customer.tags), dict(customer.custom)
        )


def withdraw(customer: Customer, part: Part) -> Brought:
    """Take what a data source customer brought out of a merged customer that goes on without it.

    Values that other parts brought come forth again; those changed since the merge stay.

    :return: what the data source customer takes along.
    """
    own = part.brought or Brought("", "", "", (), {})
    staying = [one.brought for one in customer.parts if one != part and one.brought]
    leaving = replace(
        own,
        tags=tuple(tag for tag in own.tags if tag in customer.tags),
        custom={key: value for key, value in own.custom.items() if key in customer.custom},
    )
    if part == customer.parts[0]:
        for name in ("name", "email", "company"):
            if getattr(customer, name) == getattr(own, name):
                setattr(customer, name, getattr(staying[0], name))
    kept = {tag for one in staying for tag in one.tags}
    gone = set(own.tags) | ({MERGED_TAG} if len(staying) == 1 else set())
    customer.tags = [tag for tag in customer.tags if tag in kept or tag not in gone]
    customer.custom = _without(customer.custom, own.custom, [one.custom for one in staying])
    return leaving


def _without(custom: Mapping[str, Any], own: Mapping[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Return attributes without those of one part; of several others that have a value that of the first one holds."""
    back = {key: value for one in reversed(others) for key, value in one.items()}
    its_own = {key for key, value in custom.items() if key in own and own[key] == value}
    return {key: back[key] if key in its_own else custom[key] for key in custom if key not in its_own or key in back}


def _split_off(ledger: Ledger, customer: Customer, part: Part) -> Customer:
    """Make the new customer; what is neither told apart by source nor brought by the part is copied."""
    own = withdraw(customer, part)
    return replace(
        customer,
        seq=ledger.next_number(),
        uuid=new_uuid("cus_"),
        parts=[],
        created_at=ledger.now(),
        name=own.name,
        email=own.email,
        company=own.company,
        tags=list(own.tags),
        custom=dict(own.custom),
    )
