"""What operators share that create records which have a natural key."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul.client.errors import says_duplicate
from airflow_provider_chartmogul.exceptions import ChartMogulUnprocessableError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.base import is_literal
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator, Record, Send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client import ChartMogulClient

IF_EXISTS = ("skip", "update", "fail")


class ChartMogulImportRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that create records which have a natural key.

    A record is created; if ChartMogul says that there is one of its key, ``if_exists`` decides. A record without
    ``external_id`` gets one that is made of its content, so that another run finds it. Counts are ``created``,
    ``updated`` and ``already_there``.

    :param data_source_uuid: data source of all records that name none. (templated)
    :param if_exists: ``skip`` leaves a record that is there as it is, ``update`` changes it to the fields given,
        ``fail`` rejects it; then also what an earlier try of the same task has created is rejected. (templated)
    """

    template_fields: Sequence[str] = (
        *ChartMogulRecordsOperator.template_fields,
        "data_source_uuid",
        "if_exists",
    )
    states = ("created", "updated", "already_there")
    id_field: ClassVar[str] = "uuid"
    """The field of an answer that holds the id."""

    def __init__(self, *, data_source_uuid: str | None = None, if_exists: str = "skip", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid
        self.if_exists = if_exists
        if is_literal(if_exists):
            self._check_if_exists()

    @abstractmethod
    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create a record and return the answer."""

    @abstractmethod
    def find(self, client: ChartMogulClient, record: Record) -> Record | None:
        """Return the record that is there under the same key."""

    @abstractmethod
    def update(self, client: ChartMogulClient, found: Record, record: Record) -> None:
        """Change the record that is there to the fields of another."""

    def resolver(self, client: ChartMogulClient) -> Callable[[Record], Record]:
        """Return what puts uuids into a record in place of your own identifiers; called once for each run."""
        return lambda record: record

    @property
    def repeatable(self) -> bool:
        """Not if what is there already counts as a failure."""
        return self.if_exists != "fail"

    def execute(self, context: Context) -> dict[str, Any]:
        """Return ``{"records": number, …: number of each outcome}``, up to 100 records with ``"uuids"``."""
        # once more: it may have been a template
        self._check_if_exists()
        return super().execute(context)

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what creates one record, or does with the one that is there what ``if_exists`` says."""
        resolve = self.resolver(client)

        def send(given: Record) -> Sent:
            record = resolve(given)
            try:
                return Sent("created", self.create(client, record).get(self.id_field))
            except ChartMogulUnprocessableError as error:
                found = self.find(client, record) if self.repeatable and says_duplicate(error) else None
                if found is None:
                    raise
            if self.if_exists == "update":
                self.update(client, found, record)
                return Sent("updated", found.get(self.id_field))
            return Sent("already_there", found.get(self.id_field))

        return send

    def _check_if_exists(self) -> None:
        if self.if_exists not in IF_EXISTS:
            raise ValueError(f"if_exists must be one of {', '.join(IF_EXISTS)}, not {self.if_exists!r}")
