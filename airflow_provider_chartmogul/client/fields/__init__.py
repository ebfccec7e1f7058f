"""What records must look like, for those sent one by one and in bulk. Pure functions, no I/O."""

from __future__ import annotations

from airflow_provider_chartmogul.client.fields.checking import (
    Problem,
    checked,
    each_warning_once,
    misspelt,
    own_problems,
    problems,
    within,
)
from airflow_provider_chartmogul.client.fields.shape import Fields, Rule, parts
from airflow_provider_chartmogul.client.fields.tables import BULK, SINGLE, table

__all__ = [
    "BULK",
    "SINGLE",
    "Fields",
    "Problem",
    "Rule",
    "checked",
    "each_warning_once",
    "misspelt",
    "own_problems",
    "parts",
    "problems",
    "table",
    "within",
]
