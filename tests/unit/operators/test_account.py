"""The account as a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.operators.account import ChartMogulAccountOperator

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator


def account(**arguments: Any) -> Any:
    return ChartMogulAccountOperator(task_id="account", **arguments).execute({})


@pytest.mark.usefixtures("chartmogul_conn")
def test_it_says_whose_days_and_currency_count(emulator: Emulator) -> None:
    emulator.configure(account={"time_zone": "Europe/Berlin", "currency": "EUR"})
    found = account()
    assert (found["time_zone"], found["currency"]) == ("Europe/Berlin", "EUR")
    assert "churn_when_zero_mrr" not in found


@pytest.mark.parametrize(
    "include", [["churn_recognition", "refund_handling"], "churn_recognition,refund_handling"], ids=["list", "text"]
)
@pytest.mark.usefixtures("chartmogul_conn")
def test_settings_are_added_on_request(include: Any) -> None:
    assert {"churn_recognition", "refund_handling"} <= account(include=include).keys()


def test_settings_of_a_template_without_a_value_are_refused() -> None:
    with pytest.raises(ValueError, match="include is empty"):
        account(include="None")
