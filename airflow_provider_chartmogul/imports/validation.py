"""Find what is wrong with billing records before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from airflow_provider_chartmogul.client.fields import misspelt, own_problems, parts, within
from airflow_provider_chartmogul.imports.records import API_KINDS, INPUT_KINDS, BillingRecords


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record stands in the input: kind, and position counted from 1."""

    kind: str
    position: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing that is wrong with one record.

    :param kind: kind of the bad record, ``line_items`` and ``transactions`` included.
    :param external_id: its external id, or None where it has none.
    :param customer: external id of the customer it belongs to, or None.
    :param field: the field at fault; empty where the API named none.
    :param message: what is wrong, without quoting the value.
    :param source: the input record that holds it.
    """

    kind: str
    external_id: str | None
    customer: str | None
    field: str
    message: str
    source: Source

    def as_dict(self) -> dict[str, Any]:
        """Return the rejection as plain JSON, with ``position`` counted from 1."""
        row = asdict(self)
        source = row.pop("source")
        return {"position": source["position"], **row}

    def __str__(self) -> str:
        named = f" {self.external_id!r}" if self.external_id else ""
        fault = f" {self.field}" if self.field else ""
        return f"{self.source.kind} record {self.source.position}{named}:{fault} {self.message}"


@dataclass(slots=True)
class Checked:
    """What validation found.

    :param rejections: every problem; a record with any problem, or whose customer is rejected, must not be sent.
    :param warnings: sentences about fields that look like typing errors, one for each field.
    """

    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def rejected_sources(self) -> set[Source]:
        """The input records that have a problem."""
        return {rejection.source for rejection in self.rejections}


def check(records: BillingRecords) -> Checked:
    """Check every record; see :class:`Checked`."""
    return _Checker(records).run()


class _Checker:
    def __init__(self, records: BillingRecords) -> None:
        self.records = records
        self.checked = Checked()
        self.first_use: dict[tuple[str, str], Source] = {}

    def run(self) -> Checked:
        for kind in INPUT_KINDS:
            for position, record in enumerate(self.records.of(kind), start=1):
                self.check_input(Source(kind, position), record)
        self.hold_back_dependents()
        return self.checked

    def check_input(self, source: Source, record: Any) -> None:
        if not isinstance(record, Mapping):
            self.reject(source, source.kind, {}, "", "must be an object")
            return
        for path, kind, part in within(source.kind, record, bulk=True):
            # attributes and contact of a customer are no records of their own to the API
            named, told = (kind, part) if kind in API_KINDS else (source.kind, record)
            for problem in own_problems(kind, part, bulk=True):
                self.reject(source, named, told, path + problem.field, problem.message, record)
            self.warn(kind, part)
            if kind in API_KINDS:
                self.check_unique(source, kind, part, path, record)

    def warn(self, kind: str, record: Mapping[str, Any]) -> None:
        for name, meant in misspelt(kind, record, bulk=True).items():
            warning = f"{kind}: unknown field {name!r} is sent as it is; is {meant!r} meant?"
            if warning not in self.checked.warnings:
                self.checked.warnings.append(warning)

    def check_unique(
        self, source: Source, kind: str, record: Mapping[str, Any], path: str, customer: Mapping[str, Any]
    ) -> None:
        external_id = record.get("external_id")
        if not isinstance(external_id, str) or not external_id:
            return
        first = self.first_use.get((kind, external_id))
        if first is None:
            self.first_use[kind, external_id] = source
        else:
            message = f"is used before, in record {first.position}"
            self.reject(source, kind, record, f"{path}external_id", message, customer)

    def hold_back_dependents(self) -> None:
        """Reject what hangs on a rejected customer or plan: the API would store it, marked as failed."""
        customers, plans = self.unusable("customers"), self.unusable("plans")
        rejected = self.checked.rejected_sources
        for kind in ("invoices", "subscription_events"):
            for position, record in enumerate(self.records.of(kind), start=1):
                source = Source(kind, position)
                if source in rejected:
                    continue
                if record["customer_external_id"] in customers:
                    self.reject(source, kind, record, "customer_external_id", "names a customer that is rejected")
                elif plans.intersection(
                    item.get("plan_external_id") for item in [record, *parts(record, "line_items")]
                ):
                    self.reject(source, kind, record, "plan_external_id", "names a plan that is rejected")

    def unusable(self, kind: str) -> set[str]:
        rejected = self.checked.rejected_sources
        good: set[str] = set()
        bad: set[str] = set()
        for position, record in enumerate(self.records.of(kind), start=1):
            external_id = record.get("external_id") if isinstance(record, Mapping) else None
            if isinstance(external_id, str):
                (bad if Source(kind, position) in rejected else good).add(external_id)
        return bad - good

    def reject(
        self,
        source: Source,
        kind: str,
        record: Mapping[str, Any],
        name: str,
        message: str,
        customer: Mapping[str, Any] | None = None,
    ) -> None:
        owner = customer if customer is not None else record
        self.checked.rejections.append(
            Rejection(kind, _text(record.get("external_id")), customer_of(source.kind, owner), name, message, source)
        )


def customer_of(kind: str, record: Mapping[str, Any]) -> str | None:
    """Return the external id of the customer that an input record belongs to; plans have none."""
    return _text(record.get({"customers": "external_id"}.get(kind, "customer_external_id")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
