"""The controls under ``/_emulator`` and their counterparts in the process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_chartmogul.emulator import running_emulator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.emulator.account import Api


@pytest.fixture
def controls(emulator: Emulator) -> str:
    return emulator.base_url.replace("/v1", "/_emulator")


def test_counters(api: Api, controls: str, source: str) -> None:
    api.get(f"/data_sources/{source}")
    api.get("/unicorns")
    state = requests.get(f"{controls}/state", timeout=5).json()
    assert state == api.emulator.stats() | {
        "connections_opened": state["connections_opened"],
        "connections_open": state["connections_open"],
    }
    assert state["requests"] == 3, "the controls themselves are not counted"
    assert state["requests_by_operation"] == {
        "POST /data_sources": 1,
        "GET /data_sources/{data_source_uuid}": 1,
        "GET (unknown)": 1,
    }


def test_reset_forgets_data_counters_and_settings(api: Api, controls: str, source: str) -> None:
    api.emulator.configure(account={"currency": "EUR"})
    assert requests.post(f"{controls}/reset", timeout=5).status_code == 200
    assert api.emulator.stats()["requests"] == 0
    assert api.json("GET", "/data_sources") == {"data_sources": []}
    assert api.json("GET", "/account")["currency"] == "USD"
    assert api.source() != source


def test_settings_over_http(api: Api, controls: str) -> None:
    changes = {"now": "2026-01-02 03:04:05", "account": {"name": "Northwind", "time_zone": "Europe/Berlin"}}
    assert requests.put(f"{controls}/settings", json=changes, timeout=5).status_code == 200
    assert api.json("GET", "/account")["name"] == "Northwind"
    created = api.json("POST", "/data_sources", {"name": "Ledger"}, 201)["created_at"]
    assert created == "2026-01-02T03:04:05.000Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"speed": 1},
        {"latency_ms": -1},
        {"latency_ms": "slow"},
        {"import_errors": "yes"},
        {"now": "yesterday"},
        {"fx_rates": {"EUR": "much"}},
        {"fx_rates": {"EUR": {}}},
        {"account": {"mood": "good"}},
        {"account": {"week_start_on": "friday"}},
        {"account": {"time_zone": "Mars/Olympus"}},
        {"account": {"proximate_movement_reclassification": "weekly"}},
    ],
)
def test_unusable_settings_are_refused_and_change_nothing(api: Api, controls: str, changes: dict[str, object]) -> None:
    before = api.json("GET", "/account")
    assert requests.put(f"{controls}/settings", json=changes, timeout=5).status_code == 400
    assert api.json("GET", "/account") == before


def test_connection_for_airflow(emulator: Emulator) -> None:
    assert json.loads(emulator.connection(requests_per_second=5)) == {
        "conn_type": "chartmogul",
        "password": "test-key",
        "host": emulator.base_url,
        "extra": {"requests_per_second": 5},
    }


def test_account_and_its_optional_settings(api: Api) -> None:
    account = api.json("GET", "/account")
    assert set(account) == {"id", "name", "currency", "time_zone", "week_start_on"}
    assert account["id"].startswith("acc_")
    wanted = "churn_recognition,churn_when_zero_mrr,auto_churn_subscription,refund_handling"
    assert api.json("GET", "/account", include=f"{wanted},proximate_movement_reclassification") == account | {
        "churn_recognition": "churn_at_time_of_cancelation",
        "churn_when_zero_mrr": True,
        "auto_churn_subscription": False,
        "refund_handling": "refund_ignore",
        "proximate_movement_reclassification": "one_hour_reclassification",
    }
    assert api.json("GET", "/account", expect=400, include="colour") == {
        "code": 400,
        "message": "Invalid include parameter: colour",
        "param": "include",
    }


def test_two_emulators_side_by_side() -> None:
    with running_emulator(api_key="one") as first, running_emulator(api_key="two", currency="EUR") as second:
        assert first.base_url != second.base_url
        assert requests.get(f"{first.base_url}/account", auth=("one", ""), timeout=5).json()["currency"] == "USD"
        assert requests.get(f"{second.base_url}/account", auth=("two", ""), timeout=5).json()["currency"] == "EUR"
        assert requests.get(f"{second.base_url}/ping", auth=("one", ""), timeout=5).status_code == 401
