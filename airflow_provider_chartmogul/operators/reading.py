"""What operators that read share: small answers become the result of the task, others a file."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_provider_chartmogul import json_lines
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, check_count, optional_text, storage_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_chartmogul.client.values import Record

T = TypeVar("T")

MAX_RECORDS = 100
MAX_BYTES = 262_144
"""Most bytes of JSON that a task returns: more does not belong into XCom."""


class ChartMogulReadingOperator(ChartMogulOperator):
    """Base of the operators that return what they read, or store it.

    Without ``path`` the records are the result: of a list, a list of dicts as the API sent them, ready to be mapped
    over. With ``path`` they are written as JSON Lines while they are read, however many there are, and the result is
    ``{"records": number, "path": path}``. The file appears under its name only when it is complete, and replaces that
    of an earlier run.

    :param path: file for the records, for example ``s3://bucket/records.jsonl``; compressed where it ends in ``.gz``.
        (templated)
    :param path_conn_id: Airflow connection of the object storage. (templated)
    :param max_records: most records that may be the result of the task.
    :raises ValueError: ``max_records`` is below 1 or no number; when the DAG is parsed.
    :raises ChartMogulConfigError: without ``path``, there are more than ``max_records`` records or more than 256 KiB;
        the task is not retried.
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "path", "path_conn_id")

    def __init__(
        self,
        *,
        path: str | None = None,
        path_conn_id: str | None = None,
        max_records: int = MAX_RECORDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.path_conn_id = path_conn_id
        self.max_records = max_records
        check_count("max_records", max_records, least=1)

    def deliver(self, records: Iterable[Record]) -> list[Record] | dict[str, Any]:
        """Return the records, or write them to ``path`` and return how many they are."""
        path = optional_text("path", self.path)
        if path:
            return self._write(path, records)
        result = list(islice(records, self.max_records + 1))
        if len(result) > self.max_records:
            raise ChartMogulConfigError(
                f"There are more than max_records={self.max_records} records: give a path to write them to"
            )
        self.log.info("Read %s records", len(result))
        return small(result)

    def deliver_one(self, record: Record) -> Record:
        """Return the record, or write it to ``path`` as the only one."""
        return cast("Record", self.deliver([record])) if optional_text("path", self.path) else small(record)

    def _write(self, path: str, records: Iterable[Record]) -> dict[str, Any]:
        count = json_lines.write(storage_path(path, self.path_conn_id), records)
        self.log.info("Wrote %s records to %s", count, path)
        return {"records": count, "path": path}


def small(result: T) -> T:
    """Return the result of a task if XCom may hold it.

    :raises ChartMogulConfigError: it is too large.
    """
    size = len(json.dumps(result))
    if size > MAX_BYTES:
        raise ChartMogulConfigError(f"The answer has {size} bytes, more than {MAX_BYTES}: give a path to write it to")
    return result
