"""Operator that pushes tags and custom attributes from a warehouse to customers (reverse ETL)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_chartmogul.enrichment import Columns, Ledger, compare, push
from airflow_provider_chartmogul.enrichment.result import CHANGES
from airflow_provider_chartmogul.enrichment.rows import open_rows
from airflow_provider_chartmogul.operators.accounting import ChartMogulAccountingOperator
from airflow_provider_chartmogul.operators.base import (
    check_count,
    check_flag,
    optional_text,
    required_text,
    required_truth,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context


class ChartMogulEnrichCustomersOperator(ChartMogulAccountingOperator):
    """Give customers the tags and custom attributes that a query or files say, by sending only what differs.

    Each row is about one customer. All rows are read and checked, then the customers: by the list of all, or one by one
    where there are up to 200 rows, or where ``external_id`` names one that is merged of several data sources. What a
    customer is to have is compared with what it has, by type: ``"12"`` is the Integer 12, 1.50 the Decimal 1.5, and two
    Timestamps are equal if they are the same moment. A customer that differs takes up to four requests: attributes set,
    attributes removed, tags added, tags removed. A second run over the same rows sends nothing, and a retry what is
    left.

    A row is rejected that lacks a column, holds what does not fit its type, reaches nobody or too many customers, sets
    an attribute that has another type in the account, or contradicts an earlier row about the same customer. With more
    than ``max_rejected`` of them nothing is sent. Empty text is NULL.

    The file of ``result_path`` has a line for each row and customer: ``position``, ``place``, ``customer_uuid``,
    ``state``, ``set``, ``removed``, ``tags_added``, ``tags_removed``.

    Returns ``{"rows", "customers", "unchanged", "changed", "rejected", "unknown", "not_found", "writes",
    "fan_out": {"rows", "customers", "largest"}}``: numbers of rows and the customers that sound ones reach, of rows by
    what became of them, of requests that changed something, and how many rows reach how many customers, one at most the
    largest number. A row with several customers counts by the worst that became of it at one of them.
    Reference: ``/reference/customers/attributes``.

    :param rows: a list of rows; the path or glob of files (JSON Lines, CSV, Parquet); with ``sql_conn_id``, the text of
        a query or a ``.sql`` file; or ``{"path": …, "conn_id": …, "format": …}`` or ``{"sql": …, "conn_id": …,
        "parameters": …}``. A file that ``rejected_path`` named will do as well. (templated)
    :param customer: how a row names its customer: by the column ``customer_uuid``, by ``external_id`` with
        ``data_source_uuid``, or by ``email``, which may reach several. Where columns have other names, a mapping such
        as ``{"external_id": "account_id", "data_source_uuid": "source"}``.
    :param attributes: key of each custom attribute to its type (``String``, ``Integer``, ``Decimal``, ``Timestamp``,
        ``Boolean``), or to ``{"column": …, "type": …}`` where its column has another name.
    :param tags_column: column with the tags of a customer: a list, or text with commas between them.
    :param tag_flags: tag to the column that says whether a customer is to have it.
    :param owned_tags: tags that the rows alone decide about: those of them that ``tags_column`` does not name are taken
        off the customer, and those whose flag is false. Tags, or their beginnings with ``*`` at the end
        (``segment:*``). No other tag is ever taken off: without this, tags are only added.
    :param nulls: ``keep``: NULL leaves the attribute, tag or tags as they are. ``clear``: it removes the attribute, and
        stands for no tags or for false.
    :param data_source_uuid: only customers of this data source, to which ``external_id`` belongs; a row that names
        another one is rejected. Without it, rows by ``external_id`` have a column for theirs. (templated)
    :param max_fan_out: how many customers one row may reach; more reject it.
    :param ignore_missing: a row that names no customer is only counted, instead of being rejected.
    :param check_only: whether to send nothing; the result says what would have been. (templated)
    :param sql_conn_id: Airflow connection of the database. (templated)
    :raises ValueError: an argument cannot be; when the DAG is parsed.
    :raises ChartMogulImportFailedError: more than ``max_rejected`` rows were rejected; the task is not retried.
    :raises ChartMogulImportIncompleteError: ChartMogul could not be reached; a retry sends what is left.
    """

    template_fields: Sequence[str] = (
        *ChartMogulAccountingOperator.template_fields,
        "rows",
        "data_source_uuid",
        "sql_conn_id",
        "check_only",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"rows": "json"}
    result_columns = ("position", "place", "customer_uuid", "state", *CHANGES)

    def __init__(
        self,
        *,
        rows: Sequence[Mapping[str, Any]] | Mapping[str, Any] | str,
        customer: str | Mapping[str, str],
        attributes: Mapping[str, str | Mapping[str, str]] | None = None,
        tags_column: str | None = None,
        tag_flags: Mapping[str, str] | None = None,
        owned_tags: Sequence[str] | str | None = None,
        nulls: Literal["keep", "clear"] = "keep",
        data_source_uuid: str | None = None,
        max_fan_out: int = 1,
        ignore_missing: bool = False,
        check_only: bool | str = False,
        sql_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows = rows
        self.customer = customer
        self.attributes = attributes
        self.tags_column = tags_column
        self.tag_flags = tag_flags
        self.owned_tags = owned_tags
        self.nulls = nulls
        self.data_source_uuid = data_source_uuid
        self.max_fan_out = max_fan_out
        self.ignore_missing = ignore_missing
        self.check_only = check_only
        self.sql_conn_id = sql_conn_id
        self._check_arguments()

    def _check_arguments(self) -> None:
        self._columns()
        check_count("max_fan_out", self.max_fan_out, least=1)
        check_flag("ignore_missing", self.ignore_missing)

    def execute(self, context: Context) -> dict[str, Any]:
        """Return how many rows had which outcome."""
        source = optional_text("data_source_uuid", self.data_source_uuid)
        check_only = required_truth("check_only", self.check_only)
        self.check_paths()
        rows = open_rows(
            required_text("rows", self.rows) if isinstance(self.rows, str) else self.rows,
            path_conn_id=optional_text("path_conn_id", self.path_conn_id),
            sql_conn_id=optional_text("sql_conn_id", self.sql_conn_id),
        )
        client, columns = self.hook.get_conn(), self._columns()
        with Ledger() as ledger:
            enrichment = compare(
                client,
                rows,
                columns,
                ledger,
                data_source_uuid=source,
                max_fan_out=self.max_fan_out,
                ignore_missing=self.ignore_missing,
            )
            with self.accounted(enrichment):
                push(client, columns, enrichment, max_rejected=self.max_rejected, check_only=check_only)
            return self.conclude(enrichment)

    def _columns(self) -> Columns:
        return Columns.given(
            customer=self.customer,
            attributes=self.attributes,
            tags_column=self.tags_column,
            tag_flags=self.tag_flags,
            owned_tags=self.owned_tags,
            nulls=self.nulls,
        )
