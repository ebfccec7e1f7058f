"""Misbehaviour on request, as clients see it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectionError, ReadTimeout  # noqa: A004

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.emulator.account import Api


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("403", 403, "application/json"),
        ("429", 429, "application/json"),
        ("503", 503, "text/plain"),
        ("500", 500, "application/json"),
        ("500_html", 500, "text/html"),
        ("500_text", 500, "text/plain"),
    ],
)
def test_errors_instead_of_the_work(api: Api, kind: str, status: int, content_type: str) -> None:
    api.emulator.set_faults([{"kind": kind, "times": 1}])
    response = api.post("/data_sources", {"name": "Ledger"})
    assert (response.status_code, response.headers["Content-Type"]) == (status, content_type)
    assert api.json("GET", "/data_sources") == {"data_sources": []}


def test_drop_before_the_work(api: Api) -> None:
    api.emulator.set_faults([{"kind": "drop_before", "times": 1}])
    with pytest.raises(ConnectionError):
        api.post("/data_sources", {"name": "Ledger"})
    assert api.json("GET", "/data_sources") == {"data_sources": []}


def test_drop_after_the_work(api: Api) -> None:
    api.emulator.set_faults([{"kind": "drop_after", "times": 1}])
    with pytest.raises(ConnectionError):
        api.post("/data_sources", {"name": "Ledger"})
    assert [source["name"] for source in api.json("GET", "/data_sources")["data_sources"]] == ["Ledger"]


def test_a_truncated_answer_is_shorter_than_announced(api: Api) -> None:
    api.emulator.set_faults([{"kind": "truncate", "times": 1}])
    with pytest.raises(ChunkedEncodingError, match="IncompleteRead"):
        api.get("/ping")
    assert api.get("/ping").status_code == 200


def test_hang_answers_nothing_and_does_nothing(api: Api) -> None:
    api.emulator.set_faults([{"kind": "hang", "times": 1, "method": "POST"}])
    with pytest.raises(ReadTimeout):
        api.call("POST", "/data_sources", json={"name": "Ledger"}, timeout=0.3)
    assert api.json("GET", "/data_sources") == {"data_sources": []}


def test_hang_ends_after_its_seconds_without_an_answer(api: Api) -> None:
    api.emulator.set_faults([{"kind": "hang", "seconds": 0.2}])
    started = time.monotonic()
    with pytest.raises(ConnectionError):
        api.get("/ping")
    assert time.monotonic() - started >= 0.2


def test_every_so_manieth_matching_request(api: Api) -> None:
    api.emulator.set_faults([{"kind": "500", "method": "GET", "path": "^/v1/ping$", "every": 3}])
    statuses = []
    for _ in range(9):
        api.get("/account")
        statuses.append(api.get("/ping").status_code)
    assert statuses == [200, 200, 500] * 3


def test_a_number_of_times(api: Api) -> None:
    api.emulator.set_faults([{"kind": "503", "times": 2}])
    assert [api.get("/ping").status_code for _ in range(4)] == [503, 503, 200, 200]


def test_the_first_rule_that_fires_wins(api: Api) -> None:
    api.emulator.set_faults([{"kind": "500", "every": 2}, {"kind": "429"}])
    assert [api.get("/ping").status_code for _ in range(4)] == [429, 500, 429, 500]


def test_faults_are_forgotten_by_reset(api: Api) -> None:
    api.emulator.set_faults([{"kind": "500"}])
    api.emulator.reset()
    assert api.get("/ping").status_code == 200


@pytest.mark.parametrize(
    "rule",
    [{"kind": "meteor"}, {}, {"kind": "500", "often": 1}, {"kind": "500", "every": -1}, {"kind": "500", "path": "("}],
)
def test_unusable_rules_are_refused(emulator: Emulator, rule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"fault"):
        emulator.set_faults([rule])
    controls = emulator.base_url.replace("/v1", "/_emulator")
    assert requests.put(f"{controls}/faults", json=[rule], timeout=5).status_code == 400
