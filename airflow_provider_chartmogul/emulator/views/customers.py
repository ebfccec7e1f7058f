"""Customers as JSON."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator import dates, geo
from airflow_provider_chartmogul.emulator.analytics.activities import currency_sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.emulator.store.records import Customer


def customer_json(customer: Customer, currency: str, system: str, summary: Mapping[str, Any], status: str) -> bytes:
    """Return the body of a customer; the order of the keys is that of recordings.

    :param currency: of the account.
    :param system: billing system of the primary source.
    :param summary: computed ``mrr``, ``arr`` and ``customer_since``.
    """
    body = {
        "id": customer.seq,
        "uuid": customer.uuid,
        "external_id": customer.external_id,
        "name": customer.name,
        "email": customer.email,
        "status": status,
        "customer-since": dates.offset(summary["customer_since"]),
        "attributes": attributes(customer),
        "data_source_uuid": customer.data_source_uuid,
        "data_source_uuids": [part.data_source_uuid for part in customer.parts],
        "external_ids": [part.external_id for part in customer.parts],
        "company": customer.company,
        "country": customer.country,
        "state": customer.state,
        "city": customer.city,
        "zip": customer.zip,
        "lead_created_at": dates.millis(customer.lead_created_at),
        "free_trial_started_at": dates.millis(customer.free_trial_started_at),
        "address": {
            "country": geo.COUNTRIES.get(customer.country or ""),
            "state": geo.US_STATES.get(customer.state or ""),
            "city": customer.city,
            "address_zip": customer.zip,
        },
        "mrr": summary["mrr"],
        "arr": summary["arr"],
        "billing-system-url": None,
        "chartmogul-url": _app_link(customer),
        "billing-system-type": system,
        "currency": currency,
        "currency-sign": currency_sign(currency),
        "owner": customer.owner,
        "website_url": customer.website_url,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def attributes(customer: Customer) -> dict[str, Any]:
    """Return tags and custom attributes in their read form."""
    return {"custom": customer.custom, "stripe": {}, "tags": customer.tags}


def _app_link(customer: Customer) -> str:
    name = re.sub(r"[^\w ]", "", customer.company or customer.name).replace(" ", "_")
    return f"https://app.chartmogul.com/#/customers/{customer.seq}-{name}"
