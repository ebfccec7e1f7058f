"""What operators share whose records have a key of your own: ``external_id`` within a data source."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_chartmogul.client.errors import says_duplicate
from airflow_provider_chartmogul.exceptions import ChartMogulUnprocessableError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.imports.records import digest, sendable
from airflow_provider_chartmogul.operators.base import is_literal, optional_text
from airflow_provider_chartmogul.operators.changing_records import ChartMogulDeleteRecordsOperator, changes
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.fields import Problem
    from airflow_provider_chartmogul.client.pagination import Listing
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send

IF_EXISTS = ("skip", "update", "fail")


class ChartMogulKeyedRecordsOperator(ChartMogulRecordsOperator):
    """Base of the operators whose records may be named by ``external_id`` within a data source.

    :param data_source_uuid: data source of all records that name none. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulRecordsOperator.template_fields, "data_source_uuid")

    def __init__(self, *, data_source_uuid: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_source_uuid = data_source_uuid

    @property
    def names(self) -> tuple[str, ...]:
        """Fields that name a record that is there already."""
        return ("data_source_uuid", self.id_field, "external_id")

    def names_of(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields that name a record: beside ChartMogul's own id, yours is a field like any other."""
        named = self.has_id(record)
        return tuple(name for name in self.names if not (named and name == "external_id"))

    def completer(self) -> Callable[[Mapping[str, Any]], Record]:
        """Return what gives a record the data source of all, unless it needs none."""
        return lambda record: dict(record) if self.has_id(record) else self.with_data_source(record)

    def has_id(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record names its own id; an empty one is a column without a value."""
        return record.get(self.id_field) not in (None, "")

    def with_data_source(self, record: Mapping[str, Any]) -> Record:
        """Return a record with the data source of all, unless it names one."""
        data_source_uuid = optional_text("data_source_uuid", self.data_source_uuid)
        own = record.get("data_source_uuid") not in (None, "")
        return dict(record) if own or not data_source_uuid else {**record, "data_source_uuid": data_source_uuid}

    def name_problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with the name of a record that is there already."""
        if self.has_id(record) or record.get("external_id") is None:
            return self.id_problems(record)
        return [*missing("data_source_uuid", record), *missing("external_id", record)]


class ChartMogulDeleteKeyedRecordsOperator(ChartMogulKeyedRecordsOperator, ChartMogulDeleteRecordsOperator):
    """Base of the operators that delete records named by uuid, or in ``records`` by ``external_id``."""

    template_fields: Sequence[str] = (*ChartMogulDeleteRecordsOperator.template_fields, "data_source_uuid")


class ChartMogulImportRecordsOperator(ChartMogulKeyedRecordsOperator):
    """Base of the operators that create records which have a natural key.

    If there is a record of the same key, ``if_exists`` decides; otherwise one is created. A record without
    ``external_id`` gets one that is made of its content, so that another run finds it; in the file of ``rejected_path``
    a record that was refused has it. Counts are ``created``, ``updated`` and ``already_there``.

    :param if_exists: ``skip`` leaves a record that is there as it is, ``update`` changes it to the fields given,
        ``fail`` rejects it; then also what an earlier try of the same task has created is rejected. The last two look
        each record up before anything is sent. ``skip`` does not: where the answer to a creation is lost, a record that
        is found then counts as created, whoever made it. (templated)
    """

    template_fields: Sequence[str] = (*ChartMogulKeyedRecordsOperator.template_fields, "if_exists")
    states = ("created", "updated", "already_there")
    key_fields: ClassVar[tuple[str, ...]] = ("data_source_uuid", "external_id")

    derived_id: ClassVar[str] = ""
    """What the ``external_id`` begins with that a record without one gets; empty if each must have its own."""

    def __init__(self, *, if_exists: str = "skip", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.if_exists = if_exists
        if is_literal(if_exists):
            self._check_if_exists()

    def create(self, client: ChartMogulClient, record: Record) -> Record:
        """Create a record and return the answer."""
        answer: Record = self.resource(client).create(**record)
        return answer

    def find(self, client: ChartMogulClient, record: Record) -> Record | None:
        """Return the record that is there under the same key."""
        same: Listing = self.resource(client).list(**key_of(record))
        return same.first()

    def update(self, client: ChartMogulClient, uuid: str, changes: Record) -> None:
        """Change the record that is there."""
        self.resource(client).update(uuid, **changes)

    def resolver(self, client: ChartMogulClient) -> Callable[[Record], Record]:
        """Return what makes of a record one that the API takes; called once for each run of the task."""
        return lambda record: record

    def completer(self) -> Callable[[Mapping[str, Any]], Record]:
        """Return what gives a record the data source of all, and an external id."""
        # once more: it may have been a template
        self._check_if_exists()
        equal_before: Counter[str] = Counter()

        def complete(record: Mapping[str, Any]) -> Record:
            completed = self.with_data_source(record)
            if self.derived_id and completed.get("external_id") in (None, ""):
                derived = f"{self.derived_id}-{digest(sendable(record))}"
                equal_before[derived] += 1
                # records without an id of their own may well be equal and still be meant
                number = f"-{equal_before[derived]}" if equal_before[derived] > 1 else ""
                completed["external_id"] = f"{derived}{number}"
            return completed

        return complete

    def is_repeatable(self, record: Mapping[str, Any]) -> bool:
        """Tell whether another run takes this record for done: not if what is there already counts as a failure."""
        return self.if_exists != "fail"

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what creates one record, or does with the one that is there what ``if_exists`` says."""
        resolve = self.resolver(client)

        def send(given: Record) -> Sent:
            record = resolve(given)
            # first: what is found after the answer to a creation was lost would pass for created
            found = None if self.if_exists == "skip" else self.find(client, record)
            if found is None:
                try:
                    return Sent("created", self.create(client, record).get(self.id_field))
                except ChartMogulUnprocessableError as error:
                    known = says_duplicate(error) and self.if_exists != "fail"
                    found = self.find(client, record) if known else None
                    if found is None:
                        raise
            if self.if_exists == "fail":
                return Sent("rejected", None, (("external_id", "already exists"),))
            changed = changes(record, self.names)
            if self.if_exists == "update" and changed:
                self.update(client, found[self.id_field], changed)
                return Sent("updated", found.get(self.id_field))
            return Sent("already_there", found.get(self.id_field))

        return send

    def _check_if_exists(self) -> None:
        if self.if_exists not in IF_EXISTS:
            raise ValueError(f"if_exists must be one of {', '.join(IF_EXISTS)}, not {self.if_exists!r}")


def key_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data_source_uuid`` and ``external_id`` of a record."""
    return {"data_source_uuid": record["data_source_uuid"], "external_id": record["external_id"]}
