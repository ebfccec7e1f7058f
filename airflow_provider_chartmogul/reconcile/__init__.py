"""What a billing system says, held against what ChartMogul has: the differences, and what would mend them."""

from __future__ import annotations

from airflow_provider_chartmogul.reconcile.findings import COLUMNS
from airflow_provider_chartmogul.reconcile.reconciliation import Reconciliation
from airflow_provider_chartmogul.reconcile.window import Window

__all__ = ["COLUMNS", "Reconciliation", "Window"]
