"""Operator that finds customers which two data sources have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul import json_lines
from airflow_provider_chartmogul.billing_change import find_duplicates
from airflow_provider_chartmogul.billing_change.duplicates import check_by
from airflow_provider_chartmogul.operators.base import is_literal, required_id, required_text
from airflow_provider_chartmogul.operators.files import ChartMogulFilesOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class ChartMogulFindDuplicateCustomersOperator(ChartMogulFilesOperator):
    """Find the customers that are in two data sources and are not merged yet, after a change of the billing system.

    Changes nothing. ``result_path`` gets a line for each pair, which ``ChartMogulMergeCustomersOperator`` takes as
    ``records``: ``from`` and ``into``, and for people ``matched``, what both have, with names and external ids. What
    several customers of one data source have never makes a pair, nobody is in two, and nobody is in one who is merged
    with somebody of the other data source already: such customers are listed in ``ambiguous_path`` for people to
    decide.
    Nothing is found of those that are merged already. Names and keys of both data sources are held in memory: 120 MB
    for 100,000 customers.

    Returns ``{"pairs": number, "ambiguous": number, "result_path", "ambiguous_path"}``.
    Reference: ``/reference/customers/list``.

    :param from_data_source_uuid: the data source (``ds_…``) whose customers would go, the new one. (templated)
    :param into_data_source_uuid: the data source whose customers would stay, with their notes and tags: the old one.
        (templated)
    :param result_path: file of JSON Lines for the pairs. (templated)
    :param ambiguous_path: file of JSON Lines for what people must decide. (templated)
    :param by: ``email``, whose case does not matter; ``external_id``; or ``custom.`` with the key of a custom
        attribute, which must not be Boolean. Customers without one are not looked at. (templated)
    :raises ValueError: the data sources are the same, or ``by`` is something else: when the DAG is parsed, unless
        templated.
    :raises ChartMogulNotFoundError: there is no such data source.
    """

    template_fields: Sequence[str] = (
        *ChartMogulFilesOperator.template_fields,
        "from_data_source_uuid",
        "into_data_source_uuid",
        "result_path",
        "ambiguous_path",
        "by",
    )

    def __init__(
        self,
        *,
        from_data_source_uuid: str,
        into_data_source_uuid: str,
        result_path: str,
        ambiguous_path: str,
        by: str = "email",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.from_data_source_uuid = from_data_source_uuid
        self.into_data_source_uuid = into_data_source_uuid
        self.result_path = result_path
        self.ambiguous_path = ambiguous_path
        self.by = by
        if is_literal(by):
            check_by(by)

    def execute(self, context: Context) -> dict[str, Any]:
        """Compare, write both files, and return how many lines they have."""
        paths = {name: required_text(name, getattr(self, name)) for name in ("result_path", "ambiguous_path")}
        found = find_duplicates(
            self.hook.get_conn(),
            required_id("from_data_source_uuid", self.from_data_source_uuid),
            required_id("into_data_source_uuid", self.into_data_source_uuid),
            self.by,
        )
        json_lines.write(self.storage_path(paths["result_path"]), found.pairs)
        json_lines.write(self.storage_path(paths["ambiguous_path"]), found.ambiguous)
        self.log.info("%d pairs of duplicate customers are in %s", len(found.pairs), paths["result_path"])
        if found.ambiguous:
            self.log.warning("%d are for people to decide: %s", len(found.ambiguous), paths["ambiguous_path"])
        return {"pairs": len(found.pairs), "ambiguous": len(found.ambiguous), **paths}
