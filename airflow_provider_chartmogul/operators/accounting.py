"""What operators share that send records, from files or not, and account for each."""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_chartmogul import json_lines
from airflow_provider_chartmogul.imports.result import dead_letters
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, check_count, optional_text, storage_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_chartmogul.client.values import Record
    from airflow_provider_chartmogul.imports.result import ByKind
    from airflow_provider_chartmogul.imports.validation import Rejection


class Result(Protocol):
    """What became of records."""

    @property
    def problems(self) -> Sequence[Rejection]:
        """Each fault of each record that was rejected or is unknown."""

    def summary(self) -> dict[str, Any]:
        """Return the result of the task."""

    def raise_for_failures(self, max_rejected: int) -> None:
        """Raise if more than so many records failed."""


class ChartMogulAccountingOperator(ChartMogulOperator):
    """Base of the operators that send records, from files or not, and account for each.

    :param path_conn_id: Airflow connection for paths in object storage. (templated)
    :param rejected_path: file for the records that were rejected or are unknown, as JSON Lines of ``{"kind", "record",
        "problems"}``, gzip where it ends in ``.gz``; empty where there are none. (templated)
    :param max_rejected: how many rejected or unknown records do not fail the task. More of them fail it after the
        others were sent.
    :raises ValueError: ``max_rejected`` is negative or no number; when the DAG is parsed.
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "path_conn_id", "rejected_path")

    def __init__(
        self,
        *,
        path_conn_id: str | None = None,
        rejected_path: str | None = None,
        max_rejected: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path_conn_id = path_conn_id
        self.rejected_path = rejected_path
        self.max_rejected = max_rejected
        check_count("max_rejected", max_rejected, least=0)

    @abstractmethod
    def send(self) -> tuple[ByKind, Result]:
        """Send the records; return them as they were given, and what became of them."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Return how many records had which outcome."""
        rejected_path = optional_text("rejected_path", self.rejected_path)
        given, result = self.send()
        summary = result.summary()
        self.log.info("Account of the records: %s", json.dumps({k: v for k, v in summary.items() if k != "uuids"}))
        if rejected_path:
            path = storage_path(rejected_path, self.path_conn_id)
            json_lines.write(path, dead_letters(given, result.problems))
            self.log.info("Rejected records are in %s", rejected_path)
        result.raise_for_failures(self.max_rejected)
        return summary

    def read_lines(self, path: str) -> list[Record]:
        """Read a file with one record in each line."""
        return json_lines.read(storage_path(path, self.path_conn_id), path)
