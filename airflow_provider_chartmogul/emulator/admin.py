"""The controls of a running emulator, under ``/_emulator``: counters, reset, faults, settings, sources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import errors
from airflow_provider_chartmogul.emulator.http import Operation, answer

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.http import Answer, Call


def show_state(call: Call) -> Answer:
    """Answer with the counters."""
    return answer(call.state.traffic.as_json())


def reset(call: Call) -> Answer:
    """Forget data, faults and counters; settings are again those of the start."""
    call.state.reset()
    return answer({})


def put_faults(call: Call) -> Answer:
    """Replace the fault rules; the body is a list of rules, or ``{"faults": [...]}``."""
    body = _json(call)
    rules = body.get("faults") if isinstance(body, dict) else body
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise errors.coded(400, "a list of fault rules is needed", "faults")
    try:
        call.state.set_faults(rules)
    except ValueError as error:
        raise errors.coded(400, str(error), "faults") from error
    return answer({})


def put_settings(call: Call) -> Answer:
    """Change the given settings."""
    try:
        call.state.configure(call.json())
    except (ValueError, TypeError, AttributeError) as error:
        raise errors.coded(400, str(error), "settings") from error
    return answer({})


def post_data_source(call: Call) -> Answer:
    """Add a data source of another system, as users do in the app; ``system`` is Stripe unless given."""
    body = call.json()
    try:
        source = call.state.add_source(body.get("name"), body.get("system", "Stripe"))
    except ValueError as error:
        raise errors.coded(400, str(error), "name") from error
    return answer({"uuid": source.uuid, "name": source.name, "system": source.system}, 201)


def _json(call: Call) -> Any:
    try:
        return json.loads(call.body or b"[]")
    except ValueError as error:
        raise errors.coded(400, "the body is not JSON") from error


OPERATIONS = (
    Operation("GET", "/state", show_state),
    Operation("POST", "/reset", reset),
    Operation("PUT", "/faults", put_faults),
    Operation("PUT", "/settings", put_settings),
    Operation("POST", "/data_sources", post_data_source),
)
