"""Assembles the emulator as one ASGI application."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator import admin
from airflow_provider_chartmogul.emulator.http import Router, answer, as_response, read_body, run
from airflow_provider_chartmogul.emulator.middleware.auth import Authentication
from airflow_provider_chartmogul.emulator.middleware.counting import Counting
from airflow_provider_chartmogul.emulator.middleware.latency import Latency
from airflow_provider_chartmogul.emulator.middleware.limits import Limits
from airflow_provider_chartmogul.emulator.middleware.misbehaviour import Misbehaviour
from airflow_provider_chartmogul.emulator.routes import (
    account,
    activities,
    attributes,
    contacts,
    customer_notes,
    customers,
    data_sources,
    exports,
    invoices,
    json_imports,
    line_items,
    merges,
    metrics,
    opportunities,
    plan_groups,
    plans,
    subscription_attributes,
    subscription_events,
    subscriptions,
    tasks,
    transactions,
    uploads,
)

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_chartmogul.emulator.connections import Connections
    from airflow_provider_chartmogul.emulator.http import Match
    from airflow_provider_chartmogul.emulator.state import State

_SUBJECTS = (
    account,
    data_sources,
    merges,
    customers,
    attributes,
    contacts,
    customer_notes,
    tasks,
    opportunities,
    plans,
    plan_groups,
    invoices,
    line_items,
    transactions,
    subscriptions,
    subscription_attributes,
    subscription_events,
    json_imports,
    uploads,
    metrics,
    activities,
    exports,
)
OPERATIONS = tuple(chain.from_iterable(subject.OPERATIONS for subject in _SUBJECTS))

API_PREFIX = "/v1"
ADMIN_PREFIX = "/_emulator"
FILES_PREFIX = "/files"


def build_app(state: State, connections: Connections, stopping: asyncio.Event) -> ASGIApp:
    """Build the application: the API under ``/v1``, its files under ``/files``, the controls under ``/_emulator``.

    :param state: what the emulator holds.
    :param connections: open connections, for the faults that break them.
    :param stopping: set when the server stops.
    """
    work = _Work(state)
    files = Counting(Misbehaviour(work, state, connections, stopping), state, Router("", exports.FILES))
    guarded = Misbehaviour(Latency(Authentication(work, state), state, stopping), state, connections, stopping)
    api = Counting(Limits(guarded, state), state, Router(API_PREFIX, OPERATIONS))
    controls = _Controls(state)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(f"{ADMIN_PREFIX}/"):
            await controls(scope, receive, send)
        elif scope["path"].startswith(f"{FILES_PREFIX}/"):
            await files(scope, receive, send)
        else:
            await api(scope, receive, send)

    return app


class _Work:
    """Innermost layer: does the work of the operation that was found."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match: Match = scope["chartmogul.match"]
        body = await read_body(receive)
        if match.operation is None:
            message = {404: "Not found", 405: "Method not allowed"}[match.refusal]
            refusal = answer({"code": match.refusal, "message": message, "param": None}, match.refusal)
            response = as_response(refusal, "front")
        else:
            self._state.ledger.background.run_due()
            response = run(match.operation, self._state, scope, match.path, body)
        await response(scope, receive, send)


class _Controls:
    """The controls have no key, no limits and no faults, and are not counted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._router = Router(ADMIN_PREFIX, admin.OPERATIONS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["chartmogul.match"] = self._router.find(scope["method"], scope["path"])
        await _Work(self._state)(scope, receive, send)
