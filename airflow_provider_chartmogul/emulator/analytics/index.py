"""Account-wide answers by binary search: MRR, paying customers and flows at or between instants."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, get_args

from airflow_provider_chartmogul.emulator.analytics.model import MovementType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from airflow_provider_chartmogul.emulator.analytics.history import History
    from airflow_provider_chartmogul.emulator.analytics.model import Plan
    from airflow_provider_chartmogul.emulator.analytics.timeline import SubscriptionState

    PlanFilter = Callable[[Plan], bool]

MOVEMENT_TYPES: tuple[MovementType, ...] = get_args(MovementType)


class _Sums:
    """Running total of dated amounts."""

    def __init__(self, dated: list[tuple[datetime, int]]) -> None:
        dated.sort(key=itemgetter(0))
        self._at = [at for at, _ in dated]
        self._total = [0, *accumulate(amount for _, amount in dated)]

    def before(self, bound: datetime) -> int:
        return self._total[bisect_left(self._at, bound)]


class Index:
    """Steps and movements of some customers, sorted by time. Bounds are exclusive at the end.

    :param histories: the customers that count.
    :param plan_filter: keeps subscriptions while they are on such plans; None keeps all.
    """

    def __init__(self, histories: Iterable[History], plan_filter: PlanFilter | None = None) -> None:
        mrr: list[tuple[datetime, int]] = []
        paying: list[tuple[datetime, int]] = []
        flows: dict[MovementType, list[tuple[datetime, int]]] = {kind: [] for kind in MOVEMENT_TYPES}
        self._buyers: list[tuple[datetime, str]] = []
        self._spells: dict[str, list[tuple[datetime, datetime | None]]] = {}
        self._ends: list[tuple[datetime, datetime, str]] = []
        for history in histories:
            customer = history.customer.uuid
            changes = _mrr_changes(history, plan_filter)
            mrr += changes
            spells = _spells(changes)
            if spells:
                self._spells[customer] = spells
            for start, end in spells:
                paying.append((start, 1))
                if end:
                    paying.append((end, -1))
                    self._ends.append((end, start, customer))
            for movement in history.movements:
                if plan_filter is None or plan_filter(movement.plan):
                    flows[movement.type].append((movement.at, movement.movement))
                    if movement.type == "new_biz":
                        self._buyers.append((movement.at, customer))
        self._buyers.sort()
        self._ends.sort()
        self._mrr, self._paying = _Sums(mrr), _Sums(paying)
        self._flows = {kind: _Sums(dated) for kind, dated in flows.items()}

    def mrr(self, bound: datetime) -> int:
        """MRR just before an instant, hundredths of the account currency."""
        return self._mrr.before(bound)

    def paying(self, bound: datetime) -> int:
        """Number of customers with an MRR above zero just before an instant."""
        return self._paying.before(bound)

    def flow(self, kind: MovementType, start: datetime, end: datetime) -> int:
        """Signed sum of the movements of one type between two instants."""
        sums = self._flows[kind]
        return sums.before(end) - sums.before(start)

    def buyers(self, start: datetime, end: datetime) -> int:
        """Number of customers with new business between two instants."""
        low, high = (bisect_left(self._buyers, bound, key=itemgetter(0)) for bound in (start, end))
        return len({customer for _, customer in self._buyers[low:high]})

    def lost(self, start: datetime, end: datetime) -> int:
        """Number of customers who pay just before one instant and no longer just before another."""
        low, high = (bisect_left(self._ends, bound, key=itemgetter(0)) for bound in (start, end))
        return sum(began < start and not self._is_paying(customer, end) for _, began, customer in self._ends[low:high])

    def _is_paying(self, customer: str, bound: datetime) -> bool:
        return any(start < bound and (end is None or end >= bound) for start, end in self._spells[customer])


def _mrr_changes(history: History, plan_filter: PlanFilter | None) -> list[tuple[datetime, int]]:
    """Dated changes of the customer's MRR on the plans kept; one per instant, none of zero."""
    changes: defaultdict[datetime, int] = defaultdict(int)
    for step in history.steps:
        before = _kept(step.before, plan_filter) if step.before else 0
        change = _kept(step.after, plan_filter) - before
        if change:
            changes[step.at] += change
    return [(at, change) for at, change in changes.items() if change]


def _kept(state: SubscriptionState, plan_filter: PlanFilter | None) -> int:
    mrr = state.worth.mrr
    return mrr if mrr and (plan_filter is None or plan_filter(state.newest.plan)) else 0


def _spells(changes: list[tuple[datetime, int]]) -> list[tuple[datetime, datetime | None]]:
    """The times during which a customer pays; the end of the last one may be open."""
    spells: list[tuple[datetime, datetime | None]] = []
    total, since = 0, None
    for at, change in changes:
        total += change
        if since is None and total > 0:
            since = at
        elif since and total <= 0:
            spells.append((since, at))
            since = None
    if since:
        spells.append((since, None))
    return spells
