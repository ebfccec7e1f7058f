"""What Airflow reads when it discovers the provider. Imports nothing, so that discovery stays cheap."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider in the terms of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-chartmogul",
        "name": "ChartMogul",
        "description": "Load, backfill and operate `ChartMogul <https://chartmogul.com/>`__ subscription analytics.",
        "connection-types": [],
    }
