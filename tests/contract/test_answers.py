"""The checker of answers catches wrong ones, lets right ones pass and leaves deliberate faults alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from airflow_provider_chartmogul.emulator import app, faults, traffic
from tests.contract import specification

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.contract.answers import Checks

JSON = "application/json"


@pytest.mark.parametrize(
    ("operation", "status", "content_type", "body", "expected"),
    [
        ("GET /ping", 200, JSON, b'{"data":"pong!"}', None),
        ("GET /ping", 200, f"{JSON}; charset=utf-8", b'{"data":"pong!"}', None),
        ("GET /ping", 503, "text/plain", b"Service Unavailable", None),
        ("GET /account", 502, "text/plain", b"Bad Gateway", None),
        ("DELETE /data_sources/{}", 204, "", b"", None),
        ("GET /customers", 400, JSON, b'{"code":400,"message":"per_page","param":"per_page"}', None),
        ("GET /customers", 400, JSON, b'{"error":"per_page"}', "400 at (whole body): "),
        (
            "GET /customers",
            400,
            JSON,
            b'{"code":400,"message":"name","param":"name"}',
            "status 400 is not declared",
        ),
        ("GET /customers", 400, JSON, b'{"code":400,"message":"body","param":null}', "status 400 is not declared"),
        ("PATCH /plans/{}", 400, JSON, b'{"code":400,"message":"body","param":null}', None),
        (
            "PATCH /plans/{}",
            400,
            JSON,
            b'{"code":400,"message":"id","param":"plan_uuid"}',
            "status 400 is not declared",
        ),
        ("DELETE /customers/{}", 422, JSON, b'{"errors":{"customer_uuid":"Customer cannot be deleted"}}', None),
        ("GET /ping", 200, JSON, b'{"data":1}', "200 at data: "),
        ("GET /ping", 200, JSON, b"[]", "200 at (whole body): "),
        ("GET /ping", 200, JSON, b'{"data":', "200 of application/json cannot be read: "),
        ("GET /ping", 200, "text/html", b"pong!", "200 of content type 'text/html', not application/json"),
        ("GET /ping", 200, "", b'{"data":"pong!"}', "200 of content type '', not application/json"),
        ("GET /ping", 418, JSON, b"{}", "status 418 is not declared"),
        ("DELETE /data_sources/{}", 204, "", b"{}", "204 has a body or a content type"),
        ("DELETE /data_sources/{}", 204, JSON, b"", "204 has a body or a content type"),
    ],
)
def test_one_answer(operation: str, status: int, content_type: str, body: bytes, expected: str | None) -> None:
    found = specification.problem(specification.operations()[operation], status, content_type, body)
    assert found == expected if expected is None else (found or "").startswith(expected)


def test_answers_of_the_emulator_are_seen(client: ChartMogulClient, answers: Checks) -> None:
    before = answers.checked
    client.ping()
    assert answers.checked == before + 1


def test_a_wrong_answer_is_named(emulator: Emulator, answers: Checks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MAX_REQUESTS_PER_SECOND", 0)
    monkeypatch.setitem(faults.ANSWERS, "429", (429, JSON, b'{"code":"many"}'))
    emulator.configure(limits=True)
    requests.get(f"{emulator.base_url}/ping", auth=(emulator.api_key, ""), timeout=10)
    found = answers.take()
    assert len(found) == 1
    assert found[0].startswith("ping: 429 at ")


def test_what_the_api_does_not_have_is_named(
    client: ChartMogulClient, answers: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specification, "operations", dict)
    client.ping()
    assert answers.take() == ["GET /ping: the API has no such operation"]


def test_an_exception_is_named(emulator: Emulator, answers: Checks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "run", lambda *arguments: 1 // 0)
    response = requests.get(f"{emulator.base_url}/ping", auth=(emulator.api_key, ""), timeout=10)
    assert response.status_code == 500
    assert answers.take() == ["GET /v1/ping: ZeroDivisionError: integer division or modulo by zero"]


def test_deliberate_faults_are_no_answers(emulator: Emulator, client: ChartMogulClient, answers: Checks) -> None:
    before = answers.checked
    emulator.set_faults([{"kind": "500_html", "times": 1}, {"kind": "truncate", "times": 1}])
    client.ping()
    assert answers.checked == before + 1
