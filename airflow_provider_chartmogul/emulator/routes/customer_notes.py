"""Notes and call logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.emulator.routes.crm import Resource, equal
from airflow_provider_chartmogul.emulator.settings import KEY_OWNER
from airflow_provider_chartmogul.emulator.store.crm_fields import Field, email, integer, moment, text, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_chartmogul.emulator.store.crm import Entry

_KINDS = ("note", "call")
#: Seconds that recorded calls without a duration came back with.
_DEFAULT_DURATION = 60


class _Notes(Resource):
    def show(self, entry: Entry) -> dict[str, Any]:
        body = super().show(entry)
        if body["type"] == "note":
            body["call_duration"] = 0
        author = _author(body.pop("author_email"))
        return {**body, "author": author}


def _author(address: str) -> str:
    """Render an author; nobody has given the users names, so that they go by their addresses."""
    name = address.rpartition("@")[0].replace(".", " ").replace("_", " ").title()
    return f"{name} ({address})"


def _kind(wanted: str) -> Callable[[Entry], bool]:
    return equal("type")(word(*_KINDS)(wanted))


OPERATIONS = _Notes(
    "note",
    "/customer_notes",
    lambda crm: crm.notes,
    fields={
        "type": Field(word(*_KINDS), required=True, fixed=True),
        "text": Field(text, ""),
        "call_duration": Field(integer(0), _DEFAULT_DURATION),
        "author_email": Field(email, KEY_OWNER),
        "created_at": Field(moment),
        "updated_at": Field(moment),
    },
    filters={"type": _kind, "author_email": equal("author_email")},
    prefix="note_",
).operations()
