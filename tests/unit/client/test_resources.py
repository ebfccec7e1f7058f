"""Every operation: the request it makes, as the reference describes it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulNotFoundError
from tests.unit.client.samples import BILL, CANCELLATION
from tests.unit.client.servers import answer, serving

LISTED = {
    key: []
    for key in ("entries", "data_sources", "plans", "invoices", "subscription_events", "plan_groups", "subscriptions")
} | {
    "cursor": None,
    "has_more": False,
    # of single records
    "uuid": "x_1",
    "task_uuid": "x_1",
    "custom": {},
    "id": "1",
    "status": "pending",
    "name": "A",
    "currency": "USD",
    "time_zone": "UTC",
}
AT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
RANGE = {"start_date": "2026-01-01", "end_date": date(2026, 1, 31)}
DAYS = {"start-date": "2026-01-01", "end-date": "2026-01-31"}
PAGED = {"per_page": "200"}
ATTRIBUTE = {"type": "String", "key": "a", "value": "x"}
INVOICES = "POST /import/customers/cus_1/invoices"

OPERATIONS: list[tuple[str, Any, str, dict[str, str], Any]] = [
    ("ping", lambda c: c.ping(), "GET /ping", {}, None),
    ("account", lambda c: c.account.retrieve(), "GET /account", {}, None),
    (
        "account with settings",
        lambda c: c.account.retrieve(include=["churn_recognition", "refund_handling"]),
        "GET /account",
        {"include": "churn_recognition,refund_handling"},
        None,
    ),
    (
        "data sources",
        lambda c: list(c.data_sources.list(name="A", system="Custom", with_processing_status=True)),
        "GET /data_sources",
        {"name": "A", "system": "Custom", "with_processing_status": "true"},
        None,
    ),
    ("data source", lambda c: c.data_sources.create(name="A"), "POST /data_sources", {}, {"name": "A"}),
    (
        "one data source",
        lambda c: c.data_sources.retrieve("ds_1", with_invoice_handling_setting=False),
        "GET /data_sources/ds_1",
        {"with_invoice_handling_setting": "false"},
        None,
    ),
    ("no data source", lambda c: c.data_sources.delete("ds_1"), "DELETE /data_sources/ds_1", {}, None),
    (
        "customers",
        lambda c: list(
            c.customers.list(data_source_uuid="ds_1", external_id="c-1", status="Past_Due", system="Custom", per_page=5)
        ),
        "GET /customers",
        {"data_source_uuid": "ds_1", "external_id": "c-1", "status": "Past_Due", "system": "Custom", "per_page": "5"},
        None,
    ),
    (
        "customers by e-mail",
        lambda c: list(c.customers.search(email="a+b@x.example", with_associated_emails=True)),
        "GET /customers/search",
        {"email": "a+b@x.example", "with_associated_emails": "true", **PAGED},
        None,
    ),
    (
        "customer",
        lambda c: c.customers.create(data_source_uuid="ds_1", external_id="c-1", attributes={"tags": ["a"]}),
        "POST /customers",
        {},
        {"data_source_uuid": "ds_1", "external_id": "c-1", "attributes": {"tags": ["a"]}},
    ),
    ("one customer", lambda c: c.customers.retrieve("cus_1"), "GET /customers/cus_1", {}, None),
    (
        "changed customer",
        lambda c: c.customers.update("cus_1", name=None, lead_created_at=AT),
        "PATCH /customers/cus_1",
        {},
        {"name": None, "lead_created_at": "2026-01-31T23:30:00Z"},
    ),
    ("no customer", lambda c: c.customers.delete("cus_1"), "DELETE /customers/cus_1", {}, None),
    ("attributes", lambda c: c.customers.retrieve_attributes("cus_1"), "GET /customers/cus_1/attributes", {}, None),
    (
        "plans",
        lambda c: list(c.plans.list(data_source_uuid="ds_1", external_id="p-1", system="Custom")),
        "GET /plans",
        {"data_source_uuid": "ds_1", "external_id": "p-1", "system": "Custom", **PAGED},
        None,
    ),
    (
        "plan",
        lambda c: c.plans.create(
            data_source_uuid="ds_1", external_id="p-1", name="Pro", interval_count=3, interval_unit="month"
        ),
        "POST /plans",
        {},
        {
            "data_source_uuid": "ds_1",
            "external_id": "p-1",
            "name": "Pro",
            "interval_count": 3,
            "interval_unit": "month",
        },
    ),
    ("one plan", lambda c: c.plans.retrieve("pl_1"), "GET /plans/pl_1", {}, None),
    ("changed plan", lambda c: c.plans.update("pl_1", name="Max"), "PATCH /plans/pl_1", {}, {"name": "Max"}),
    ("no plan", lambda c: c.plans.delete("pl_1"), "DELETE /plans/pl_1", {}, None),
    (
        "invoices",
        lambda c: list(
            c.invoices.list(
                customer_uuid="cus_1",
                data_source_uuid="ds_1",
                external_id="i-1",
                validation_type="all",
                with_disabled=True,
                include_edit_histories=True,
            )
        ),
        "GET /invoices",
        {
            "customer_uuid": "cus_1",
            "data_source_uuid": "ds_1",
            "external_id": "i-1",
            "validation_type": "all",
            "with_disabled": "true",
            "include_edit_histories": "true",
            **PAGED,
        },
        None,
    ),
    (
        "invoices of a customer",
        lambda c: list(c.invoices.list_for_customer("cus_1", validation_type="invalid", with_disabled=True)),
        "GET /import/customers/cus_1/invoices",
        {"validation_type": "invalid", "with_disabled": "true", **PAGED},
        None,
    ),
    (
        "invoice",
        lambda c: c.invoices.create("cus_1", [{**BILL, "date": date(2026, 1, 1)}], handle_as_user_edit=True),
        "POST /import/customers/cus_1/invoices",
        {"handle_as_user_edit": "true"},
        {"invoices": [{**BILL, "date": "2026-01-01"}]},
    ),
    ("one invoice", lambda c: c.invoices.retrieve("inv_1"), "GET /invoices/inv_1", {}, None),
    ("no invoice", lambda c: c.invoices.delete("inv_1"), "DELETE /invoices/inv_1", {}, None),
    (
        "one line item, good or bad",
        lambda c: c.line_items.retrieve("li_1", validation_type="all"),
        "GET /line_items/li_1",
        {"validation_type": "all"},
        None,
    ),
    (
        "line item",
        lambda c: c.line_items.create("inv_1", type="one_time", amount_in_cents=-5, handle_as_user_edit=True),
        "POST /import/invoices/inv_1/line_items",
        {"handle_as_user_edit": "true"},
        {"type": "one_time", "amount_in_cents": -5},
    ),
    (
        "transaction",
        lambda c: c.transactions.create(
            "inv_1", external_id="t-1", type="refund", date=AT, result="failed", handle_as_user_edit=False
        ),
        "POST /import/invoices/inv_1/transactions",
        {"handle_as_user_edit": "false"},
        {"external_id": "t-1", "type": "refund", "date": "2026-01-31T23:30:00Z", "result": "failed"},
    ),
    (
        "events",
        lambda c: list(
            c.subscription_events.list(
                data_source_uuid="ds_1",
                external_id="e-1",
                customer_external_id="c-1",
                subscription_external_id="s-1",
                plan_external_id="p-1",
                event_type="subscription_cancelled",
                event_date="2026-01-01",
                effective_date=AT,
                with_disabled=False,
                include_edit_histories=True,
            )
        ),
        "GET /subscription_events",
        {
            "data_source_uuid": "ds_1",
            "external_id": "e-1",
            "customer_external_id": "c-1",
            "subscription_external_id": "s-1",
            "plan_external_id": "p-1",
            "event_type": "subscription_cancelled",
            "event_date": "2026-01-01",
            "effective_date": "2026-01-31T23:30:00Z",
            "with_disabled": "false",
            "include_edit_histories": "true",
            **PAGED,
        },
        None,
    ),
    (
        "event",
        lambda c: c.subscription_events.create(
            data_source_uuid="ds_1", external_id="e-1", **{**CANCELLATION, "event_date": AT}, handle_as_user_edit=True
        ),
        "POST /subscription_events",
        {"handle_as_user_edit": "true"},
        {
            "subscription_event": {
                **CANCELLATION,
                "data_source_uuid": "ds_1",
                "external_id": "e-1",
                "event_date": "2026-01-31T23:30:00Z",
            }
        },
    ),
    (
        "changed event",
        lambda c: c.subscription_events.update(id=7, amount_in_cents=5),
        "PATCH /subscription_events",
        {},
        {"subscription_event": {"id": 7, "amount_in_cents": 5}},
    ),
    (
        "no event",
        lambda c: c.subscription_events.delete(id=7),
        "DELETE /subscription_events",
        {},
        {"subscription_event": {"id": 7}},
    ),
    (
        "no event of that name",
        lambda c: c.subscription_events.delete(external_id="e-1", data_source_uuid="ds_1"),
        "DELETE /subscription_events",
        {},
        {"subscription_event": {"external_id": "e-1", "data_source_uuid": "ds_1"}},
    ),
    (
        "subscriptions",
        lambda c: list(c.subscriptions.list("cus_1")),
        "GET /customers/cus_1/subscriptions",
        PAGED,
        None,
    ),
    (
        "bulk import",
        lambda c: c.json_imports.create("ds_1", external_id="b", plans=[], invoices=[{"date": AT}]),
        "POST /data_sources/ds_1/json_imports",
        {},
        {"external_id": "b", "plans": [], "invoices": [{"date": "2026-01-31T23:30:00Z"}]},
    ),
    (
        "one bulk import",
        lambda c: c.json_imports.retrieve("ds_1", "b"),
        "GET /data_sources/ds_1/json_imports/b",
        {},
        None,
    ),
    (
        "tags",
        lambda c: c.tags.add("cus_1", ["a", "b"]),
        "POST /customers/cus_1/attributes/tags",
        {},
        {"tags": ["a", "b"]},
    ),
    (
        "tags by e-mail",
        lambda c: c.tags.add_by_email("a@x.example", ["a"]),
        "POST /customers/attributes/tags",
        {},
        {"email": "a@x.example", "tags": ["a"]},
    ),
    (
        "fewer tags",
        lambda c: c.tags.remove("cus_1", ["a"]),
        "DELETE /customers/cus_1/attributes/tags",
        {},
        {"tags": ["a"]},
    ),
    (
        "custom attributes",
        lambda c: c.custom_attributes.add("cus_1", [{"type": "String", "key": "a", "value": "x"}]),
        "POST /customers/cus_1/attributes/custom",
        {},
        {"custom": [{"type": "String", "key": "a", "value": "x"}]},
    ),
    (
        "custom attributes by e-mail",
        lambda c: c.custom_attributes.add_by_email("a@x.example", [ATTRIBUTE], with_associated_emails=True),
        "POST /customers/attributes/custom",
        {},
        {"email": "a@x.example", "custom": [ATTRIBUTE], "with_associated_emails": True},
    ),
    (
        "changed custom attributes",
        lambda c: c.custom_attributes.update("cus_1", {"a": {"value": 1, "source": "x"}}),
        "PUT /customers/cus_1/attributes/custom",
        {},
        {"custom": {"a": {"value": 1, "source": "x"}}},
    ),
    (
        "fewer custom attributes",
        lambda c: c.custom_attributes.remove("cus_1", ["a"]),
        "DELETE /customers/cus_1/attributes/custom",
        {},
        {"custom": ["a"]},
    ),
    (
        "activities",
        lambda c: list(c.activities.list(start_date="2026-01-01", end_date=AT, type="churn", order="-date")),
        "GET /activities",
        {
            "start-date": "2026-01-01",
            "end-date": "2026-01-31T23:30:00Z",
            "type": "churn",
            "order": "-date",
            **PAGED,
        },
        None,
    ),
    (
        "activities of a customer",
        lambda c: list(c.activities.list_for_customer("cus_1")),
        "GET /customers/cus_1/activities",
        PAGED,
        None,
    ),
    (
        "export",
        lambda c: c.activities_exports.create(start_date=date(2026, 1, 1), end_date="2026-02-01", type="new_biz"),
        "POST /activities_export",
        {},
        {"start-date": "2026-01-01", "end-date": "2026-02-01", "type": "new_biz"},
    ),
    ("export of all", lambda c: c.activities_exports.create(), "POST /activities_export", {}, {}),
    ("one export", lambda c: c.activities_exports.retrieve("e1"), "GET /activities_export/e1", {}, None),
    (
        "metrics filtered",
        lambda c: c.metrics.mrr(
            start_date="2026-01-01T00:00:00+00:00",
            end_date=AT,
            interval="week",
            geo=["US", "DE"],
            plans="Pro",
            filters="mrr~GT~150",
        ),
        "GET /metrics/mrr",
        {**DAYS, "interval": "week", "geo": "US,DE", "plans": "Pro", "filters": "mrr~GT~150"},
        None,
    ),
    ("ltv", lambda c: c.metrics.ltv(**RANGE, geo="US"), "GET /metrics/ltv", {**DAYS, "geo": "US"}, None),
]

METRICS = {
    "all": "all",
    "mrr": "mrr",
    "arr": "arr",
    "arpa": "arpa",
    "asp": "asp",
    "customer_count": "customer-count",
    "customer_churn_rate": "customer-churn-rate",
    "mrr_churn_rate": "mrr-churn-rate",
}


@pytest.mark.parametrize(
    ("call", "request_line", "query", "body"), [row[1:] for row in OPERATIONS], ids=[row[0] for row in OPERATIONS]
)
def test_operation(connect, call, request_line, query, body):
    with serving(answer(body=LISTED)) as server:
        call(connect(server.url))

    assert server.calls == [request_line]
    assert dict(parse_qsl(server.requests[0].target.partition("?")[2])) == query
    assert (server.requests[0].json if server.requests[0].body else None) == body


@pytest.mark.parametrize(("method", "name"), METRICS.items())
def test_metric(connect, method, name):
    entries = {"entries": [{"date": "2026-01-31", name: 1}], "summary": {}}
    with serving(answer(body=entries)) as server:
        client = connect(server.url)
        assert getattr(client.metrics, method)(**RANGE) == entries
        getattr(client.metrics, method)(**RANGE, interval="quarter")

    assert server.calls == [f"GET /metrics/{name}"] * 2
    sent = [dict(parse_qsl(request.target.partition("?")[2])) for request in server.requests]
    assert sent == [{**DAYS, "interval": "month"}, {**DAYS, "interval": "quarter"}]


@pytest.mark.parametrize(
    ("metric", "interval"), [("mrr", "hour"), ("all", ""), ("asp", "day"), ("asp", "week"), ("mrr_churn_rate", "years")]
)
def test_an_interval_that_the_metric_lacks_is_refused(connect, metric, interval):
    with serving(answer()) as server, pytest.raises(ValueError, match="interval must be one of"):
        getattr(connect(server.url).metrics, metric)(**RANGE, interval=interval)

    assert server.requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_date": "January", "end_date": "2026-01-31"},
        {"start_date": "2026-02-30", "end_date": "2026-03-01"},
        {"start_date": None, "end_date": "2026-03-01"},
    ],
)
def test_a_date_that_is_none_is_refused(connect, arguments):
    with pytest.raises(ValueError):
        connect("http://127.0.0.1:9/v1").metrics.mrr(**arguments)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-11",
        "2026-02-11 00:00:00",
        "2026-02-11 00:00:00 UTC",
        "2026-02-11T01:00:00+0100",
        "2026-02-11T00:00:00Z",
    ],
)
def test_every_form_of_date_that_the_api_reads_passes(connect, text):
    with serving(answer(body=LISTED)) as server:
        client = connect(server.url)
        list(client.activities.list(start_date=text))
        client.metrics.arr(start_date=text, end_date=text)

    sent = [dict(parse_qsl(request.target.partition("?")[2]))["start-date"] for request in server.requests]
    assert sent == [text, "2026-02-11"]


def test_an_event_to_delete_must_be_named(connect):
    with pytest.raises(ValueError, match="name the event"):
        connect("http://127.0.0.1:9/v1").subscription_events.delete(external_id="e-1")


@pytest.mark.parametrize(
    ("call", "nothing"),
    [
        (lambda c: c.customers.delete("cus_1"), None),
        (lambda c: c.custom_attributes.remove("cus_1", ["a"]), {"custom": {}}),
        (lambda c: c.tags.remove("cus_1", ["a"]), {"tags": []}),
    ],
)
def test_an_answer_without_body(connect, call, nothing):
    with serving(answer(204, text="")) as server:
        assert call(connect(server.url)) == nothing


def test_answers_are_passed_on_as_they_came(connect):
    customer = {"uuid": "cus_1", "customer-since": None, "attributes": {"custom": {}}, "brand-new": [1.5]}
    with serving(answer(body=customer)) as server:
        assert connect(server.url).customers.retrieve("cus_1") == customer


def test_nobody_has_the_address(connect):
    with (
        serving(answer(404, {"code": 404, "message": "Can't find any", "param": "email"})) as server,
        pytest.raises(ChartMogulNotFoundError),
    ):
        list(connect(server.url).customers.search(email="a@x.example"))


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.customers.create(external_id="c-1"),
        lambda c: c.plans.create(data_source_uuid="ds_1", name="x"),
        lambda c: c.metrics.mrr(start_date="2026-01-01"),
        lambda c: c.json_imports.create("ds_1"),
        lambda c: c.metrics.ltv(**RANGE, interval="month"),
    ],
)
def test_a_missing_or_unknown_argument_is_a_type_error(connect, call):
    with pytest.raises(TypeError):
        call(connect("http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    ("call", "body", "words"),
    [
        (lambda c: c.account.retrieve(), {}, "GET /account: the answer lacks the field 'name'"),
        (lambda c: c.data_sources.retrieve("ds_1"), {}, "GET /data_sources/ds_1: the answer lacks the field 'uuid'"),
        (lambda c: c.data_sources.create(name="A"), {}, "POST /data_sources: the answer lacks the field 'uuid'"),
        (
            lambda c: c.data_sources.get_or_create(name="A"),
            {"data_sources": [{"name": "A"}]},
            "GET /data_sources: the answer lacks the field 'uuid'",
        ),
        (lambda c: c.activities_exports.create(), {}, "POST /activities_export: the answer lacks the field 'id'"),
        (
            lambda c: c.activities_exports.retrieve("1"),
            {"id": "1", "status": None},
            "GET /activities_export/1: the answer lacks the field 'status'",
        ),
        (
            lambda c: c.customers.create(data_source_uuid="ds_1", external_id="c-1"),
            {"id": 1},
            "POST /customers: the answer lacks the field 'uuid'",
        ),
        (lambda c: c.customers.retrieve("cus_1"), {}, "GET /customers/cus_1: the answer lacks the field 'uuid'"),
        (lambda c: c.customers.update("cus_1"), {}, "PATCH /customers/cus_1: the answer lacks the field 'uuid'"),
        (
            lambda c: list(c.customers.list()),
            {"entries": [{"id": 1}], "has_more": False},
            "GET /customers: the answer lacks the field 'uuid'",
        ),
        (lambda c: c.plans.retrieve("pl_1"), {}, "GET /plans/pl_1: the answer lacks the field 'uuid'"),
        (lambda c: c.plans.update("pl_1"), {}, "PATCH /plans/pl_1: the answer lacks the field 'uuid'"),
        (lambda c: c.invoices.create("cus_1", [BILL]), {}, f"{INVOICES}: the page has no list 'invoices'"),
        (
            lambda c: c.invoices.create("cus_1", [BILL]),
            {"invoices": [{"external_id": "i-1"}]},
            f"{INVOICES}: the answer lacks the field 'uuid'",
        ),
        (lambda c: c.invoices.retrieve("inv_1"), {}, "GET /invoices/inv_1: the answer lacks the field 'uuid'"),
        (lambda c: c.line_items.retrieve("li_1"), {}, "GET /line_items/li_1: the answer lacks the field 'uuid'"),
        (lambda c: c.transactions.retrieve("t_1"), {}, "GET /transactions/t_1: the answer lacks the field 'uuid'"),
        (
            lambda c: c.subscription_events.update(id=7),
            {},
            "PATCH /subscription_events: the answer lacks the field 'id'",
        ),
        (
            lambda c: c.json_imports.retrieve("ds_1", "b"),
            {"id": "1"},
            "GET /data_sources/ds_1/json_imports/b: the answer lacks the field 'status'",
        ),
        (
            lambda c: c.subscription_attributes.retrieve("s-1"),
            {"tags": []},
            "GET /subscriptions/s-1/attributes: the answer lacks the field 'custom'",
        ),
        (lambda c: c.metrics.mrr(**RANGE), {}, "GET /metrics/mrr: the page has no list 'entries'"),
        (lambda c: c.metrics.all(**RANGE), {"entries": {}}, "GET /metrics/all: the page has no list 'entries'"),
        (
            lambda c: c.metrics.ltv(**RANGE),
            {"entries": ["x"]},
            "GET /metrics/ltv: a record of the answer is not an object",
        ),
        (
            lambda c: c.metrics.arr(**RANGE),
            {"entries": [{"arr": 1}]},
            "GET /metrics/arr: the answer lacks the field 'date'",
        ),
        (
            lambda c: list(c.customers.list()),
            {"entries": [None], "has_more": False},
            "GET /customers: a record of the answer is not an object",
        ),
    ],
)
def test_an_object_of_another_shape_is_an_error_that_names_request_and_field(connect, call, body, words):
    with serving(answer(body=body)) as server, pytest.raises(ChartMogulInvalidResponseError) as caught:
        call(connect(server.url))

    assert str(caught.value) == words
    assert len(server.requests) == 1
