"""Records on their way into ChartMogul, in bulk or one by one: checked, sent, with an account of each."""

from __future__ import annotations

from airflow_provider_chartmogul.imports.bulk import import_billing
from airflow_provider_chartmogul.imports.records import BillingRecords
from airflow_provider_chartmogul.imports.result import ImportResult, dead_letters
from airflow_provider_chartmogul.imports.validation import Rejection, check
from airflow_provider_chartmogul.json_lines import read_json_lines

__all__ = [
    "BillingRecords",
    "ImportResult",
    "Rejection",
    "check",
    "dead_letters",
    "import_billing",
    "read_json_lines",
]
