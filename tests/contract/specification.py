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
#: What every operation may answer, declared there or not: input that cannot be read (an unusable ``per_page``, a body
#: that is no JSON object) and too many requests.
EVERYWHERE = {
    "400": {"$ref": "#/components/responses/BadRequest"},
    "429": {"$ref": "#/components/responses/RateLimited"},
}
_URI = "urn:chartmogul:openapi"


@cache
def document() -> dict[str, Any]:
    """Read the description, once."""
    loaded: dict[str, Any] = yaml.load(PATH.read_text(encoding="utf-8"), yaml.CSafeLoader)
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

    def answers(self) -> dict[str, Any]:
        """Return what may be answered by status: ``200``, ``5XX``."""
        return EVERYWHERE | document()["paths"][self.path][self.method.lower()]["responses"]


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
    return _fault(_validator(operation.key, code, media_type), status, value)


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
