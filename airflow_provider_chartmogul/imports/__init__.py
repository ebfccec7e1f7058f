"""Records on their way into ChartMogul, in bulk or one by one: checked, sent, with an account of each."""

from __future__ import annotations

from airflow_provider_chartmogul.imports.billing_import import BillingImport, Limits, import_billing
from airflow_provider_chartmogul.imports.given import Given
from airflow_provider_chartmogul.imports.rejections import Rejection
from airflow_provider_chartmogul.imports.result import ImportResult
from airflow_provider_chartmogul.imports.sending import Pace

__all__ = ["BillingImport", "Given", "ImportResult", "Limits", "Pace", "Rejection", "import_billing"]
