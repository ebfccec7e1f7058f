"""The cursor walk."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulInvalidResponseError, ChartMogulPaginationError
from tests.unit.client.servers import answer, cut_short, serving


def page(*names: str, cursor: str | None = None, more: bool = False, key: str = "entries", **fields: object):
    return answer(body={key: [{"uuid": name, **fields} for name in names], "cursor": cursor, "has_more": more})


def queries(server):
    return [parse_qs(request.target.partition("?")[2]) for request in server.requests]


def test_pages_follow_the_cursor_with_the_same_filters(connect):
    with serving(page("a", "b", cursor="MjAx==", more=True), page("c", cursor="end")) as server:
        records = list(connect(server.url).customers.list(status="Active", per_page=2))

    assert records == [{"uuid": "a"}, {"uuid": "b"}, {"uuid": "c"}]
    first = {"status": ["Active"], "per_page": ["2"]}
    assert queries(server) == [first, {**first, "cursor": ["MjAx=="]}]
    assert server.requests[1].target.endswith("cursor=MjAx%3D%3D")


def test_a_listing_asks_for_nothing_until_it_is_read_and_then_page_by_page(connect):
    with serving(page("a", cursor="1", more=True), page("b")) as server:
        pages = connect(server.url).customers.list().pages()
        assert server.requests == []
        first = next(pages)
        assert len(server.requests) == 1

    assert (first.records, first.cursor, first.has_more) == ([{"uuid": "a"}], "1", True)
    assert first.raw == {"entries": [{"uuid": "a"}], "cursor": "1", "has_more": True}


def test_a_walk_goes_on_from_a_cursor(connect):
    with serving(page("b")) as server:
        assert list(connect(server.url).customers.list(cursor="1")) == [{"uuid": "b"}]

    assert queries(server)[0]["cursor"] == ["1"]


def test_each_iteration_starts_anew(connect):
    with serving(page("a")) as server:
        listing = connect(server.url).customers.list()
        assert list(listing) == list(listing)

    assert len(server.requests) == 2


def test_a_page_that_fails_is_asked_for_again_in_place(connect):
    with serving(page("a", cursor="1", more=True), cut_short, answer(502), page("b")) as server:
        assert [record["uuid"] for record in connect(server.url).customers.list()] == ["a", "b"]

    assert [query.get("cursor") for query in queries(server)] == [None, ["1"], ["1"], ["1"]]


@pytest.mark.parametrize("second", ["1", "2"])
def test_a_cursor_that_comes_back_ends_the_walk(connect, second):
    answers = [page("a", cursor="1", more=True), page("b", cursor=second, more=True), page("c", cursor="1", more=True)]
    with serving(*answers) as server, pytest.raises(ChartMogulPaginationError, match="GET /customers: a cursor came"):
        list(connect(server.url).customers.list())

    assert len(server.requests) == int(second) + 1


def test_the_cursor_of_the_start_counts_as_followed(connect):
    with serving(page("a", cursor="1", more=True)) as server, pytest.raises(ChartMogulPaginationError):
        list(connect(server.url).customers.list(cursor="1"))


@pytest.mark.parametrize("cursor", [None, ""])
def test_more_without_a_cursor_is_an_error(connect, cursor):
    with (
        serving(page("a", cursor=cursor, more=True)) as server,
        pytest.raises(ChartMogulPaginationError, match="no cursor is given"),
    ):
        next(connect(server.url).customers.list().pages())


@pytest.mark.parametrize(
    "body",
    [
        {"plans": [], "cursor": None, "has_more": False},
        {"entries": None, "cursor": None, "has_more": False},
        {"entries": [], "cursor": None},
        {"entries": [], "cursor": None, "has_more": "no"},
    ],
)
def test_a_page_without_its_parts_is_not_a_page(connect, body):
    with serving(answer(body=body)) as server, pytest.raises(ChartMogulInvalidResponseError, match="GET /customers"):
        list(connect(server.url).customers.list())


@pytest.mark.parametrize(
    ("key", "listing"),
    [
        ("entries", lambda client: client.customers.list()),
        ("entries", lambda client: client.customers.search(email="a@b.example")),
        ("entries", lambda client: client.subscriptions.list("cus_1")),
        ("entries", lambda client: client.activities.list()),
        ("entries", lambda client: client.activities.list_for_customer("cus_1")),
        ("plans", lambda client: client.plans.list()),
        ("invoices", lambda client: client.invoices.list()),
        ("invoices", lambda client: client.invoices.list_for_customer("cus_1")),
        ("subscription_events", lambda client: client.subscription_events.list()),
        ("entries", lambda client: client.contacts.list()),
        ("entries", lambda client: client.contacts.list_for_customer("cus_1")),
        ("entries", lambda client: client.customer_notes.list()),
        ("entries", lambda client: client.opportunities.list()),
        ("plan_groups", lambda client: client.plan_groups.list()),
        ("plans", lambda client: client.plan_groups.list_plans("plg_1")),
        ("subscriptions", lambda client: client.subscriptions.list_imported("cus_1")),
    ],
)
def test_each_list_has_its_records_where_the_api_puts_them(connect, key, listing):
    with serving(page("a", cursor="1", more=True, key=key, id=1), page("b", key=key, id=2)) as server:
        assert [record["uuid"] for record in listing(connect(server.url))] == ["a", "b"]


def test_data_sources_come_in_one_answer_without_paging(connect):
    with serving(answer(body={"data_sources": [{"uuid": "ds_1"}]})) as server:
        pages = list(connect(server.url).data_sources.list().pages())

    assert [(len(page.records), page.cursor, page.has_more) for page in pages] == [(1, None, False)]
    assert server.requests[0].target == "/v1/data_sources"


def test_first_reads_no_more_than_it_needs(connect):
    with serving(page("a", cursor="1", more=True)) as server:
        assert connect(server.url).customers.list().first() == {"uuid": "a"}
    assert len(server.requests) == 1

    with serving(page()) as server:
        assert connect(server.url).customers.list().first() is None


@pytest.mark.parametrize("per_page", [0, 201, "200", True, 10.0])
def test_a_page_size_that_the_api_would_change_or_not_understand_is_refused(connect, per_page):
    with pytest.raises(ValueError, match="per_page must be an integer from 1 to 200"):
        connect("http://127.0.0.1:9/v1").customers.list(per_page=per_page)
