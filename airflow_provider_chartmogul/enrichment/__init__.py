"""Tags and custom attributes on their way to customers: only what differs from what ChartMogul has is sent."""

from __future__ import annotations

from airflow_provider_chartmogul.enrichment.columns import Columns
from airflow_provider_chartmogul.enrichment.ledger import Ledger
from airflow_provider_chartmogul.enrichment.push import compare, push
from airflow_provider_chartmogul.enrichment.result import Enrichment

__all__ = ["Columns", "Enrichment", "Ledger", "compare", "push"]
