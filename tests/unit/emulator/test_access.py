"""Keys, unknown paths and response headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.emulator.account import Api

REFUSAL = {"code": 401, "message": "No valid API key provided", "param": None}


@pytest.mark.parametrize("password", ["", "test-key"])
def test_key_as_user_with_empty_password_or_the_key_again(emulator: Emulator, password: str) -> None:
    response = requests.get(f"{emulator.base_url}/ping", auth=("test-key", password), timeout=5)
    assert (response.status_code, response.json()) == (200, {"data": "pong!"})


@pytest.mark.parametrize("auth", [None, ("other", ""), ("test-key", "other"), ("", "test-key"), ("tést", "")])
@pytest.mark.parametrize("path", ["/ping", "/activities", "/plans", "/nothing-here"])
def test_without_the_key_everything_is_401(emulator: Emulator, path: str, auth: tuple[str, str] | None) -> None:
    encoded = tuple(part.encode() for part in auth) if auth else None
    response = requests.get(f"{emulator.base_url}{path}", auth=encoded, timeout=5)  # type: ignore[arg-type]
    assert (response.status_code, response.json()) == (401, REFUSAL)


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Bearer dGVzdC1rZXk6", "Basic dGVzdC1rZXk"])
def test_malformed_authorization_headers(emulator: Emulator, header: str) -> None:
    response = requests.get(f"{emulator.base_url}/ping", headers={"Authorization": header}, timeout=5)
    assert response.status_code == 401


def test_unknown_paths_and_wrong_methods(api: Api) -> None:
    assert api.get("/unicorns").status_code == 404
    assert api.call("PUT", "/customers").status_code == 405
    assert api.post("/import/customers//invoices", {}).status_code == 405


def test_a_body_that_is_no_json_object_is_400(api: Api) -> None:
    for body in (b"{", b"[1]", b"\xff"):
        response = api.call("POST", "/data_sources", data=body)
        assert (response.status_code, response.json()["code"]) == (400, 400)


def test_headers_of_the_two_kinds_of_services(api: Api, customer: str, plan: str) -> None:
    front = api.get(f"/customers/{customer}").headers
    assert front["Content-Type"] == "application/json"
    assert front["Access-Control-Allow-Credentials"] == "true"
    assert "X-Request-Id" not in front
    billing = api.get(f"/plans/{plan}").headers
    assert billing["Content-Type"] == "application/json; charset=utf-8"
    assert len(billing["X-Request-Id"]) == 32
    assert billing["Etag"].startswith('W/"')
    assert billing["X-Frame-Options"] == "DENY"
    assert billing["X-Request-Id"] != api.get(f"/plans/{plan}").headers["X-Request-Id"]


def test_204_has_neither_body_nor_content_type(api: Api, source: str, plan: str) -> None:
    for path in (f"/plans/{plan}", f"/data_sources/{source}"):
        response = api.call("DELETE", path)
        assert (response.status_code, response.content) == (204, b"")
        assert "Content-Type" not in response.headers
