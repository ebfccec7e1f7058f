"""Which kind of movement a change of MRR is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_chartmogul.emulator.analytics.model import Account, MovementType
    from airflow_provider_chartmogul.emulator.analytics.timeline import Step


def classify(steps: Sequence[Step], account: Account) -> Iterator[tuple[Step, MovementType]]:
    """Type of each step of a customer that moves MRR; steps that move none are left out.

    Steps within the proximate window of the first one are judged by the state before and after all of them.
    """
    for paid_before, group in _groups(steps, account.proximate_window_seconds):
        first, last = group[0], group[-1]
        lapsed = _is_gone(first.total_before, first.active_before, account)
        gone = _is_gone(last.total_after, last.active_after, account)
        for step in group:
            yield step, _type(step.movement, first.total_before, paid_before, lapsed, gone)


def _type(movement: int, base: int, paid_before: bool, lapsed: bool, gone: bool) -> MovementType:
    if movement > 0:
        if base <= 0 and not paid_before:
            return "new_biz"
        return "reactivation" if lapsed else "expansion"
    return "churn" if gone else "contraction"


def _is_gone(total: int, active: int, account: Account) -> bool:
    """Whether a customer with this MRR and so many uncancelled subscriptions has left."""
    return total <= 0 and (account.churn_when_zero_mrr or active == 0)


def _groups(steps: Sequence[Step], window: int) -> Iterator[tuple[bool, list[Step]]]:
    """Steps classified together, each group with whether the customer had ever paid before it."""
    paid = paid_before = False
    group: list[Step] = []
    for step in steps:
        if step.movement:
            near = group and window and (step.at - group[0].at).total_seconds() <= window
            if group and not near:
                yield paid_before, group
                group = []
            if not group:
                paid_before = paid
            group.append(step)
        paid = paid or step.total_after > 0
    if group:
        yield paid_before, group
