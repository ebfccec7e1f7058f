"""What can be set on a running emulator: delays, limits, the clock, exchange rates, the account."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_provider_chartmogul.emulator import dates

if TYPE_CHECKING:
    from collections.abc import Mapping

#: E-mail of the user whose key is used; users cannot be listed by the API.
KEY_OWNER = "owner@emulated-account.example"

#: Value of one unit in USD, used for every day unless rates are configured.
DEFAULT_RATES = {
    "USD": Decimal("1"),
    "EUR": Decimal("1.10"),
    "GBP": Decimal("1.27"),
    "CHF": Decimal("1.13"),
    "CAD": Decimal("0.73"),
    "AUD": Decimal("0.66"),
    "SEK": Decimal("0.095"),
    "JPY": Decimal("0.0067"),
}

RECLASSIFICATION_SECONDS = {
    "reclassification_off": 0,
    "one_minute_reclassification": 60,
    "ten_minutes_reclassification": 600,
    "one_hour_reclassification": 3600,
    "one_day_reclassification": 86_400,
    "one_week_reclassification": 7 * 86_400,
    "thirty_days_reclassification": 30 * 86_400,
    "sixty_days_reclassification": 60 * 86_400,
    "ninety_days_reclassification": 90 * 86_400,
}


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """The account as ``GET /account`` shows it; the last five only when asked for by ``include``."""

    id: str = "acc_00000000-0000-4000-8000-000000000001"
    name: str = "Emulated account"
    currency: str = "USD"
    time_zone: str = "UTC"
    week_start_on: str = "monday"
    churn_recognition: str = "churn_at_time_of_cancelation"
    churn_when_zero_mrr: bool = True
    auto_churn_subscription: bool = False
    refund_handling: str = "refund_ignore"
    proximate_movement_reclassification: str = "one_hour_reclassification"

    def __post_init__(self) -> None:
        if self.proximate_movement_reclassification not in RECLASSIFICATION_SECONDS:
            raise ValueError("account.proximate_movement_reclassification is unknown")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"account.time_zone is unknown: {self.time_zone}") from error
        if self.week_start_on not in {"monday", "sunday"}:
            raise ValueError("account.week_start_on must be monday or sunday")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a running emulator.

    :param latency_ms: wait before each answer, milliseconds.
    :param processing_ms: lag before imports complete and before imported data is in the metrics, milliseconds.
    :param limits: enforce 40 requests per second and 20 parallel requests.
    :param import_errors: name the bad records and their errors in ``status_details`` of bulk imports, which is a choice
        of the emulator; else they hold only what is documented, a status.
    :param now: frozen clock of the account, or None for the real time.
    :param fx_rates: per currency the rate of one unit in the account currency, a constant or ``{day: rate}``;
        the rate of a day is that of the latest given day before it.
    """

    latency_ms: int = 0
    processing_ms: int = 0
    limits: bool = True
    import_errors: bool = False
    now: datetime | None = None
    fx_rates: Mapping[str, Mapping[date, Decimal]] = field(default_factory=dict)
    account: AccountSettings = AccountSettings()

    def clock(self) -> datetime:
        """Return the present moment of the account, UTC."""
        return self.now or datetime.now(UTC)

    def changed(self, **changes: Any) -> Settings:
        """Return a copy with some settings replaced, from JSON values.

        :raises ValueError: for an unknown name or an unusable value.
        """
        known = {item.name for item in dataclasses.fields(Settings)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        values = dict(changes)
        for name in ("latency_ms", "processing_ms"):
            if name in values and (not isinstance(values[name], int) or values[name] < 0):
                raise ValueError(f"{name} must be a number of milliseconds")
        for name in ("limits", "import_errors"):
            if not isinstance(values.get(name, True), bool):
                raise ValueError(f"{name} must be true or false")
        if "now" in values:
            values["now"] = as_moment(values["now"])
        if "fx_rates" in values:
            values["fx_rates"] = {code: _rate_by_day(rate) for code, rate in (values["fx_rates"] or {}).items()}
        if "account" in values:
            values["account"] = _account(self.account, values["account"] or {})
        return dataclasses.replace(self, **values)

    def rate(self, currency: str, day: date) -> Decimal:
        """Return the value of one unit of a currency in the account currency."""
        if currency == self.account.currency:
            return Decimal(1)
        if currency in self.fx_rates:
            by_day = self.fx_rates[currency]
            return by_day[max((given for given in by_day if given <= day), default=min(by_day))]
        if currency in DEFAULT_RATES and self.account.currency in DEFAULT_RATES:
            return DEFAULT_RATES[currency] / DEFAULT_RATES[self.account.currency]
        # A currency nobody gave a rate for must not break the account: it counts one to one.
        return Decimal(1)


def as_moment(value: Any) -> datetime | None:
    """Read the ``now`` setting: a date form of the API, an aware datetime, or None for the real time."""
    if value is None or isinstance(value, datetime):
        return value.astimezone(UTC) if value else None
    return dates.parse(value)


def _rate_by_day(rate: Any) -> dict[date, Decimal]:
    by_day = rate if isinstance(rate, dict) else {date.min.isoformat(): rate}
    try:
        rates = {date.fromisoformat(str(day)): Decimal(str(value)) for day, value in by_day.items()}
    except InvalidOperation as error:
        raise ValueError("fx_rates must be numbers") from error
    if not rates or min(rates.values()) <= 0:
        raise ValueError("fx_rates of a currency must be one or more positive numbers")
    return rates


def _account(present: AccountSettings, changes: Mapping[str, Any]) -> AccountSettings:
    unknown = sorted(set(changes) - {item.name for item in dataclasses.fields(AccountSettings)})
    if unknown:
        raise ValueError(f"unknown account settings: {', '.join(unknown)}")
    return dataclasses.replace(present, **changes)
