"""The verbs that operations are made of. Each says how a request may be repeated.

``get``, ``put``, ``patch``, ``delete``, ``remove`` and ``post_idempotent`` are repeated at will, ``post_keyed`` and
``post_accepted`` after a look, ``post_unkeyed`` and ``patch_adding`` only when ChartMogul certainly did not work on it.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

from airflow_provider_chartmogul.client.request import CHUNK, Request
from airflow_provider_chartmogul.client.retry import is_ambiguous, is_transient, retrying
from airflow_provider_chartmogul.client.values import Record, with_fields
from airflow_provider_chartmogul.exceptions import (
    ChartMogulAmbiguousWriteError,
    ChartMogulError,
    ChartMogulInvalidResponseError,
    ChartMogulNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_chartmogul.client.request import File
    from airflow_provider_chartmogul.client.transport import Transport

T = TypeVar("T")


class Api:
    """Requests with their retries.

    :param transport: sends one request once.
    :param max_retry_seconds: no try of an operation starts later than this after its first.
    """

    def __init__(self, transport: Transport, max_retry_seconds: float) -> None:
        self._transport = transport
        self._max_retry_seconds = max_retry_seconds

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, must_have: Sequence[str] = ()) -> Record:
        """Read. Repeated at will.

        :param must_have: fields that every good answer has.
        """
        return self._repeatable(Request("GET", path, params), must_have)

    def put(
        self,
        path: str,
        body: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        must_have: Sequence[str] = (),
    ) -> Record:
        """Set. Repeated at will.

        :param params: options.
        :param must_have: fields that every good answer has.
        """
        return self._repeatable(Request("PUT", path, params, body), must_have)

    def patch(
        self,
        path: str,
        body: Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        must_have: Sequence[str] = (),
    ) -> Record:
        """Set some fields. Repeated at will.

        :param params: which record, where the path does not say it, and options.
        :param must_have: fields that every good answer has.
        """
        return self._repeatable(Request("PATCH", path, params, body), must_have)

    def post_idempotent(self, path: str, body: Mapping[str, Any], *, must_have: Sequence[str] = ()) -> Record:
        """Post what does no harm when it is done twice. Repeated at will.

        :param must_have: fields that every good answer has.
        """
        return self._repeatable(Request("POST", path, body=body), must_have)

    def remove(self, path: str, body: Mapping[str, Any] | None = None) -> Record | None:
        """Take what the path or the body names off a record that stays. Repeated at will.

        :return: ``None`` when the API answers without a body.
        """
        request = Request("DELETE", path, body=body)
        return self._retrying(request, lambda: self._transport.send(request))

    def delete(self, path: str, body: Mapping[str, Any] | None = None, params: Mapping[str, Any] | None = None) -> None:
        """Delete. Repeated at will; a record that is gone when the deletion is repeated was deleted.

        :param body: which record, where the API wants it there.
        :param params: which record, where the path does not say it, and options.
        """
        request = Request("DELETE", path, params, body)
        tries = 0

        def attempt() -> None:
            nonlocal tries
            tries += 1
            try:
                self._transport.send(request)
            except ChartMogulNotFoundError:
                if tries == 1:
                    raise

        self._retrying(request, attempt)

    def post_keyed(
        self,
        path: str,
        body: Mapping[str, Any] | bytes,
        params: Mapping[str, Any] | None = None,
        *,
        find: Callable[[], Record | None] | None,
        must_have: Sequence[str] = (),
    ) -> Record:
        """Create a record that can be looked up by its natural key.

        After a failure that leaves open whether the record was made, it is looked up before it is sent again;
        if it is there, it is the answer; so it is if it is there when the repetition is refused.

        :param body: an object, or its JSON text, encoded.
        :param find: looks the record up and returns it as the creation would, or ``None``. Without it (the caller
            gave no key) the request is sent like :meth:`post_unkeyed`.
        :param must_have: fields that every good answer has.
        """
        if find is None:
            return self.post_unkeyed(path, body, params, must_have=must_have)
        request = Request("POST", path, params, body)
        answer = self._once(request, lambda: self._object(request), find)
        return with_fields(answer, must_have, request.name)

    def post_accepted(self, path: str, body: Mapping[str, Any], *, done: Callable[[], bool] | None = None) -> None:
        """Ask for work that ChartMogul does later; its answer, with or without a body, says nothing.

        :param done: whether the work is done. After a failure that leaves this open it is asked before the request is
            sent again, and when the repetition is refused. Without it asking twice does no harm.
        """
        request = Request("POST", path, body=body)

        def send() -> bool:
            self._transport.send(request)
            return True

        if done is None:
            self._retrying(request, send)
        else:
            self._once(request, send, lambda: done() or None)

    def post_unkeyed(
        self,
        path: str,
        body: Mapping[str, Any] | bytes,
        params: Mapping[str, Any] | None = None,
        *,
        file: File | None = None,
        must_have: Sequence[str] = (),
    ) -> Record:
        """Create a record that nothing tells apart from its double.

        Sent again only when no connection came about or ChartMogul turned the request away (429, 503).

        :param file: to send along; the body then travels as fields of a form.
        :param must_have: fields that every good answer has.
        :raises ChartMogulAmbiguousWriteError: when it may have been done.
        """
        return self._unrepeatable(Request("POST", path, params, body, file), must_have)

    def patch_adding(self, path: str, body: Mapping[str, Any], *, must_have: Sequence[str] = ()) -> Record:
        """Add to a record what it would have twice if it were added again. Sent again as :meth:`post_unkeyed`.

        :param must_have: fields that every good answer has.
        :raises ChartMogulAmbiguousWriteError: when it may have been done.
        """
        return self._unrepeatable(Request("PATCH", path, body=body), must_have)

    def download(self, url: str, target: BinaryIO) -> int:
        """Copy a pre-signed file into an open binary file, without credentials, and return its size in bytes.

        The file is fetched completely before the first byte goes to the target, so that a retry leaves no traces.

        :raises ValueError: this is no http(s) URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the file's URL is not an http(s) URL")
        # the query is the signature: whoever reads it in a log can fetch the file
        request = Request("GET", f"{parts.hostname}{parts.path}")
        with tempfile.TemporaryFile() as spool:

            def attempt() -> None:
                spool.seek(0)
                spool.truncate()
                self._transport.fetch(url, request, spool)

            # a file host's troubles are not the API's: nobody else is slowed down
            retrying(attempt, name=request.name, seconds=self._max_retry_seconds, slow_down=lambda wait: None)
            size = spool.tell()
            spool.seek(0)
            shutil.copyfileobj(spool, target, CHUNK)
        return size

    def _once(self, request: Request, send: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Send until it worked once; where that is in doubt, look for the outcome first, and when it is refused.

        :param find: returns the outcome, or ``None`` if there is none.
        """
        in_doubt = False

        def attempt() -> T:
            nonlocal in_doubt
            if in_doubt and (found := find()) is not None:
                return found
            try:
                return send()
            except ChartMogulError as error:
                # the first request was still being worked on when we looked: refused is what is done already
                found = find() if in_doubt and not is_transient(error) else None
                if found is not None:
                    return found
                in_doubt = in_doubt or is_ambiguous(error)
                raise

        return self._retrying(request, attempt)

    def _repeatable(self, request: Request, must_have: Sequence[str] = ()) -> Record:
        answer = self._retrying(request, lambda: self._object(request))
        # not repeated: a whole object of another shape would come again
        return with_fields(answer, must_have, request.name)

    def _unrepeatable(self, request: Request, must_have: Sequence[str]) -> Record:
        def attempt() -> Record:
            try:
                return self._object(request)
            except ChartMogulError as error:
                if not is_ambiguous(error):
                    raise
                raise ChartMogulAmbiguousWriteError(
                    f"{error}. It may or may not have taken effect; look before sending it again."
                ) from error

        return with_fields(self._retrying(request, attempt), must_have, request.name)

    def _object(self, request: Request) -> Record:
        answer = self._transport.send(request)
        if answer is None:
            raise ChartMogulInvalidResponseError(f"{request.name}: the answer has no body")
        return answer

    def _retrying(self, request: Request, attempt: Callable[[], T]) -> T:
        return retrying(
            attempt,
            name=request.name,
            seconds=self._max_retry_seconds,
            slow_down=self._transport.budget.pause,
        )
