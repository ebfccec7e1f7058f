"""Notes and call logs of customers."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_chartmogul.client.fields import checked
from airflow_provider_chartmogul.client.pagination import Listing, PageShape
from airflow_provider_chartmogul.client.resources._resource import Resource
from airflow_provider_chartmogul.client.values import Record, path

NoteType = Literal["note", "call"]

_FIELDS = ("uuid",)
_SHAPE = PageShape("entries", must_have=_FIELDS)


class CustomerNotesResource(Resource):
    """``client.customer_notes``. What is sent as ``author_email`` is read as ``author``: ``Name (e-mail)``."""

    def list(
        self,
        *,
        customer_uuid: str | None = None,
        type: NoteType | None = None,  # noqa: A002 - the API's name
        author_email: str | None = None,
        per_page: int = 200,
        cursor: str | None = None,
    ) -> Listing:
        """List notes and call logs of the account or of one customer, newest first.

        Reference: ``/reference/notes-and-call-logs/list``.

        :param type: only ``note`` or only ``call``.
        """
        params = {"customer_uuid": customer_uuid, "type": type, "author_email": author_email}
        return self._listing("/customer_notes", params, shape=_SHAPE, per_page=per_page, cursor=cursor)

    def create(
        self,
        *,
        customer_uuid: str,
        type: NoteType,  # noqa: A002 - the API's name
        **fields: Any,
    ) -> Record:
        """Add a note or a call log to a customer. Has no key: not repeated when it may have been done.

        Reference: ``/reference/notes-and-call-logs/add``.

        :param type: ``note`` or ``call``.
        :param fields: ``text``, ``author_email`` (a user of the account; else the owner of the key),
            ``call_duration`` (integer seconds, of a call), ``created_at`` (to date it back).
        :raises ChartMogulNotFoundError: no such customer.
        :raises ChartMogulUnprocessableError: a field is refused.
        :raises ChartMogulAmbiguousWriteError: it may or may not have been added.
        """
        body = checked("customer_notes", {"customer_uuid": customer_uuid, "type": type, **fields})
        return self._api.post_unkeyed("/customer_notes", body, must_have=_FIELDS)

    def retrieve(self, note_uuid: str) -> Record:
        """Return one note or call log.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        return self._api.get(path("/customer_notes/{}", note_uuid), must_have=_FIELDS)

    def update(self, note_uuid: str, **fields: Any) -> Record:
        """Change the given fields and return the note or call log. Repeated at will.

        Reference: ``/reference/notes-and-call-logs/update``.

        :param fields: ``text``, ``author_email``, ``call_duration`` (integer seconds), ``created_at``,
            ``updated_at``; type and customer stay.
        :raises ChartMogulNotFoundError: there is none with this uuid.
        :raises ChartMogulUnprocessableError: a value is refused.
        """
        body = checked("customer_notes", fields, partial=True)
        return self._api.patch(path("/customer_notes/{}", note_uuid), body, must_have=_FIELDS)

    def delete(self, note_uuid: str) -> None:
        """Delete a note or call log. Repeated at will.

        :raises ChartMogulNotFoundError: there is none with this uuid.
        """
        self._api.delete(path("/customer_notes/{}", note_uuid))
