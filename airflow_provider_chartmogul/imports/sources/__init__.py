"""Where the records of an import come from: given inline, files, or a database."""

from __future__ import annotations

from airflow_provider_chartmogul.imports.sources.opening import open_source

__all__ = ["open_source"]
