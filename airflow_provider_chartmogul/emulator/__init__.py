"""A local ChartMogul over real HTTP, in memory: for tests, demos and DAG tests of users.

Needs the extra ``emulator``. It imports nothing of the other layers of the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator.server import Emulator, running_emulator

__all__ = ["Emulator", "running_emulator"]


def __getattr__(name: str) -> Any:
    """Load the server on first use: pytest imports this package on every run, also where the extra is not installed."""
    if name in __all__:
        from airflow_provider_chartmogul.emulator import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
