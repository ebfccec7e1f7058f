"""The four error bodies of the API as one exception."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ApiError(Exception):
    """An answer that is not a success; route functions raise it.

    :param status: HTTP status.
    :param body: JSON body.
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


def coded(status: int, message: str, param: str | None = None) -> ApiError:
    """``{code, message, param}``: 401 everywhere; customers, metrics, enrichment and CRM services."""
    return ApiError(status, {"code": status, "message": message, "param": param})


def missing(param: str) -> ApiError:
    """400 for a required parameter that was not sent, in the style of the metrics and enrichment services."""
    return coded(400, f"parameter '{param}' is required", param)


def invalid(param: str) -> ApiError:
    """400 for a parameter that cannot be read."""
    return coded(400, f"parameter '{param}' has an unknown value", param)


def missing_envelope(param: str) -> ApiError:
    """400 of the billing services for a body without its outer key, or a query without the name of the record."""
    return coded(400, f'Parameter "{param}" is missing', param)


def fields(errors: Mapping[str, str]) -> ApiError:
    """422 ``{errors: {field: sentence}}``: data sources, customers, plans and single billing records."""
    return ApiError(422, {"errors": dict(errors)})


def field_lists(errors: Mapping[str, str]) -> ApiError:
    """422 ``{errors: {field: [sentence]}}``: changes of an invoice, in the form of the errors of stored invoices."""
    return ApiError(422, {"errors": {field: [sentence] for field, sentence in errors.items()}})


def cannot_be_disabled() -> ApiError:
    """422: only records of automatic sources can be disabled, and only those that have external ids."""
    return ApiError(422, {"error": "Record cannot be disabled"})


def sentence(status: int, message: str, param: str) -> ApiError:
    """``{error, error_details}``: the Rails services."""
    details = [{"param": param, "code": "invalid", "message": message}]
    return ApiError(status, {"error": message, "error_details": details})


def not_found(kind: str) -> ApiError:
    """404 of the service that owns the kind of record.

    :param kind: ``customer``, ``data source``, ``invoice``, ``line item``, ``plan``, …
    """
    message = f"{kind.capitalize()} not found"
    if kind == "customer":
        return coded(404, message, "uuid")
    if kind == "data source":
        return ApiError(404, {"error": message})
    return sentence(404, message, kind.replace(" ", "_"))
