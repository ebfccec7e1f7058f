"""Opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api

DEAL = {
    "owner": "rui@tenant.example",
    "pipeline": "New Business",
    "pipeline_stage": "Discovery",
    "estimated_close_date": "2026-06-30",
    "currency": "USD",
    "amount_in_cents": 1850000,
}


def create(api: Api, customer: str, expect: int = 201, **fields: Any) -> Any:
    return api.json("POST", "/opportunities", {"customer_uuid": customer, **DEAL, **fields}, expect)


def test_an_opportunity(api: Api, customer: str) -> None:
    more = {"type": "arr", "forecast_category": "best_case", "win_likelihood": 35}
    created = create(api, customer, **more)
    assert created == {
        "uuid": created["uuid"],
        "customer_uuid": customer,
        **DEAL,
        **more,
        "custom": {},
        "created_at": "2026-03-15T12:00:00.000Z",
        "updated_at": "2026-03-15T12:00:00.000Z",
    }


def test_what_is_not_sent_has_a_value_all_the_same(api: Api, customer: str) -> None:
    created = create(api, customer)
    assert (created["type"], created["forecast_category"]) == ("recurring", "pipeline")
    assert 0 <= created["win_likelihood"] <= 100


def test_the_close_date_is_a_plain_date(api: Api, customer: str) -> None:
    assert create(api, customer, estimated_close_date="2026-06-30T23:00:00Z")["estimated_close_date"] == "2026-06-30"


def test_filters(api: Api, customer: str) -> None:
    early = create(api, customer, estimated_close_date="2026-06-01", owner="ida@tenant.example")
    late = create(api, customer, estimated_close_date="2026-07-01", pipeline="Upsell", pipeline_stage="Won")

    def found(**query: Any) -> list[dict[str, Any]]:
        return api.walk("/opportunities", "entries", **query)

    assert found(owner="ida@tenant.example") == [early]
    assert found(pipeline="Upsell") == [late]
    assert found(pipeline_stage="Discovery") == [early]
    assert found(estimated_close_date_on_or_after="2026-07-01") == [late]
    assert found(estimated_close_date_on_or_before="2026-06-01") == [early]
    assert found(estimated_close_date_on_or_after="2026-06-01", estimated_close_date_on_or_before="2026-07-01") == [
        late,
        early,
    ]
    assert found(pipeline="Nobody has this") == []
    name = "estimated_close_date_on_or_after"
    assert api.json("GET", "/opportunities", None, 400, **{name: "soon"})["param"] == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owner", "Rui"),
        ("pipeline", ""),
        ("pipeline_stage", " "),
        ("estimated_close_date", "soon"),
        ("currency", "XXX"),
        ("type", "weekly"),
        ("forecast_category", "sure"),
        ("win_likelihood", 101),
        ("win_likelihood", -1),
    ],
)
def test_values_that_are_refused(api: Api, customer: str, field: str, value: object) -> None:
    deal = create(api, customer)
    assert list(create(api, customer, 422, **{field: value})["errors"]) == [field]
    assert list(api.json("PATCH", f"/opportunities/{deal['uuid']}", {field: value}, 422)["errors"]) == [field]
    assert api.walk("/opportunities", "entries") == [deal]


def test_amounts_are_integers(api: Api, customer: str) -> None:
    for broken in (1.5, "100", None, True):
        assert create(api, customer, 400, amount_in_cents=broken)["param"] == "amount_in_cents"
