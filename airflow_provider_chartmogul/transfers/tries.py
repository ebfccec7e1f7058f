"""What a task knows of the earlier tries of its load, where Airflow keeps state of tasks (3.3 and later)."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_chartmogul.transfers.loading import Attempt, Landed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

STATE_KEY = "chartmogul_load"
"""Key of ``task_state_store``: which load the task is in the middle of, and what of it is done."""

GOING_ON_FOR = timedelta(hours=24)
"""What was read longer ago is read anew."""


class Tries:
    """The tries of a load that consists of one or several steps, each with a place of its own.

    :param context: of the task.
    :param what: what is loaded, how, and where: another load does not go on from what this one read.
    """

    def __init__(self, context: Context, what: Sequence[Any]) -> None:
        self._ti: Any = context.get("ti")
        # outside of a task there is no other try
        whose = [self._ti.dag_id, self._ti.run_id, self._ti.task_id, self._ti.map_index] if self._ti else [uuid4().hex]
        self._load_id = hashlib.sha256(json.dumps([*whose, *what], default=str).encode()).hexdigest()[:16]
        self._store: Any = context.get("task_state_store")
        self._state: dict[str, Any] = {"load": self._load_id, "begun": datetime.now(UTC).isoformat(), "done": []}
        self._going_on = self._take_up()

    @property
    def done(self) -> list[Landed]:
        """What the steps that are done got, in their order."""
        return [Landed(rows, size) for rows, size in self._state["done"]]

    def attempt(self, scope: Any) -> Attempt:
        """Return what the next step is to be tried as.

        :param scope: what it restates. What was read for another scope, of other plans say, is of no use.
        """
        step = len(self._state["done"])
        # a digest, since it may name very many plans
        underway = [step, hashlib.sha256(repr(scope).encode()).hexdigest()]
        going_on = self._going_on and self._state.get("underway") == underway
        if not going_on:
            self._state["underway"] = underway
            self._keep()
        return Attempt(f"{self._load_id}-{step}", durable=self._store is not None, going_on=going_on)

    def finished(self, landed: Landed) -> None:
        """Note that a step is done."""
        self._state["done"].append([landed.rows, landed.size])
        self._keep()

    def end(self) -> None:
        """Forget the load, which is done: a task that is cleared and run again shall load again."""
        if self._store is not None:
            self._store.delete(STATE_KEY)

    def follow(self, error: BaseException) -> bool:
        """Tell whether the task has tries left after an error, as far as it can know."""
        if self._ti is None or isinstance(error, AirflowFailException):
            return False
        return bool(self._ti.try_number <= (getattr(self._ti, "max_tries", 0) or 0))

    def _take_up(self) -> bool:
        """Take up what an earlier try left, and tell whether there was anything."""
        kept = self._store.get(STATE_KEY) if self._store is not None else None
        if not kept or kept.get("load") != self._load_id:
            return False
        if datetime.now(UTC) - datetime.fromisoformat(kept["begun"]) >= GOING_ON_FOR:
            return False
        log.info("An earlier try began this load at %s: going on from what it read", kept["begun"])
        self._state = kept
        return True

    def _keep(self) -> None:
        if self._store is not None:
            self._store.set(STATE_KEY, self._state)
