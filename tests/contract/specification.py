"""The API as ``openapi.yaml`` describes it: its operations, and what an answer of each must look like."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = Path(__file__).with_name("openapi.yaml")
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
#: What every operation may answer, declared there or not: too many requests, and input that cannot be read. That is a
#: parameter of the query which is unusable or lacking (``per_page``, ``cursor``, ``external_id``), or a body that is no
#: JSON object; such a 400 names the parameter, or none.
EVERYWHERE = {
    "400": {"$ref": "#/components/responses/BadRequest"},
    "429": {"$ref": "#/components/responses/RateLimited"},
}
#: Refusals that the facts ask for though the operation does not declare them: path, method and status, and the method
#: of the same path whose answers they are like.
REFUSALS = (
    # "Customers of pre-built integrations cannot be removed here", but no status says so.
    ("/customers/{customer_uuid}", "delete", "422", "patch"),
    # Of all that is done to events: 400 for a missing envelope, 422 for fields missing in it.
    ("/subscription_events", "patch", "400", "post"),
    ("/subscription_events", "delete", "400", "post"),
    ("/subscription_events", "delete", "422", "patch"),
)
_URI = "urn:chartmogul:openapi"


@cache
def document() -> dict[str, Any]:
    """Read the description, once, and add :data:`REFUSALS`."""
    loaded: dict[str, Any] = yaml.load(PATH.read_text(encoding="utf-8"), yaml.CSafeLoader)
    for path, method, status, like in REFUSALS:
        operations_there = loaded["paths"][path]
        operations_there[method]["responses"][status] = operations_there[like]["responses"][status]
    return loaded


@dataclass(frozen=True)
class Operation:
    """One operation of the description.

    :param id: its ``operationId``.
    :param docs: its page of the reference.
    """

    id: str
    method: str
    path: str
    core: bool
    docs: str | None

    @property
    def key(self) -> str:
        """Method and path without the names of its parameters: what the emulator's routes can be compared with."""
        return unnamed(f"{self.method} {self.path}")

    @property
    def described(self) -> dict[str, Any]:
        """All that the description says of it."""
        found: dict[str, Any] = document()["paths"][self.path][self.method.lower()]
        return found

    def answers(self) -> dict[str, Any]:
        """Return what may be answered by status: ``200``, ``5XX``."""
        return EVERYWHERE | self.described["responses"]

    def reads(self, parameter: str | None) -> bool:
        """Tell whether it reads a parameter from the query; None stands for the body as a whole."""
        if parameter is None:
            return "requestBody" in self.described
        named = (_resolved(one) for one in self.described.get("parameters", ()))
        return any(one["in"] == "query" and one["name"] == parameter for one in named)


def unnamed(operation: str) -> str:
    """Take the names of path parameters out: ``GET /plans/{uuid}`` becomes ``GET /plans/{}``."""
    return re.sub(r"\{[^}]*\}", "{}", operation)


@cache
def operations() -> dict[str, Operation]:
    """Return all operations by :attr:`Operation.key`, in the order of the description."""
    found = [
        Operation(
            id=operation["operationId"],
            method=method.upper(),
            path=path,
            core=operation.get("x-core", False),
            docs=operation.get("x-docs"),
        )
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
    return {operation.key: operation for operation in found}


def problem(operation: Operation, status: int, content_type: str, body: bytes) -> str | None:
    """Tell what is wrong with an answer, shortly; None if nothing is.

    :param content_type: the header as it was sent, empty without one.
    """
    allowed = operation.answers()
    code = next((code for code in (str(status), f"{status // 100}XX") if code in allowed), None)
    if code is None:
        return f"status {status} is not declared"
    content = _resolved(allowed[code]).get("content", {})
    if not content:
        return None if not body and not content_type else f"{status} has a body or a content type"
    media_type = content_type.partition(";")[0].strip()
    if media_type not in content:
        return f"{status} of content type {content_type!r}, not {' or '.join(content)}"
    try:
        value = json.loads(body) if media_type == "application/json" else body.decode()
    except ValueError as error:
        return f"{status} of {media_type} cannot be read: {error}"
    fault = _fault(_validator(operation.key, code, media_type), status, value)
    if fault is None and status == 400 and "400" not in operation.described["responses"]:
        return None if operation.reads(value["param"]) else f"status 400 is not declared for {value['param']!r}"
    return fault


def _fault(validator: Any, status: int, value: Any) -> str | None:
    if validator.is_valid(value):
        return None
    first = next(validator.iter_errors(value))
    where = "/".join(map(str, first.instance_path)) or "(whole body)"
    return f"{status} at {where}: {first.message[:200]}"


@cache
def _validator(key: str, code: str, media_type: str) -> Any:
    operation = operations()[key]
    answer = operation.answers()[code]
    # The schema is addressed where it stands, so that its own references lead on from there.
    base = answer.get("$ref") or "#/" + "/".join(
        part.replace("~", "~0").replace("/", "~1")
        for part in ("paths", operation.path, operation.method.lower(), "responses", code)
    )
    pointer = f"{base}/content/{media_type.replace('/', '~1')}/schema".replace("{", "%7B").replace("}", "%7D")
    return jsonschema_rs.validator_for({"$ref": _URI + pointer}, validate_formats=True, registry=_registry())


@cache
def _registry() -> Any:
    return jsonschema_rs.Registry([(_URI, document())])


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node
