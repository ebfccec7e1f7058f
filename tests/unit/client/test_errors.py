"""Every shape of error body, and what becomes of it."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from airflow_provider_chartmogul import exceptions
from airflow_provider_chartmogul.client.errors import SENTENCE_LENGTH, status_error
from tests.unit.client.servers import answer, serving

TAKEN = "The external ID for this invoice already exists in our system."


def error(status: int, body: object = None, *, text: str | None = None, headers: dict[str, str] | None = None):
    content = json.dumps(body) if text is None else text
    return status_error("POST /things", status, headers or {}, content.encode(), secrets=("sentinel-key",))


@pytest.mark.parametrize(
    ("status", "body", "detail", "errors"),
    [
        (401, {"code": 401, "message": "No valid API key provided", "param": None}, "No valid API key provided", {}),
        (
            400,
            {"code": 400, "message": "Is needed", "param": "end-date"},
            "end-date: Is needed",
            {"end-date": "Is needed"},
        ),
        (
            422,
            {"code": 422, "message": "is wrong", "param": "country"},
            "country: is wrong",
            {"country": "is wrong"},
        ),
        (
            422,
            {
                "error": "The customer is refused",
                "error_details": [
                    {"param": "country", "code": "invalid", "message": "is wrong"},
                    {"param": "zip", "message": ["is long", "is odd"]},
                ],
            },
            "The customer is refused (country: is wrong; zip: is long is odd)",
            {"country": "is wrong", "zip": "is long is odd"},
        ),
        (
            422,
            {"errors": {"line_items": [{}, {"plan_uuid": ["is unknown"], "tax": {"rate": "is negative", "n": 7}}]}},
            "line_items[1].plan_uuid: is unknown; line_items[1].tax.rate: is negative",
            {"line_items[1].plan_uuid": "is unknown", "line_items[1].tax.rate": "is negative"},
        ),
        (
            422,
            {"errors": [{"param": "country", "message": "is wrong"}, {"external_id": "c-1", "errors": {"zip": "odd"}}]},
            "[0].country: is wrong; [1].zip: odd",
            {"[0].country": "is wrong", "[1].zip": "odd"},
        ),
        (422, {"errors": ["first", "second"]}, "first second", {}),
        (422, {"error": {"country": ["is wrong"]}}, "country: is wrong", {"country": "is wrong"}),
        (
            422,
            {"message": "Refused", "invoices": [{"external_id": "inv-1", "errors": {"date": "is bad"}}]},
            "Refused (invoices[0].date: is bad)",
            {"invoices[0].date": "is bad"},
        ),
        (422, {"invoices": [{"external_id": "inv-1", "customer": {"name": "Falter"}}]}, "", {}),
        (
            422,
            {"errors": {"name": "A name is required for each data source."}},
            "name: A name is required for each data source.",
            {"name": "A name is required for each data source."},
        ),
        (
            404,
            {
                "error": "Invoice not found",
                "error_details": [{"param": "invoice", "code": "invalid", "message": "Invoice not found"}],
            },
            "invoice: Invoice not found",
            {"invoice": "Invoice not found"},
        ),
        (
            422,
            {
                "name": ["Name can't be blank", "Name is short"],
                "error_details": [{"param": "name", "code": "blank", "message": "Name can't be blank"}],
            },
            "name: Name can't be blank Name is short",
            {"name": "Name can't be blank Name is short"},
        ),
        (
            422,
            {
                "invoices": [
                    {"external_id": "inv-1", "errors": {}},
                    {"external_id": "inv-2", "errors": {"external_id": TAKEN, "line_items.plan_uuid": "is unknown"}},
                ]
            },
            f"invoices[1].external_id: {TAKEN}; invoices[1].line_items.plan_uuid: is unknown",
            {"invoices[1].external_id": TAKEN, "invoices[1].line_items.plan_uuid": "is unknown"},
        ),
        (422, {"errors": {"date": ["is in the future"]}}, "date: is in the future", {"date": "is in the future"}),
        (400, ["first", "second"], "first second", {}),
        (400, [{"errors": {"date": "is bad"}}], "[0].date: is bad", {"[0].date": "is bad"}),
        (400, {}, "", {}),
        (400, None, "", {}),
    ],
)
def test_json_bodies(status, body, detail, errors):
    found = error(status, body)
    assert (found.detail, found.errors) == (detail, errors)
    assert str(found) == f"POST /things answered {status}" + (f": {detail}" if detail else "")


def test_many_fields_are_counted_not_listed():
    found = error(422, {"errors": {f"field{n}": "is bad" for n in range(5)}})
    assert found.detail == "field0: is bad; field1: is bad; field2: is bad (and 2 more)"
    assert len(found.errors) == 5


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("Your request rate has exceeded our rate limit.", "Your request rate has exceeded our rate limit."),
        ("  two\n lines ", "two lines"),
        ("<!DOCTYPE html><html><body>Bad gateway</body></html>", ""),
        ("<?xml version='1.0'?><Error>expired</Error>", ""),
        ("", ""),
    ],
)
def test_other_bodies(text, detail):
    assert error(500, text=text).detail == detail


def test_sentences_are_short_and_hold_neither_addresses_nor_the_key():
    found = error(
        404, {"code": 404, "message": 'No customer with email: "jo.x@mail.example" ' + "x" * 500, "param": "e"}
    )
    assert "jo.x" not in str(found)
    assert "<e-mail>" in found.errors["e"]
    assert len(found.errors["e"]) == 200
    assert found.detail == f"e: {found.errors['e']}"
    assert error(422, {"errors": {"jo.x@mail.example": "is taken"}}).errors == {"<e-mail>": "is taken"}
    assert "sentinel-key" not in str(error(400, text="bad header: sentinel-key"))
    across_the_cut = error(400, text="x" * (SENTENCE_LENGTH - 9) + " sentinel-key")
    assert "sentinel" not in str(across_the_cut)


@pytest.mark.parametrize(
    ("status", "name", "hopeless"),
    [
        (400, "BadRequest", True),
        (401, "Authentication", True),
        (402, "RequestFailed", True),
        (403, "Permission", True),
        (404, "NotFound", False),
        (405, "Status", False),
        (409, "Conflict", False),
        (422, "Unprocessable", True),
        (429, "RateLimit", False),
        (500, "Server", False),
        (503, "Server", False),
        (524, "Server", False),
    ],
)
def test_one_class_per_kind_of_status(status, name, hopeless):
    found = error(status, {})
    assert type(found).__name__ == f"ChartMogul{name}Error"
    assert found.status_code == status
    assert isinstance(found, exceptions.AirflowFailException) is hopeless


def test_headers_that_help():
    found = error(429, {}, headers={"X-Request-Id": "abc", "Retry-After": "7"})
    assert (found.request_id, found.retry_after) == ("abc", 7.0)

    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert error(503, {}, headers={"Retry-After": in_a_minute}).retry_after == pytest.approx(60, abs=5)
    assert error(503, {}, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}).retry_after == 0
    assert error(503, {}, headers={"Retry-After": "soon"}).retry_after is None


def test_errors_survive_pickling():
    found = pickle.loads(pickle.dumps(error(422, {"errors": {"name": "is bad"}})))
    assert (type(found), found.errors) == (exceptions.ChartMogulUnprocessableError, {"name": "is bad"})


def test_errors_name_the_request_without_its_query(connect):
    with (
        serving(answer(404, {"code": 404, "message": "no", "param": "email"})) as server,
        pytest.raises(exceptions.ChartMogulNotFoundError) as caught,
    ):
        list(connect(server.url).customers.search(email="jo@mail.example"))

    assert str(caught.value) == "GET /customers/search answered 404: email: no"
