"""What operators share that send records, from files or not, and account for each."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

from airflow_provider_chartmogul import record_files
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError
from airflow_provider_chartmogul.operators.base import check_allowance, optional_text
from airflow_provider_chartmogul.operators.files import ChartMogulFilesOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.client.values import Record

REJECTED_COLUMNS: Final = ("kind", "record", "problems", "retryable", "position", "place", "text", "replace")

_PATHS: Final = ("rejected_path", "result_path")

# no retry mends them
_HOPELESS: Final = (
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    NotADirectoryError,
    IsADirectoryError,
    ImportError,
    ValueError,
)


class Account(Protocol):
    """What became of records."""

    def summary(self) -> dict[str, Any]:
        """Return the result of the task."""

    def rejected(self) -> Iterator[Record]:
        """Yield each record that was rejected or is unknown, as :data:`REJECTED_COLUMNS`."""

    def results(self) -> Iterator[Record]:
        """Yield what became of each record, as the operator's ``result_columns``."""

    def complaint(self) -> str:
        """Return how many records failed, and why; an empty text if none did."""

    def raise_for_failures(self, max_rejected: float) -> None:
        """Raise if more than so many records failed."""


class ChartMogulAccountingOperator(ChartMogulFilesOperator):
    """Base of the operators that send records, from files or not, and account for each.

    Files are JSON Lines (gzip where the name ends in ``.gz``) or Parquet (where it ends in ``.parquet``).

    :param rejected_path: file for the records that were rejected or are unknown: ``kind``, the ``record`` as it was
        given, its ``problems``, whether it is ``retryable`` as it is, and its ``place``. Corrected, it can be sent as
        it is. Empty where there are none. (templated)
    :param result_path: file that tells of each record what became of it. (templated)
    :param max_rejected: how many rejected or unknown records do not fail the task; below 1, which share of all. With
        more that are faulty before anything is sent, nothing is sent.
    :raises ValueError: ``max_rejected`` is negative or no number; when the DAG is parsed.
    """

    template_fields: Sequence[str] = (*ChartMogulFilesOperator.template_fields, "rejected_path", "result_path")

    result_columns: ClassVar[tuple[str, ...]] = (
        "kind",
        "position",
        "place",
        "external_id",
        "customer_external_id",
        "uuid",
        "state",
        "problems",
    )
    """The columns of the file of ``result_path``."""

    def __init__(
        self,
        *,
        rejected_path: str | None = None,
        result_path: str | None = None,
        max_rejected: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rejected_path = rejected_path
        self.result_path = result_path
        self.max_rejected = max_rejected
        check_allowance("max_rejected", max_rejected)

    def check_paths(self) -> None:
        """Refuse paths that cannot be written, before anything is sent: the account of it must not be lost.

        :raises ValueError: the template of one has no value, or both are the same.
        :raises ChartMogulConfigError: one cannot be written, or needs pyarrow, which is not there.
        :raises ChartMogulLoadError: one cannot be written now.
        """
        wanted = {name: path for name in _PATHS if (path := optional_text(name, getattr(self, name)))}
        if len(set(wanted.values())) < len(wanted):
            raise ValueError(f"{' and '.join(wanted)} name the same file")
        for name, path in wanted.items():
            _try_out(name, partial(self.storage_path, path))

    @contextmanager
    def accounted(self, account: Account) -> Iterator[None]:
        """Write what is known of the records also if sending them ends in an error, or in a signal."""
        try:
            yield
        except BaseException:
            self.tell_so_far(account)
            raise

    def tell_so_far(self, account: Account) -> None:
        """Log and write what is known of the records by now."""
        self._tell("Account of the records so far", account)
        self.write(account)

    def conclude(self, account: Account) -> dict[str, Any]:
        """Write what became of the records, and return the result of the task, or raise if too many failed."""
        summary = self._tell("Account of the records", account)
        self.write(account)
        if complaint := account.complaint():
            path = optional_text("rejected_path", self.rejected_path)
            self.log.warning("%s%s", complaint, f"; they are in {path}" if path else "")
        account.raise_for_failures(self.max_rejected)
        return summary

    def write(self, account: Account) -> None:
        """Write the files that are wanted."""
        for name, lines, columns in (
            ("rejected_path", account.rejected, REJECTED_COLUMNS),
            ("result_path", account.results, self.result_columns),
        ):
            if path := optional_text(name, getattr(self, name)):
                count = record_files.write(self.storage_path(path), lines(), columns)
                self.log.info("%s: %d records are in %s", name, count, path)

    def _tell(self, what: str, account: Account) -> dict[str, Any]:
        summary = account.summary()
        self.log.info("%s: %s", what, json.dumps({k: v for k, v in summary.items() if k != "uuids"}))
        return summary


def _try_out(name: str, path: Callable[[], ObjectStoragePath]) -> None:
    try:
        record_files.try_out(path())
    except ChartMogulConfigError as err:
        raise ChartMogulConfigError(f"{name}: {err}") from None
    except Exception as err:  # storages raise what they like
        kind = ChartMogulConfigError if isinstance(err, _HOPELESS) else ChartMogulLoadError
        told = (isinstance(err, OSError) and err.strerror) or err
        raise kind(f"{name} cannot be written: {type(err).__name__}: {told}; nothing was sent") from err
