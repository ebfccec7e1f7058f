"""The columns of a billing database, in order, with what they hold."""

from __future__ import annotations

from typing import Final

COLUMNS: Final[dict[str, dict[str, str]]] = {
    "accounts": {
        "account_no": "text",
        "company": "text",
        "contact": "text",
        "email": "text",
        "country": "text",
        "signed_up": "text",
        "trial_from": "moment",
    },
    "plans": {"plan_code": "text", "title": "text", "every": "integer", "unit": "text"},
    "invoices": {
        "invoice_no": "text",
        "account_no": "text",
        "issued_at": "moment",
        "due_on": "day",
        "currency": "text",
        "collection": "text",
        "total": "amount",
    },
    "invoice_lines": {
        "line_no": "text",
        "invoice_no": "text",
        "account_no": "text",
        "line_type": "text",
        "subscription_no": "text",
        "plan_code": "text",
        "seats": "integer",
        "period_from": "moment",
        "period_to": "moment",
        "total": "amount",
        "tax": "amount",
        "discount": "amount",
        "coupon": "text",
        "is_prorated": "flag",
        "proration": "text",
        "position": "integer",
        "text": "text",
        "ended_at": "moment",
    },
    "payments": {
        "payment_no": "text",
        "invoice_no": "text",
        "account_no": "text",
        "kind": "text",
        "outcome": "text",
        "booked_at": "moment",
        "total": "amount",
    },
    "cancellations": {
        "cancellation_no": "text",
        "account_no": "text",
        "subscription_no": "text",
        "requested_at": "moment",
        "ends_at": "moment",
    },
}
