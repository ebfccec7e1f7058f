"""From files on a local disk or in object storage into ChartMogul."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import optional_text
from airflow_provider_chartmogul.operators.imports import ChartMogulBulkImportOperator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.imports import Given


class ObjectStorageToChartMogulOperator(ChartMogulBulkImportOperator):
    """Import the records of files: each argument that names a kind of record is a path, a glob or a list of these.

    Files are JSON Lines, CSV or Parquet, gzip where the name ends in ``.gz``. To send many files by several tasks, cut
    them by customer and map the task over them: no two tasks may have records of the same customer at a time.

    Everything else as :class:`~airflow_provider_chartmogul.operators.imports.ChartMogulBulkImportOperator`, which takes
    queries and records as well.

    :param file_format: ``jsonl``, ``csv`` or ``parquet``, where the names of the files do not tell. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulBulkImportOperator.template_fields, "file_format")

    def __init__(self, *, file_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_format = file_format

    def open_source(self, name: str, spec: Any, mapping: Mapping[str, Any] | None) -> Iterator[Given]:
        """Open the files of one kind of record."""
        if not isinstance(spec, dict):
            spec = {"path": spec, "format": optional_text("file_format", self.file_format)}
        return super().open_source(name, spec, mapping)
