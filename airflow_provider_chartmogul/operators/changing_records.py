"""What operators share that change or delete records which are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import Problem, problems
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send
    from airflow_provider_chartmogul.operators.records import RecordsOrPath


class ChartMogulUpdateRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that change records; each record names its ``uuid`` and the fields to change.

    A record that does not exist is rejected. The count is ``updated``.
    """

    states = ("updated",)

    @property
    def key_fields(self) -> tuple[str, ...]:
        """Fields that together tell records apart: a record must not be changed twice at the same time."""
        return self.names

    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change one record."""
        self.resource(client).update(uuid, **changes)

    def uuid_of(self, client: ChartMogulClient, record: Record) -> str:
        """Return the id of the record that a record names."""
        return str(record[self.id_field])

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a record; without a name or without changes nothing can be done."""
        changed = changes(record, self.names)
        wrong = problems(self.kind, changed, partial=True) if changed else [Problem("", "names no field to change")]
        return [*self.name_problems(record), *wrong]

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what changes one record."""

        def send(record: Record) -> Sent:
            uuid = self.uuid_of(client, record)
            self.update(client, uuid, changes(record, self.names))
            return Sent("updated", uuid)

        return send


class ChartMogulDeleteRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators that delete records. Counts are ``deleted`` and ``missing``.

    :param uuids: id of a record, or several of them, such as the ``uuids`` that other operators return. (templated)
    :param records: instead of ``uuids``: a record with its ``uuid``, a list of them, or the path of a JSON Lines file.
        (templated)
    :param ignore_missing: a record that does not exist is success; otherwise it is rejected.
    :raises ValueError: neither or both of ``uuids`` and ``records``; when the DAG is parsed.
    """

    template_fields: Sequence[str] = (*ChartMogulRecordsOperator.template_fields, "uuids")
    states = ("deleted", "missing")

    def __init__(
        self,
        *,
        uuids: str | Sequence[str] | None = None,
        records: RecordsOrPath | None = None,
        ignore_missing: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(records=records if records is not None else [], **kwargs)
        self.uuids = uuids
        self.ignore_missing = ignore_missing
        if (uuids is None) == (records is None):
            raise ValueError("give either uuids or records")

    def delete(self, client: ChartMogulClient, record: Record) -> None:
        """Delete one record."""
        self.resource(client).delete(record[self.id_field])

    def read(self) -> list[Any]:
        """Return the records as they were given."""
        if self.uuids is None:
            return super().read()
        uuids = [self.uuids] if isinstance(self.uuids, str) else self.uuids
        return [{self.id_field: uuid} for uuid in uuids]

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


def changes(record: Mapping[str, Any], names: Sequence[str]) -> Record:
    """Return the fields of a record that do not name it."""
    return {name: value for name, value in record.items() if name not in names}
