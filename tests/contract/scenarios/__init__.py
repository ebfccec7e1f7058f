"""A scenario for each operation, named by its ``operationId``.

A scenario is a generator: it prepares the account, yields the arguments of the call, gets the answer (a listing as a
list) and asserts the effect. The test makes the call through the client and watches what the emulator is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from tests.contract.account import Account
from tests.contract.operations import OPERATIONS
from tests.contract.scenarios import (
    billing,
    crm,
    customers,
    enrichment,
    general,
    metrics,
    plans,
    subscriptions,
)

Steps = Generator[dict[str, Any], Any, None]
Scenario = Callable[[Account], Steps]

_MODULES = (general, customers, crm, plans, subscriptions, billing, enrichment, metrics)

SCENARIOS: dict[str, Scenario] = {
    name: function for module in _MODULES for name, function in vars(module).items() if name in OPERATIONS
}
