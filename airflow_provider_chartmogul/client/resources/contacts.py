"""Contacts: the people at a customer."""

from __future__ import annotations

from typing import Any

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

_FIELDS = ("uuid",)
_SHAPE = PageShape("entries", must_have=_FIELDS)


class ContactsResource(Resource):
    """``client.contacts``. Nothing tells a contact from its double: two may have the same e-mail address."""

    def list(
        self,
        *,
        email: str | None = None,
        customer_uuid: str | None = None,
        customer_external_id: str | None = None,
        data_source_uuid: str | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the contacts of the account, newest first.

        Reference: ``/reference/list-all-contacts``.

        :param email: exact address.
        :param customer_external_id: external id of the customer.
        """
        params = {
            "email": email,
            "customer_uuid": customer_uuid,
            "customer_external_id": customer_external_id,
            "data_source_uuid": data_source_uuid,
        }
        return self._listing("/contacts", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def list_for_customer(
        self,
        customer_uuid: str,
        *,
        data_source_uuid: str | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List the contacts of one customer, newest first.

        Reference: ``/reference/list-customers-contacts``.

        :raises ChartMogulNotFoundError: while reading, when there is no such customer.
        """
        url = path("/customers/{}/contacts", customer_uuid)
        params = {"data_source_uuid": data_source_uuid}
        return self._listing(url, params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(self, *, customer_uuid: str, data_source_uuid: str, **fields: Any) -> Record:
        """Add a contact to a customer. Has no key: not repeated when it may have been done.

        Reference: ``/reference/contacts/add``.

        :param data_source_uuid: one of the customer's data sources.
        :param fields: ``first_name``, ``last_name``, ``email``, ``title``, ``phone``, ``linked_in`` and ``twitter``
            (URLs), ``notes``, ``position`` (in the customer's profile; the next free one), ``external_id``,
            ``last_seen``, ``custom`` (a list of ``{"key": …, "value": …}``; the answer has a map, in which keys
            that the account does not define are missing).
        :raises ChartMogulNotFoundError: no such customer.
        :raises ChartMogulUnprocessableError: a field is refused.
        :raises ChartMogulAmbiguousWriteError: it may or may not have been added.
        """
        body = checked("contacts", {"customer_uuid": customer_uuid, "data_source_uuid": data_source_uuid, **fields})
        return self._api.post_unkeyed("/contacts", body, must_have=_FIELDS)

    def create_for_customer(self, customer_uuid: str, *, data_source_uuid: str, **fields: Any) -> Record:
        """Add a contact to a customer: :meth:`create` under the customer's own address.

        Reference: ``/reference/customers/add-contact``.
        """
        url = path("/customers/{}/contacts", customer_uuid)
        record = checked("contacts", {"customer_uuid": customer_uuid, "data_source_uuid": data_source_uuid, **fields})
        body = {name: value for name, value in record.items() if name != "customer_uuid"}
        return self._api.post_unkeyed(url, body, must_have=_FIELDS)

    def retrieve(self, contact_uuid: str) -> Record:
        """Return one contact.

        Reference: ``/reference/retrieve-a-contact``.

        :raises ChartMogulNotFoundError: there is none with this uuid, or it was merged into another.
        """
        return self._api.get(path("/contacts/{}", contact_uuid), must_have=_FIELDS)

    def update(self, contact_uuid: str, **fields: Any) -> Record:
        """Change the given fields and return the contact. Repeated at will.

        Reference: ``/reference/update-a-contact``.

        :param fields: as in :meth:`create`, except customer and data source. ``None`` empties any of them but
            ``position`` and ``custom``.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        body = checked("contacts", fields, partial=True)
        return self._api.patch(path("/contacts/{}", contact_uuid), body, must_have=_FIELDS)

    def delete(self, contact_uuid: str) -> None:
        """Delete a contact. Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/contacts/{}", contact_uuid))

    def merge(self, into_contact_uuid: str, from_contact_uuid: str) -> Record:
        """Fold the second contact into the first, at once and for good, and return the one that stays.

        What is empty in the first is filled from the second, and their notes are joined. After a failure that leaves
        open whether it was done, a second contact that is gone counts as merged; otherwise it is asked for again.

        Reference: ``/reference/merge-contacts``.

        :return: the contact; ``customer_uuid`` may be ``None`` in this answer.
        :raises ChartMogulNotFoundError: one of the two does not exist.
        """
        return self._api.post_keyed(
            path("/contacts/{}/merge/{}", into_contact_uuid, from_contact_uuid),
            {},
            find=lambda: find_merged(self, into_contact_uuid, from_contact_uuid),
            must_have=_FIELDS,
        )


def find_merged(contacts: ContactsResource, into_contact_uuid: str, from_contact_uuid: str) -> Record | None:
    """Return the contact that stays if the other one is gone, as it is after a merge.

    :raises ChartMogulNotFoundError: the one that stays is not there.
    """
    try:
        contacts.retrieve(from_contact_uuid)
    except ChartMogulNotFoundError:
        return contacts.retrieve(into_contact_uuid)
    return None
