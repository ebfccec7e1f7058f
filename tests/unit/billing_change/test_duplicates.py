"""Which customers two data sources have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.billing_change import find_duplicates
from airflow_provider_chartmogul.billing_change.duplicates import Keyed, compared, keyed
from airflow_provider_chartmogul.exceptions import ChartMogulNotFoundError

if TYPE_CHECKING:
    from airflow_provider_chartmogul.billing_change import Duplicates
    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.fixture
def old(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="Old")["uuid"])


@pytest.fixture
def new(client: ChartMogulClient) -> str:
    return str(client.data_sources.create(name="New")["uuid"])


def customer(uuid: str, *parts: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """Return a customer as it is listed."""
    sources, ids = ([part[side] for part in parts] for side in (0, 1))
    return {"uuid": uuid, "data_source_uuids": sources, "external_ids": ids, "name": uuid, **fields}


def of_both(*customers: dict[str, Any], by: str = "email") -> Duplicates:
    def of(source: str) -> Keyed:
        return keyed((one for one in customers if source in one["data_source_uuids"]), by)

    return compared(of("new"), of("old"))


def pairs(found: Duplicates) -> list[tuple[str, str]]:
    return [(pair["from"]["customer_uuid"], pair["into"]["customer_uuid"]) for pair in found.pairs]


def unclear(found: Duplicates) -> list[tuple[set[str], set[str]]]:
    return [
        tuple({one["customer_uuid"] for one in line[side]} for side in ("from", "into")) for line in found.ambiguous
    ]


class TestByEmail:
    def test_the_case_of_letters_and_spaces_around_do_not_matter(self) -> None:
        found = of_both(
            customer("a", ("old", "1"), email="Ida@Firm.example"),
            customer("b", ("new", "2"), email=" ida@firm.EXAMPLE "),
        )
        assert (pairs(found), found.ambiguous) == ([("b", "a")], [])
        (pair,) = found.pairs
        assert {name: pair[name] for name in pair if name not in ("from", "into")} == {
            "matched": "ida@firm.example",
            "from_name": "b",
            "into_name": "a",
            "from_external_ids": ["2"],
            "into_external_ids": ["1"],
        }

    @pytest.mark.parametrize("email", ["", "  ", None])
    def test_no_address_is_in_common_with_nobody(self, email: str | None) -> None:
        found = of_both(customer("a", ("old", "1"), email=email), customer("b", ("new", "2"), email=email))
        assert (found.pairs, found.ambiguous) == ([], [])

    def test_others_have_nothing_to_do_with_it(self) -> None:
        found = of_both(
            customer("a", ("old", "1"), email="ida@firm.example"),
            customer("b", ("old", "2"), email="twice@firm.example"),
            customer("c", ("old", "3"), email="twice@firm.example"),
            customer("d", ("new", "4"), email="dora@firm.example"),
        )
        assert (found.pairs, found.ambiguous) == ([], [])

    @pytest.mark.parametrize(("of_old", "of_new"), [(2, 1), (1, 2), (3, 3)])
    def test_what_several_of_a_source_have_is_for_people(self, of_old: int, of_new: int) -> None:
        olds = [customer(f"old-{n}", ("old", f"{n}"), email="ida@firm.example") for n in range(of_old)]
        news = [customer(f"new-{n}", ("new", f"{n}"), email="IDA@firm.example") for n in range(of_new)]
        found = of_both(*olds, *news)
        assert found.pairs == []
        assert unclear(found) == [({one["uuid"] for one in news}, {one["uuid"] for one in olds})]

    def test_merged_ones_are_not_found_again(self) -> None:
        found = of_both(customer("a", ("old", "1"), ("new", "2"), email="ida@firm.example"))
        assert (found.pairs, found.ambiguous) == ([], [])

    def test_nobody_else_of_the_new_source_is_merged_into_a_merged_one(self) -> None:
        merged = customer("a", ("old", "1"), ("new", "2"), email="ida@firm.example")
        found = of_both(merged, customer("b", ("new", "3"), email="ida@firm.example"))
        assert (found.pairs, unclear(found)) == ([], [({"a", "b"}, {"a"})])

    def test_what_people_have_decided_is_not_asked_again(self) -> None:
        merged = customer("a", ("old", "1"), ("new", "2"), email="ida@firm.example")
        found = of_both(merged, customer("b", ("old", "3"), email="ida@firm.example"))
        assert (found.pairs, found.ambiguous) == ([], [])

    def test_the_order_is_that_of_what_is_in_common(self) -> None:
        names = ("c", "a", "b")
        found = of_both(
            *(customer(f"{source}-{name}", (source, name), email=name) for name in names for source in ("new", "old"))
        )
        assert [pair["matched"] for pair in found.pairs] == ["a", "b", "c"]


class TestByExternalId:
    def test_nobody_is_in_two_pairs(self) -> None:
        found = of_both(
            customer("a", ("old", "1")),
            customer("b", ("old", "2")),
            customer("c", ("new", "1"), ("new", "2")),
            customer("d", ("old", "3"), ("old", "4")),
            customer("e", ("new", "3")),
            customer("f", ("new", "4")),
            by="external_id",
        )
        assert found.pairs == []
        assert unclear(found) == [({"c"}, {"a"}), ({"c"}, {"b"}), ({"e"}, {"d"}), ({"f"}, {"d"})]

    def test_two_ids_in_common_make_one_pair(self) -> None:
        found = of_both(
            customer("a", ("old", "1"), ("old", "2")), customer("b", ("new", "1"), ("new", "2")), by="external_id"
        )
        assert (pairs(found), found.ambiguous) == ([("b", "a")], [])


def test_by_a_custom_attribute() -> None:
    def has(value: Any) -> dict[str, Any]:
        return {"attributes": {"custom": {"crm_id": value}, "tags": []}}

    found = of_both(
        customer("a", ("old", "1"), **has(7)),
        customer("b", ("new", "2"), **has("7")),
        customer("c", ("old", "3"), **has("Ab")),
        customer("d", ("new", "4"), **has("ab")),
        customer("e", ("old", "5"), **has(None)),
        customer("f", ("new", "6"), **has(None)),
        customer("g", ("new", "7")),
        by="custom.crm_id",
    )
    assert (pairs(found), found.ambiguous) == ([("b", "a")], [])


@pytest.mark.parametrize("value", [True, False])
def test_true_or_false_tells_nobody_apart(value: bool) -> None:
    one = customer("a", ("old", "1"), attributes={"custom": {"vip": value}})
    with pytest.raises(ValueError, match=r"not custom\.vip, which is true or false"):
        of_both(one, by="custom.vip")


@pytest.mark.parametrize("by", ["e-mail", "custom.", "", None, "custom"])
def test_by_nothing_else(client: ChartMogulClient, by: Any) -> None:
    with pytest.raises(ValueError, match="by must be email, external_id, or custom"):
        find_duplicates(client, "ds_1", "ds_2", by)


class TestOfAnAccount:
    def add(self, client: ChartMogulClient, source: str, name: str, email: str) -> str:
        return str(client.customers.create(data_source_uuid=source, external_id=name, email=email)["uuid"])

    def test_they_are_found_until_they_are_merged(self, client: ChartMogulClient, old: str, new: str) -> None:
        into = self.add(client, old, "1", "ida@firm.example")
        from_ = self.add(client, new, "n1", "Ida@firm.example")
        found = find_duplicates(client, new, old)
        assert pairs(found) == [(from_, into)]
        (pair,) = found.pairs
        client.customers.merge(from_=pair["from"], into=pair["into"])
        found = find_duplicates(client, new, old)
        assert (found.pairs, found.ambiguous) == ([], [])

    def test_external_ids_are_those_of_the_source(self, client: ChartMogulClient, old: str, new: str) -> None:
        crm = str(client.data_sources.create(name="CRM")["uuid"])
        self.add(client, old, "1", "a@firm.example")
        from_, into = self.add(client, new, "2", "b@firm.example"), self.add(client, old, "2", "c@firm.example")
        client.customers.merge(from_=self.add(client, crm, "1", "d@firm.example"), into=from_)
        found = find_duplicates(client, new, old, "external_id")
        assert (pairs(found), found.ambiguous) == ([(from_, into)], [])

    def test_who_is_merged_with_somebody_else_of_the_other_source_is_for_people(
        self, client: ChartMogulClient, old: str, new: str
    ) -> None:
        into = self.add(client, old, "1", "a@firm.example")
        client.customers.merge(from_=self.add(client, new, "9", "b@firm.example"), into=into)
        found = find_duplicates(client, new, old, "external_id")
        assert (found.pairs, found.ambiguous) == ([], [])
        from_ = self.add(client, new, "1", "c@firm.example")
        found = find_duplicates(client, new, old, "external_id")
        assert (found.pairs, unclear(found)) == ([], [({from_}, {into})])

    def test_a_source_that_is_not_there_is_no_source_without_duplicates(
        self, client: ChartMogulClient, old: str
    ) -> None:
        for sources in ((old, "ds_1"), ("ds_1", old)):
            with pytest.raises(ChartMogulNotFoundError):
                find_duplicates(client, *sources)

    def test_two_sources_are_needed(self, client: ChartMogulClient, old: str) -> None:
        with pytest.raises(ValueError, match="must differ"):
            find_duplicates(client, old, old)
