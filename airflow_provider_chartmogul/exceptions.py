"""Everything that can go wrong, as types that a DAG author may name in retry rules and ``except`` clauses.

Errors that no retry can mend (a wrong key, a refused record) are also ``AirflowFailException``:
raised anywhere in a task they end it at once instead of using up its retries.

No message ever holds the API key, request headers, or a whole request or response body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ChartMogulError(AirflowException):
    """Root of all errors of this package."""


class ChartMogulConfigError(ChartMogulError, AirflowFailException):
    """The connection or the arguments cannot work as they are: no key, a bad host, a missing extra."""


class ChartMogulInvalidRecordError(ChartMogulError, AirflowFailException, ValueError):
    """A record cannot be sent as it is: a field is missing or of the wrong shape.

    :param message: kind of record, fields and what is wrong with them, without their values.
    :param problems: pairs of field and message.
    """

    def __init__(self, message: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.problems = [(field, reason) for field, reason in problems]


class ChartMogulConnectionError(ChartMogulError):
    """No usable answer came: refused, reset, cut off, unresolvable."""


class ChartMogulTimeoutError(ChartMogulConnectionError):
    """No answer came within the connect or read timeout."""


class ChartMogulInvalidResponseError(ChartMogulConnectionError):
    """An answer with a success status came, but its body is cut short, not JSON, or not of the known shape."""


class ChartMogulPaginationError(ChartMogulError):
    """A list handed out a cursor that it had already given: following it would never end."""


class ChartMogulAmbiguousWriteError(ChartMogulError, AirflowFailException):
    """A write without natural key may or may not have taken effect, and sending it again could do it twice."""


class ChartMogulStatusError(ChartMogulError):
    """ChartMogul answered with an error status.

    :param message: the whole sentence for people: request, status, detail.
    :param status_code: HTTP status.
    :param detail: what the API said, short, without request data.
    :param errors: field name to sentence, from whichever of the API's error shapes was used.
    :param request_id: the ``X-Request-Id`` of the answer, where there was one.
    :param retry_after: seconds that the API asked to wait, where it did.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        detail: str = "",
        errors: Mapping[str, str] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        # Airflow's own class has one for its API server, as an HTTPStatus; not every status is one
        self.status_code: int = status_code  # type: ignore[assignment]
        self.detail = detail
        self.errors: dict[str, str] = dict(errors or {})
        self.request_id = request_id
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        # keyword-only arguments do not survive the default reduction
        return _rebuild, (type(self), str(self), dict(self.__dict__))


def _rebuild(cls: type[ChartMogulStatusError], message: str, state: dict[str, Any]) -> ChartMogulStatusError:
    error = cls(message)
    error.__dict__.update(state)
    return error


class ChartMogulBadRequestError(ChartMogulStatusError, AirflowFailException):
    """400: a parameter is missing or malformed."""


class ChartMogulAuthenticationError(ChartMogulStatusError, AirflowFailException):
    """401: the API key is missing, wrong or revoked."""


class ChartMogulRequestFailedError(ChartMogulStatusError, AirflowFailException):
    """402: well-formed but failed."""


class ChartMogulPermissionError(ChartMogulStatusError, AirflowFailException):
    """403: the key may only read, or the account's trial has ended."""


class ChartMogulNotFoundError(ChartMogulStatusError):
    """404: no such record; also the answer to a search by e-mail without a hit."""


class ChartMogulConflictError(ChartMogulStatusError):
    """409: the state of the record does not allow this now."""


class ChartMogulUnprocessableError(ChartMogulStatusError, AirflowFailException):
    """422: understood but refused; ``errors`` names field and reason."""


class ChartMogulRateLimitError(ChartMogulStatusError):
    """429: more than the allowed requests per second, or the account's compute budget is used up."""


class ChartMogulServerError(ChartMogulStatusError):
    """5xx: ChartMogul failed, or too many connections are open (503)."""


class ChartMogulImportFailedError(ChartMogulError, AirflowFailException):
    """An import, or another task on many records, ended with some that were rejected or are unaccounted for.

    :param message: counts and the first reasons.
    :param rejected: one mapping per rejected record: ``external_id``, ``kind``, ``field``, ``message``.
    """

    def __init__(self, message: str, rejected: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.rejected = [dict(row) for row in rejected]


class ChartMogulImportIncompleteError(ChartMogulError):
    """Records are unaccounted for since no answer came; a repeated run sends what is not there yet."""


class ChartMogulExportFailedError(ChartMogulError, AirflowFailException):
    """An activities export ended in a state other than succeeded."""


class ChartMogulWaitTimeoutError(ChartMogulError):
    """What was waited for did not finish within the allowed time."""


class ChartMogulLoadError(ChartMogulError):
    """A load into a database or files failed; what was there is as it was before.

    The text names table or file, step and SQLSTATE or kind of error, but never a value: drivers quote customer data.
    """


class ChartMogulReconciliationError(ChartMogulError, AirflowFailException):
    """What ChartMogul holds is not what the billing source says; the files that were asked for tell the differences."""
