"""What Airflow reads when it discovers the provider. Imports nothing, so that discovery stays cheap."""

from typing import Any

PACKAGE = "airflow_provider_chartmogul"
INTEGRATION = "ChartMogul"


def get_provider_info() -> dict[str, Any]:
    """Describe the provider in the terms of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-chartmogul",
        "name": "ChartMogul",
        "description": "Load, backfill and operate `ChartMogul <https://chartmogul.com/>`__ subscription analytics.",
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://dev.chartmogul.com/",
                "tags": ["service"],
            }
        ],
        "hooks": [_modules("hooks", "chartmogul")],
        "operators": [
            _modules(
                "operators",
                "account",
                "accounting",
                "activities_export",
                "activities_range",
                "api",
                "base",
                "changing_records",
                "contacts",
                "continuations",
                "customer_notes",
                "customers",
                "data_sources",
                "duplicates",
                "enrichment",
                "enrichment_by_difference",
                "files",
                "imports",
                "invoice_parts",
                "invoices",
                "keyed_records",
                "keyless_records",
                "line_items",
                "listings",
                "metrics",
                "opportunities",
                "plan_groups",
                "plans",
                "reading",
                "reconcile",
                "records",
                "sources",
                "subscription_events",
                "subscriptions",
                "tasks",
                "transactions",
            )
        ],
        "sensors": [_modules("sensors", "activities_export", "base", "processing")],
        "triggers": [_modules("triggers", "activities_export", "base", "imports", "processing")],
        "transfers": [
            {
                "source-integration-name": INTEGRATION,
                "target-integration-name": "Common SQL",
                "python-module": f"{PACKAGE}.transfers.chartmogul_to_sql",
            },
            {
                "source-integration-name": INTEGRATION,
                "target-integration-name": "Common IO",
                "python-module": f"{PACKAGE}.transfers.chartmogul_to_object_storage",
            },
            {
                "source-integration-name": "Common SQL",
                "target-integration-name": INTEGRATION,
                "python-module": f"{PACKAGE}.transfers.sql_to_chartmogul",
            },
            {
                "source-integration-name": "Common IO",
                "target-integration-name": INTEGRATION,
                "python-module": f"{PACKAGE}.transfers.object_storage_to_chartmogul",
            },
        ],
        "connection-types": [_connection_type()],
    }


def _modules(kind: str, *names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"{PACKAGE}.{kind}.{name}" for name in names]}


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": "chartmogul",
        "hook-class-name": f"{PACKAGE}.hooks.chartmogul.ChartMogulHook",
        "hook-name": "ChartMogul",
        "ui-field-behaviour": {
            "hidden-fields": ["login", "port", "schema"],
            "relabeling": {"password": "API key", "host": "Base URL"},
            "placeholders": {"host": "https://api.chartmogul.com/v1"},
        },
        "conn-fields": {
            "requests_per_second": _number_field("Requests per second (40)", "integer"),
            "max_connections": _number_field("Parallel connections (20)", "integer"),
            "connect_timeout": _number_field("Connect timeout in seconds (10)", "number"),
            "read_timeout": _number_field("Read timeout in seconds (60)", "number"),
            "max_retry_seconds": _number_field("Total time for retries in seconds (300)", "number"),
            "budget_storage": {
                "label": "Shared rate budget: redis://…, sqlite:///… or postgresql://…",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
        },
    }


def _number_field(label: str, kind: str) -> dict[str, Any]:
    return {"label": label, "schema": {"type": [kind, "null"], "exclusiveMinimum": 0}}
