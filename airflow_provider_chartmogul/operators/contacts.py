"""Operators on contacts, the people at customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.client.fields import Problem
from airflow_provider_chartmogul.client.resources.contacts import find_merged
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError
from airflow_provider_chartmogul.imports.each import Sent
from airflow_provider_chartmogul.operators.changing_records import (
    ChartMogulDeleteRecordsOperator,
    ChartMogulUpdateRecordsOperator,
)
from airflow_provider_chartmogul.operators.keyless_records import ChartMogulCreateKeylessRecordsOperator, as_words
from airflow_provider_chartmogul.operators.records import ChartMogulRecordsOperator, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_chartmogul.client import ChartMogulClient
    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.each import Send

PAIR = ("into_contact_uuid", "from_contact_uuid")


class ChartMogulCreateContactsOperator(ChartMogulCreateKeylessRecordsOperator):
    """Add contacts to customers. Reference: ``/reference/contacts/add``.

    A record has ``customer_uuid`` and ``data_source_uuid`` (one of the customer's), and may have ``first_name``,
    ``last_name``, ``email``, ``title``, ``phone``, ``linked_in``, ``twitter`` (URLs), ``notes``, ``position``,
    ``external_id``, ``last_seen`` and ``custom`` (a list of ``{"key", "value"}``, of keys that the account defines).

    Identity fields, within customer and data source: ``external_id``; of records without one, ``email``,
    ``first_name``, ``last_name`` and ``phone``. A record without any of them is created by every run. Arguments and
    result as :class:`ChartMogulCreateKeylessRecordsOperator`.
    """

    kind = "contacts"
    place = ("customer_uuid", "data_source_uuid")
    identity = dict.fromkeys(("external_id", "email", "first_name", "last_name", "phone"), as_words)

    def identity_of(self, record: Mapping[str, Any]) -> Record:
        """Return the external id alone where there is one."""
        given = super().identity_of(record)
        return {"external_id": given["external_id"]} if "external_id" in given else given


class ChartMogulUpdateContactsOperator(ChartMogulUpdateRecordsOperator):
    """Change contacts. Reference: ``/reference/update-a-contact``.

    A record has the ``uuid`` of the contact and the fields to change, as in :class:`ChartMogulCreateContactsOperator`
    except customer and data source; ``None`` empties a field. Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulUpdateRecordsOperator`.
    """

    kind = "contacts"


class ChartMogulDeleteContactsOperator(ChartMogulDeleteRecordsOperator):
    """Delete contacts.

    Arguments and result as
    :class:`~airflow_provider_chartmogul.operators.changing_records.ChartMogulDeleteRecordsOperator`.
    """

    kind = "contacts"


class ChartMogulMergeContactsOperator(ChartMogulRecordsOperator):
    """Fold contacts into others, for good: what is empty in one that stays is filled from the other.

    A record is ``{"into_contact_uuid": …, "from_contact_uuid": …}``: the contact that stays, and the one that goes.
    Several are merged at the same time, in no certain order. Counts are ``merged`` and ``already_merged``: the one that
    goes is gone, as it is after a merge. Arguments and result (``uuids``: those of the contacts that stay) as
    :class:`~airflow_provider_chartmogul.operators.records.ChartMogulRecordsOperator`.
    Reference: ``/reference/merge-contacts``.
    """

    kind = "contact_merges"
    states = ("merged", "already_merged")
    key_fields = ("from_contact_uuid",)

    def problems(self, record: Record) -> list[Problem]:
        """Return what is wrong with a pair of contacts."""
        if found := super().problems(record) or [problem for name in PAIR for problem in missing(name, record)]:
            return found
        same = record["into_contact_uuid"] == record["from_contact_uuid"]
        return [Problem("from_contact_uuid", "is the contact that stays")] if same else []

    def sender(self, client: ChartMogulClient) -> Send:
        """Return what merges two contacts."""

        def send(record: Record) -> Sent:
            into, source = (record[name] for name in PAIR)
            try:
                client.contacts.merge(into, source)
            except ChartMogulNotFoundError:
                if find_merged(client.contacts, into, source) is None:
                    raise
                return Sent("already_merged", into)
            return Sent("merged", into)

        return send
