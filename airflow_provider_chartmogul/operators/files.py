"""What operators share that read or write files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.operators.base import ChartMogulOperator, storage_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath


class ChartMogulFilesOperator(ChartMogulOperator):
    """Base of the operators that read or write files, on local disks or in object storage.

    :param path_conn_id: Airflow connection for paths in object storage. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "path_conn_id")

    def __init__(self, *, path_conn_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path_conn_id = path_conn_id

    def storage_path(self, path: str) -> ObjectStoragePath:
        """Return a file or directory."""
        return storage_path(path, self.path_conn_id)
