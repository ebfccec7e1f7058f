"""Where the records of an import come from: given inline, files, or a database."""

from __future__ import annotations

from airflow_provider_chartmogul.imports.sources.mapping import check_mapping
from airflow_provider_chartmogul.imports.sources.opening import open_source

__all__ = ["check_mapping", "open_source"]
