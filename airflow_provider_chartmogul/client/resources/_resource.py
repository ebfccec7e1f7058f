"""What all resources share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.pagination import Listing, PageShape

if TYPE_CHECKING:
    from airflow_provider_chartmogul.client.api import Api


class Resource:
    """Operations on one kind of record; stateless, and as thread-safe as what it sends through.

    :param api: the verbs.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def _listing(
        self, path: str, params: dict[str, Any], *, shape: PageShape, per_page: int = 200, cursor: str | None = None
    ) -> Listing:
        return Listing(self._api.get, path, params, shape=shape, per_page=per_page, cursor=cursor)
