"""What operators share that change or delete records which are there already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import Problem, problems
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports import Given
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.base import check_flag
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator, refuse_empty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send
    from airflow_provider_chartmogul.operators.records import Records


class ChartMogulUpdateRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that change records; each record names its ``uuid`` and the fields to change.

    A record that does not exist is rejected. The count is ``updated``.
    """

    states = ("updated",)

    def key_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that tell this record apart: what it names must not be changed twice at the same time."""
        return self.names_of(record)

    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change one record."""
        self.resource(client).update(uuid, **changes)

    def uuid_of(self, client: ChartMogulClient, record: Record) -> str:
        """Return the id of the record that a record names."""
        return str(record[self.id_field])

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; without a name or without changes nothing can be done."""
        changed = changes(record, self.names_of(record))
        wrong = problems(self.kind, changed, partial=True) if changed else [Problem("", "names no field to change")]
        return [*self.name_problems(record), *wrong]

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what changes one record."""

        def send(record: Record) -> Sent:
            uuid = self.uuid_of(client, record)
            self.update(client, uuid, changes(record, self.names_of(record)))
            return Sent("updated", uuid)

        return send


class ChartMogulDeleteRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that delete records. Counts are ``deleted`` and ``missing``.

    :param uuids: id of a record, or several of them, such as the ``uuids`` that other operators return; a ``None``
        among them (of a record that failed there) is rejected. (templated)
    :param records: instead of ``uuids``: a source of records with their ``uuid``, as in
        :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`. (templated)
    :param ignore_missing: a record that does not exist is success; otherwise it is rejected.
    :raises ValueError: neither or both of ``uuids`` and ``records``, or one of them is an empty list; when the DAG is
        parsed, or neither is left when templates are rendered.
    """

    template_fields: Sequence[str] = (*ChartMogulRecordsOperator.template_fields, "uuids")
    states = ("deleted", "missing")

    def __init__(
        self,
        *,
        uuids: str | int | Sequence[str | int | None] | None = None,
        records: Records | None = None,
        ignore_missing: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(records=records, **kwargs)
        self.uuids = uuids
        self.ignore_missing = ignore_missing
        self._check_which()
        refuse_empty("uuids", uuids)
        check_flag("ignore_missing", ignore_missing)

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete one record."""
        self.resource(client).delete(record[self.id_field])

    def read(self) -> list[Given]:
        """Return the records as they were given."""
        # once more: rendering may have left nothing
        self._check_which()
        given: Any = self.uuids
        if given is None:
            return super().read()
        if isinstance(given, str | int):
            given = [given]
        elif not isinstance(given, Sequence):
            raise TypeError(f"uuids must be an id or a list of them, not {type(given).__name__}")
        return [
            Given(self.kind, {self.id_field: one}, f"record {position}") for position, one in enumerate(given, start=1)
        ]

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a record."""
        return self.name_problems(record)

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what deletes one record."""

        def send(record: Record) -> Sent:
            try:
                self.delete(client, record)
            except ChartMogulNotFoundError:
                if not self.ignore_missing:
                    raise
                return Sent("missing", record.get(self.id_field))
            return Sent("deleted", record.get(self.id_field))

        return send

    def _check_which(self) -> None:
        if (self.uuids is None) == (self.records is None):
            raise ValueError("give either uuids or records")


def changes(record: Mapping[str, Any], names: Sequence[str]) -> Record:
    """Return the fields of a record that do not name it."""
    return {name: value for name, value in record.items() if name not in names}
