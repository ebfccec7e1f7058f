"""From one billing system to another: who is the same customer in both, which subscription goes on as which."""

from airflow_provider_chartmogul.billing_change.continuations import Continuations, find_continuations
from airflow_provider_chartmogul.billing_change.duplicates import Duplicates, find_duplicates
from airflow_provider_chartmogul.billing_change.false_churn import FalseChurn, find_false_churn

__all__ = [
    "Continuations",
    "Duplicates",
    "FalseChurn",
    "find_continuations",
    "find_duplicates",
    "find_false_churn",
]
