"""Records that are addressed by data source and external id instead of their uuid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.api import Api
    from airflow_provider_chartmogul.client.values import Record


def named(data_source_uuid: str, external_id: str, **options: str | bool | None) -> dict[str, Any]:
    """Return the query that names a record, with options of the request.

    :raises ValueError: one of the two names is empty; without it the API could mean another record.
    """
    if not (data_source_uuid and external_id):
        raise ValueError("name the record by data_source_uuid and external_id")
    return {"data_source_uuid": data_source_uuid, "external_id": external_id, **options}


def retrieve_named(api: Api, kind: str, query: dict[str, Any]) -> Record:
    """Return the record that a query names; the answer holds it in a list or bare.

    :param kind: ``invoices``, ``line_items`` or ``transactions``.
    :param query: from :func:`named`.
    :raises ChartMogulNotFoundError: the data source has no such record.
    """
    answer = api.get(f"/{kind}", query)
    for record in answer.get(kind, [answer]):
        if record.get("external_id") == query["external_id"]:
            return dict(record)
    raise ChartMogulNotFoundError(f"GET /{kind}: there is no record with this external id", status_code=404)
