"""pytest fixture ``chartmogul_emulator``; installed with the package, loads nothing until it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_chartmogul.emulator.server import Emulator


@pytest.fixture(scope="session")
def _chartmogul_emulator_server() -> Iterator[Emulator]:
    from airflow_provider_chartmogul.emulator import running_emulator

    with running_emulator(api_key="test-key", limits=False) as emulator:
        yield emulator


@pytest.fixture
def chartmogul_emulator(_chartmogul_emulator_server: Emulator) -> Emulator:
    """An emulated ChartMogul without data, limits or delays; its key is ``test-key``."""
    _chartmogul_emulator_server.reset()
    return _chartmogul_emulator_server
