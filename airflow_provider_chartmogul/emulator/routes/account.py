"""Ping and account."""

from __future__ import annotations

import dataclasses

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import Answer, Call, Operation, answer

_ALWAYS = ("id", "name", "currency", "time_zone", "week_start_on")


def ping(call: Call) -> Answer:
    """``GET /ping``: any valid key works."""
    return answer({"data": "pong!"})


def retrieve_account(call: Call) -> Answer:
    """``GET /account``: further settings only when named in ``include``."""
    settings = dataclasses.asdict(call.state.settings.account)
    extra = [name.strip() for name in call.query.get("include", "").split(",") if name.strip()]
    for name in extra:
        if name not in settings or name in _ALWAYS:
            raise errors.coded(400, f"Invalid include parameter: {name}", "include")
    return answer({name: settings[name] for name in (*_ALWAYS, *extra)})


OPERATIONS = (
    Operation("GET", "/ping", ping),
    Operation("GET", "/account", retrieve_account),
)
