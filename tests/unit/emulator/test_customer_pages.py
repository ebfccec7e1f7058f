"""Cursor paging of customers (``/docs/pagination``)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.unit.emulator.account import invoice, subscription_item

if TYPE_CHECKING:
    from tests.unit.emulator.account import Api


def decoded(cursor: str) -> str:
    return base64.b64decode(cursor).decode()


@pytest.fixture
def five(api: Api, source: str, plan: str) -> list[str]:
    """Five customers in list order: three paying ones by customer-since, then two leads."""
    lead = api.customer(source, "lead-1")
    starts = {"late": "2026-02-05", "early": "2026-01-05", "middle": "2026-01-20"}
    uuids = {name: api.customer(source, name) for name in starts}
    for name, start in starts.items():
        item = subscription_item(plan, start, subscription_external_id=f"sub-{name}")
        api.bill(uuids[name], invoice(f"inv-{name}", item))
    return [uuids["early"], uuids["middle"], uuids["late"], lead, api.customer(source, "lead-2")]


def test_order_cursors_and_page_numbers(api: Api, five: list[str]) -> None:
    pages = [api.json("GET", "/customers", per_page=2)]
    while pages[-1]["has_more"]:
        pages.append(api.json("GET", "/customers", per_page=2, cursor=pages[-1]["cursor"]))
    assert [entry["uuid"] for page in pages for entry in page["entries"]] == five
    assert [len(page["entries"]) for page in pages] == [2, 2, 1]
    numbers = {name: pages[0][name] for name in ("current_page", "total_pages", "per_page", "page")}
    assert numbers == {"current_page": 1, "total_pages": 3, "per_page": 2, "page": 1}
    for page in pages[1:]:
        assert set(page) == {"entries", "cursor", "has_more"}
    middle, lead, last = (page["entries"][-1]["id"] for page in pages)
    assert [decoded(page["cursor"]) for page in pages] == [
        f"2026-01-20T00:00:00.000000000Z&{middle}",
        f"&{lead}",
        f"&{last}",
    ]


def test_after_the_last_page_nothing_follows(api: Api, five: list[str]) -> None:
    last = api.json("GET", "/customers")
    after = api.json("GET", "/customers", cursor=last["cursor"])
    assert (after["entries"], after["has_more"], after["cursor"]) == ([], False, None)


def test_an_empty_list_has_no_cursor(api: Api, source: str) -> None:
    empty = api.json("GET", "/customers")
    assert empty == {
        "entries": [],
        "has_more": False,
        "cursor": None,
        "current_page": 1,
        "total_pages": 0,
        "per_page": 200,
        "page": 1,
    }
    assert api.json("GET", "/customers", external_id="nobody")["cursor"] is None


def test_a_walk_sees_each_customer_once_while_others_arrive_and_go(api: Api, source: str, five: list[str]) -> None:
    seen = []
    page = api.json("GET", "/customers", per_page=1)
    for number in range(100):
        seen += [entry["uuid"] for entry in page["entries"]]
        if number == 1:
            api.json("DELETE", f"/customers/{five[0]}", expect=204)  # before the cursor
            added = api.customer(source, "added")
        if not page["has_more"]:
            break
        page = api.json("GET", "/customers", per_page=1, cursor=page["cursor"])
    assert seen == [*five, added]


def test_the_customer_in_the_cursor_may_go(api: Api, five: list[str]) -> None:
    page = api.json("GET", "/customers", per_page=2)
    api.json("DELETE", f"/customers/{five[1]}", expect=204)
    following = api.json("GET", "/customers", per_page=2, cursor=page["cursor"])
    assert [entry["uuid"] for entry in following["entries"]] == five[2:4]


def test_page_sizes(api: Api, source: str) -> None:
    customers = [{"external_id": f"c{number}"} for number in range(205)]
    path = f"/data_sources/{source}/json_imports"
    api.json("POST", path, {"external_id": "many", "customers": customers})
    while api.json("GET", f"{path}/many")["status"] != "completed":
        pass
    for size, expected in (({}, 200), ({"per_page": 1000}, 200), ({"per_page": 7}, 7)):
        page = api.json("GET", "/customers", **size)
        assert (len(page["entries"]), page["per_page"], page["has_more"]) == (expected, expected, True)
    assert [c["external_id"] for c in api.walk("/customers", "entries", per_page=60)] == [f"c{n}" for n in range(205)]


@pytest.mark.parametrize("path", ["/customers", "/plans", "/invoices", "/activities", "/subscription_events"])
def test_wrong_page_sizes_and_cursors_are_400(api: Api, path: str) -> None:
    for size in ("0", "-1", "ten", "1.5", ""):
        assert api.json("GET", path, expect=400, per_page=size)["param"] == "per_page"
    for cursor in ("nonsense!", base64.b64encode(b"x&y").decode()):
        assert api.json("GET", path, expect=400, cursor=cursor)["param"] == "cursor"
