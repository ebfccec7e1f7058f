"""Everything a running emulator holds: settings, data, faults, counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.faults import FaultRules
from airflow_provider_chartmogul.emulator.store.ledger import Ledger
from airflow_provider_chartmogul.emulator.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_chartmogul.emulator.settings import Settings
    from airflow_provider_chartmogul.emulator.store.records import DataSource


class State:
    """The state of one emulator.

    :param api_key: the only key that is accepted.
    :param settings: what the emulator starts with, and goes back to on :meth:`reset`.
    """

    def __init__(self, api_key: str, settings: Settings) -> None:
        self.api_key = api_key
        self._initial = settings
        self.settings = settings
        self.ledger = Ledger(settings)
        self.faults = FaultRules()
        self.traffic = Traffic()

    def reset(self) -> None:
        """Forget data, faults and counters; settings are again those of the start."""
        self.settings = self._initial
        self.ledger = Ledger(self.settings)
        self.faults = FaultRules()
        self.traffic.reset()

    def configure(self, changes: dict[str, Any]) -> None:
        """Change settings while running.

        :raises ValueError: for an unknown name or an unusable value; nothing changes then.
        """
        self.settings = self.settings.changed(**changes)
        self.ledger.apply(self.settings)

    def add_source(self, name: Any, system: Any) -> DataSource:
        """Add a data source of any system: only those of automatic sources have records that can be disabled.

        :raises ValueError: for an empty or taken name, and for an empty system.
        """
        if not all(isinstance(text, str) and text.strip() for text in (name, system)):
            raise ValueError("a data source needs a name and a system")
        if self.ledger.has_source(name):
            raise ValueError(f"there is a data source {name!r} already")
        return self.ledger.add_source(name, system)

    def set_faults(self, rules: Sequence[dict[str, Any]]) -> None:
        """Replace the fault rules; their counters start at zero.

        :raises ValueError: for an unusable rule.
        """
        self.faults = FaultRules.from_json(rules)
