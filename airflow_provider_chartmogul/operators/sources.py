"""What operators share that read billing records from sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow_provider_chartmogul.imports.records import INPUT_KINDS
from airflow_provider_chartmogul.imports.sources import check_mapping, open_source
from airflow_provider_chartmogul.operators.base import is_plain, optional_text
from airflow_provider_chartmogul.operators.files import ChartMogulFilesOperator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_chartmogul.imports import Given

Source = list[dict[str, Any]] | dict[str, Any] | list[str] | str
"""Records, the path of files, or ``{"path": …}`` or ``{"sql": …}`` with further keys; see ``open_source``."""

SOURCES: Final = (*INPUT_KINDS, "records")


class ChartMogulSourcesOperator(ChartMogulFilesOperator):
    """Base of the operators that read billing records: a source for each kind of them.

    Each source is a list of records, the path of files (with ``*`` for several) or, with ``sql_conn_id``, the text of a
    query or a ``.sql`` file, or a mapping with ``path`` or ``sql``, as
    :func:`~airflow_provider_chartmogul.imports.sources.open_source` says.

    :param plans: plans. (templated)
    :param customers: customers. (templated)
    :param invoices: invoices, with ``line_items`` and ``transactions`` in them or beside them. (templated)
    :param line_items: line items that name their invoice by ``invoice_external_id``. (templated)
    :param transactions: transactions that name their invoice by ``invoice_external_id``. (templated)
    :param subscription_events: subscription events. (templated)
    :param records: records of mixed kinds, each as ``{"kind": "invoices", "record": {…}}``: the form in which
        rejected records and plans of fixes are written. With ``"replace": true`` an invoice of the same
        ``external_id`` gives way. (templated)
    :param mappings: for each kind, how the fields of the API are made of the columns of its source; a source that is a
        mapping may have its own ``mapping``. (templated)
    :param sql_conn_id: Airflow connection of the database, if texts are queries. (templated)
    :param parameters: parameters of these queries, in the form that the driver wants. (templated)
    :raises ValueError: there is no source, or a mapping cannot be used; when the DAG is parsed, as far as it is not
        templated.
    """

    template_fields: Sequence[str] = (
        *ChartMogulFilesOperator.template_fields,
        *SOURCES,
        "mappings",
        "sql_conn_id",
        "parameters",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = dict.fromkeys((*SOURCES, "mappings", "parameters"), "json")

    def __init__(
        self,
        *,
        plans: Source | None = None,
        customers: Source | None = None,
        invoices: Source | None = None,
        line_items: Source | None = None,
        transactions: Source | None = None,
        subscription_events: Source | None = None,
        records: Source | None = None,
        mappings: Mapping[str, Mapping[str, Any]] | None = None,
        sql_conn_id: str | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plans = plans
        self.customers = customers
        self.invoices = invoices
        self.line_items = line_items
        self.transactions = transactions
        self.subscription_events = subscription_events
        self.records = records
        self.mappings = mappings
        self.sql_conn_id = sql_conn_id
        self.parameters = parameters
        if all(getattr(self, name) is None for name in SOURCES):
            raise ValueError(f"give at least one of {', '.join(SOURCES)}")
        if is_plain(mappings):
            self._checked_mappings()

    def given(self) -> Iterator[Given]:
        """Yield the records of all sources."""
        mappings = self._checked_mappings()
        for name in SOURCES:
            spec = getattr(self, name)
            # what a template has made of nothing
            if spec not in (None, "", []):
                yield from self.open_source(name, spec, mappings.get(name))

    def open_source(self, name: str, spec: Any, mapping: Mapping[str, Any] | None) -> Iterator[Given]:
        """Open the source that an argument gives."""
        sql_conn_id = optional_text("sql_conn_id", self.sql_conn_id)
        if sql_conn_id and isinstance(spec, str):
            spec = {"sql": spec, "parameters": self.parameters}
        return open_source(
            None if name == "records" else name,
            spec,
            path_conn_id=optional_text("path_conn_id", self.path_conn_id),
            sql_conn_id=sql_conn_id,
            mapping=mapping,
            name=name,
        )

    def _checked_mappings(self) -> Mapping[str, Mapping[str, Any]]:
        mappings = self.mappings or {}
        for kind, mapping in mappings.items():
            if kind not in INPUT_KINDS:
                raise ValueError(f"mappings has {kind!r}, which is none of {', '.join(INPUT_KINDS)}")
            check_mapping(kind, mapping)
        return mappings
