"""A client of the emulator's HTTP, and the records most tests start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator

NOW = "2026-03-15T12:00:00Z"


class Api:
    """Calls the emulator as any HTTP client does; ``…_json`` also checks the status."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._session = requests.Session()
        self._session.auth = (emulator.api_key, "")

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        arguments.setdefault("timeout", 10)
        return self._session.request(method, self.emulator.base_url + path, **arguments)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.call("POST", path, json=body)

    def json(self, method: str, path: str, body: Any = None, expect: int = 200, **query: Any) -> Any:
        response = self.call(method, path, json=body, params=query)
        assert response.status_code == expect, response.text
        return response.json() if response.content else None

    def close(self) -> None:
        self._session.close()

    # Records

    def source(self, name: str = "Ledger") -> str:
        return str(self.json("POST", "/data_sources", {"name": name}, 201)["uuid"])

    def plan(self, source: str, external_id: str = "team", count: int = 1, unit: str = "month") -> str:
        body = {
            "data_source_uuid": source,
            "external_id": external_id,
            "name": external_id.capitalize(),
            "interval_count": count,
            "interval_unit": unit,
        }
        return str(self.json("POST", "/plans", body, 201)["uuid"])

    def customer(self, source: str, external_id: str = "acct-1", **fields: Any) -> str:
        body = {"data_source_uuid": source, "external_id": external_id, "name": external_id.upper(), **fields}
        return str(self.json("POST", "/customers", body, 201)["uuid"])

    def bill(self, customer: str, *invoices: dict[str, Any], expect: int = 201) -> list[dict[str, Any]]:
        path = f"/import/customers/{customer}/invoices"
        answered: list[dict[str, Any]] = self.json("POST", path, {"invoices": list(invoices)}, expect)["invoices"]
        return answered

    def walk(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """All records of a list, page by page."""
        found: list[dict[str, Any]] = []
        page = self.json("GET", path, **query)
        for _ in range(100):
            found += page[key]
            if not page["has_more"]:
                return found
            page = self.json("GET", path, **query, cursor=page["cursor"])
        raise AssertionError("the walk does not end")


def subscription_item(plan: str, start: str = "2026-01-10", **fields: Any) -> dict[str, Any]:
    """A line item of 50.00 a month on the subscription ``sub-1``."""
    return {
        "type": "subscription",
        "subscription_external_id": "sub-1",
        "plan_uuid": plan,
        "service_period_start": start,
        "service_period_end": "2026-04-10",
        "amount_in_cents": 5000,
        **fields,
    }


def invoice(external_id: str, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An invoice of 10 January 2026 in USD."""
    return {"external_id": external_id, "date": "2026-01-10", "currency": "USD", "line_items": list(items), **fields}


def event(source: str, **fields: Any) -> dict[str, Any]:
    """A request for the event ``evt-1`` that cancels ``sub-1`` on 1 March 2026."""
    body = {
        "external_id": "evt-1",
        "data_source_uuid": source,
        "customer_external_id": "acct-1",
        "subscription_external_id": "sub-1",
        "event_type": "subscription_cancelled",
        "event_date": "2026-03-01",
        "effective_date": "2026-03-01",
    }
    return {"subscription_event": {**body, **fields}}
