"""Where the records of an import come from: given inline, files, or a database."""

from __future__ import annotations

from airflow_provider_chartmogul.imports.sources.letters import is_letter, out_of_letter
from airflow_provider_chartmogul.imports.sources.mapping import check_mapping
from airflow_provider_chartmogul.imports.sources.opening import open_rows, open_source
from airflow_provider_chartmogul.imports.sources.rows import Row
from airflow_provider_chartmogul.imports.sources.shapes import Shapes

__all__ = ["Row", "Shapes", "check_mapping", "is_letter", "open_rows", "open_source", "out_of_letter"]
