"""What has become of an activities export, and its file: shared by all that waits for one or reads one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import mask_secret

from airflow_provider_chartmogul.client.values import with_fields
from airflow_provider_chartmogul.exceptions import ChartMogulExportFailedError, ChartMogulInvalidResponseError

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.values import Record


def has_succeeded(export: Record) -> bool:
    """Whether an export is there; ``False`` while it is made.

    Only two words are sure to be final: others mean that it is still running.

    :raises ChartMogulExportFailedError: it failed.
    """
    if export["status"] == "failed":
        raise ChartMogulExportFailedError(f"Activities export {export['id']} failed")
    return bool(export["status"] == "succeeded")


def file_link(export: Record) -> str:
    """Return the link to the file of an export that has succeeded. Whoever knows it can fetch the file.

    :raises ChartMogulInvalidResponseError: there is none.
    """
    link = str(with_fields(export, ("file_url",), f"GET /activities_export/{export['id']}")["file_url"])
    # at level DEBUG the HTTP library logs URLs as they are
    mask_secret(urlsplit(link).query)
    return link


def damaged(export_id: str, what: str) -> ChartMogulInvalidResponseError:
    """Return the error of a file that cannot be read."""
    return ChartMogulInvalidResponseError(f"The file of activities export {export_id} is damaged: {what}")
