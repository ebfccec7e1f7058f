"""Only what differs is sent: counted over HTTP, and seen in what the account holds afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.enrichment.conftest import Account, Run

    Enrich = Callable[..., Run]

SET = "POST /customers/{customer_uuid}/attributes/custom"
UNSET = "DELETE /customers/{customer_uuid}/attributes/custom"
TAG = "POST /customers/{customer_uuid}/attributes/tags"
UNTAG = "DELETE /customers/{customer_uuid}/attributes/tags"
SEATS = {"attributes": {"seats": "Integer"}}


def test_only_customers_that_differ_are_written_and_a_second_run_sends_nothing(
    account: Account, enrich: Enrich
) -> None:
    same, other, new = account.customers("same", "other", "new")
    account.define(same, "Integer", seats=5, floors=2)
    account.define(other, "Integer", seats=5, floors=2)
    rows = [{"customer_uuid": uuid, "seats": seats} for uuid, seats in ((same, "5"), (other, "6"), (new, "7"))]
    first = enrich(rows, **SEATS)
    assert first.writes == {SET: 2}
    assert [account.custom(uuid) for uuid in (same, other, new)] == [
        {"seats": 5, "floors": 2},
        {"seats": 6, "floors": 2},
        {"seats": 7},
    ]
    expected = {"rows": 3, "customers": 3, "unchanged": 1, "changed": 2, "rejected": 0, "unknown": 0, "not_found": 0}
    fan_out = {"rows": 3, "customers": 3, "largest": 1}
    assert first.summary == {**expected, "writes": 2, "fan_out": fan_out}
    second = enrich(rows, **SEATS)
    assert not second.writes
    assert second.summary == {**first.summary, "unchanged": 3, "changed": 0, "writes": 0}


def test_all_types_are_sent_once(account: Account, enrich: Enrich) -> None:
    (uuid,) = account.customers("a")
    attributes = {
        "plan": "String",
        "seats": "Integer",
        "score": "Decimal",
        "whole": "Decimal",
        "since": "Timestamp",
        "vip": "Boolean",
    }
    row = {"plan": "pro", "seats": "12", "score": "1.50", "whole": "2", "since": "2026-01-31 12:00:00", "vip": "t"}
    arguments = {"attributes": attributes}
    assert enrich([{"customer_uuid": uuid, **row}], **arguments).writes == {SET: 1}
    since = "2026-01-31T12:00:00.000Z"
    expected = {"plan": "pro", "seats": 12, "score": 1.5, "whole": 2, "since": since, "vip": True}
    assert account.custom(uuid) == expected
    assert not enrich([{"customer_uuid": uuid, **row}], **arguments).writes
    assert not enrich([{"customer_uuid": uuid, **expected}], **arguments).writes


def test_one_request_of_each_kind_at_most_and_only_with_what_differs(account: Account, enrich: Enrich) -> None:
    (uuid,) = account.customers("a")
    account.define(uuid, "Integer", seats=1, floors=2, rooms=3, desks=4)
    account.client.tags.add(uuid, ["by hand", "auto:old", "auto:kept"])
    row = {"customer_uuid": uuid, "seats": 1, "floors": 9, "rooms": None, "desks": None, "tags": "auto:kept,auto:new,x"}
    arguments = {
        "attributes": dict.fromkeys(("seats", "floors", "rooms", "desks"), "Integer"),
        "tags_column": "tags",
        "owned_tags": ["auto:*"],
        "nulls": "clear",
    }
    run = enrich([row], **arguments)
    assert run.writes == {SET: 1, UNSET: 1, TAG: 1, UNTAG: 1}
    assert run.summary["writes"] == 4
    assert run.lines == [
        {
            "position": 1,
            "place": "record 1",
            "customer_uuid": uuid,
            "state": "changed",
            "set": {"floors": 9},
            "removed": ["rooms", "desks"],
            "tags_added": ["auto:new", "x"],
            "tags_removed": ["auto:old"],
        }
    ]
    assert account.custom(uuid) == {"seats": 1, "floors": 9}
    assert account.tags(uuid) == ["by hand", "auto:kept", "auto:new", "x"]
    assert not enrich([row], **arguments).writes


def test_null_keeps_what_is_there_unless_told(account: Account, enrich: Enrich) -> None:
    (uuid,) = account.customers("a")
    account.define(uuid, "Integer", seats=1)
    row = {"customer_uuid": uuid, "seats": None}
    assert not enrich([row], **SEATS).writes
    assert account.custom(uuid) == {"seats": 1}
    assert enrich([row], **SEATS, nulls="clear").writes == {UNSET: 1}
    assert account.custom(uuid) == {}
    assert not enrich([row], **SEATS, nulls="clear").writes


class TestTags:
    def test_without_owned_tags_they_are_only_added(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        account.client.tags.add(uuid, ["old", "risk"])
        row = {"customer_uuid": uuid, "tags": ["new"], "is_risk": False}
        arguments = {"tags_column": "tags", "tag_flags": {"risk": "is_risk"}}
        assert enrich([row], **arguments).writes == {TAG: 1}
        assert account.tags(uuid) == ["old", "risk", "new"]
        assert not enrich([row], **arguments).writes

    def test_owned_ones_go_and_those_of_others_stay(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        account.client.tags.add(uuid, ["vip", "segment:smb", "segment", "merged-customer", "churn"])
        row = {"customer_uuid": uuid, "tags": "segment:enterprise"}
        assert enrich([row], tags_column="tags", owned_tags=["segment:*", "churn"]).writes == {TAG: 1, UNTAG: 1}
        assert account.tags(uuid) == ["vip", "segment", "merged-customer", "segment:enterprise"]

    def test_flags_give_and_take_owned_tags(self, account: Account, enrich: Enrich) -> None:
        uuids = account.customers("yes", "no", "unknown")
        for uuid in uuids[1:]:
            account.client.tags.add(uuid, ["risk", "by hand"])
        rows = [{"customer_uuid": uuid, "at_risk": flag} for uuid, flag in zip(uuids, (True, False, None), strict=True)]
        arguments = {"tag_flags": {"risk": "at_risk"}, "owned_tags": ["risk"]}
        assert enrich(rows, **arguments).writes == {TAG: 1, UNTAG: 1}
        assert [account.tags(uuid) for uuid in uuids] == [["risk"], ["by hand"], ["risk", "by hand"]]
        assert enrich(rows, **arguments, nulls="clear").writes == {UNTAG: 1}
        assert account.tags(uuids[2]) == ["by hand"]

    def test_flags_leave_other_owned_tags(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        account.client.tags.add(uuid, ["seg:a", "seg:b"])
        arguments = {"tag_flags": {"seg:b": "is_b"}, "owned_tags": ["seg*"]}
        for flag, nulls in ((None, "keep"), (True, "keep"), (False, "keep"), (None, "clear")):
            enrich([{"customer_uuid": uuid, "is_b": flag}], **arguments, nulls=nulls)
            assert "seg:a" in account.tags(uuid)
        assert account.tags(uuid) == ["seg:a"]

    def test_null_in_the_column_leaves_owned_tags_unless_told(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        account.client.tags.add(uuid, ["auto:a", "by hand"])
        arguments = {"tags_column": "tags", "owned_tags": "auto:*"}
        row = {"customer_uuid": uuid, "tags": None}
        assert not enrich([row], **arguments).writes
        assert enrich([row], **arguments, nulls="clear").writes == {UNTAG: 1}
        assert account.tags(uuid) == ["by hand"]

    def test_a_flag_takes_its_tag_although_the_column_says_nothing(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        account.client.tags.add(uuid, ["auto:a", "auto:risk"])
        row = {"customer_uuid": uuid, "tags": None, "at_risk": False}
        enrich([row], tags_column="tags", tag_flags={"auto:risk": "at_risk"}, owned_tags="auto:*")
        assert account.tags(uuid) == ["auto:a"]


class TestWhoIsMeant:
    def test_a_row_of_another_data_source_than_that_of_all_reaches_nobody(
        self, account: Account, enrich: Enrich
    ) -> None:
        both = [account.customer("7"), account.customer("7", account.crm)]
        row = {"external_id": "7", "data_source_uuid": account.crm, "seats": 1}
        run = enrich([row], customer="external_id", data_source_uuid=account.billing, max_rejected=1, **SEATS)
        assert [problem["field"] for letter in run.letters for problem in letter["problems"]] == ["data_source_uuid"]
        assert [account.custom(uuid) for uuid in both] == [{}, {}]

    def test_external_ids_belong_to_a_data_source(self, account: Account, enrich: Enrich) -> None:
        billed, known = account.customer("a"), account.customer("a", account.crm)
        run = enrich([{"external_id": "a", "seats": 1}], customer="external_id", data_source_uuid=account.crm, **SEATS)
        assert run.writes == {SET: 1}
        assert (account.custom(billed), account.custom(known)) == ({}, {"seats": 1})
        row = {"external_id": "a", "data_source_uuid": account.billing, "seats": 2}
        enrich([row], customer="external_id", **SEATS)
        assert (account.custom(billed), account.custom(known)) == ({"seats": 2}, {"seats": 1})

    def test_addresses_whatever_their_case(self, account: Account, enrich: Enrich) -> None:
        uuid = account.customer("a", email="Ida@Firm.example")
        enrich([{"email": "ida@firm.EXAMPLE", "seats": 1}], customer="email", **SEATS)
        assert account.custom(uuid) == {"seats": 1}

    def test_a_row_that_reaches_more_than_allowed_is_rejected_before_anything_is_sent(
        self, account: Account, enrich: Enrich
    ) -> None:
        two = [account.customer("a", email="x@firm.example"), account.customer("b", email="x@firm.example")]
        one = account.customer("c", email="y@firm.example")
        rows = [{"email": f"{name}@firm.example", "seats": 1} for name in "xy"]
        fan_out = {"rows": 2, "customers": 3, "largest": 2}
        run = enrich(rows, customer="email", **SEATS)
        assert not run.writes
        assert run.summary["fan_out"] == fan_out
        assert (run.summary["rejected"], run.summary["not_sent"]) == (1, 1)
        (problem,) = run.letters[0]["problems"]
        assert (problem["field"], problem["message"]) == (
            "email",
            "reaches 2 customers, more than max_fan_out (1) allows",
        )
        allowed = enrich(rows, customer="email", **SEATS, max_fan_out=2)
        assert allowed.writes == {SET: 3}
        assert allowed.summary["fan_out"] == fan_out
        assert (allowed.summary["rows"], allowed.summary["customers"], allowed.summary["changed"]) == (2, 3, 2)
        assert [account.custom(uuid) for uuid in (*two, one)] == [{"seats": 1}] * 3
        assert {line["customer_uuid"] for line in allowed.lines if line["position"] == 1} == set(two)

    def test_a_data_source_narrows_whom_an_address_reaches(self, account: Account, enrich: Enrich) -> None:
        billed = account.customer("a", email="x@firm.example")
        known = account.customer("a", account.crm, email="x@firm.example")
        row = {"email": "x@firm.example", "seats": 1}
        enrich([row], customer="email", data_source_uuid=account.crm, **SEATS)
        assert (account.custom(billed), account.custom(known)) == ({}, {"seats": 1})

    @pytest.mark.parametrize("customer", ["customer_uuid", "external_id", "email"])
    def test_nobody(self, account: Account, enrich: Enrich, customer: str) -> None:
        row = {"customer_uuid": "cus_1", "external_id": "gone", "email": "gone@firm.example", "seats": 1}
        arguments = {"customer": customer, "data_source_uuid": account.billing, **SEATS}
        run = enrich([row], **arguments)
        assert not run.writes
        assert (run.summary["not_found"], run.summary["rejected"], run.summary["customers"]) == (1, 0, 0)
        assert [letter["problems"][0]["message"] for letter in run.letters] == ["names no customer"]
        assert enrich([row], **arguments, ignore_missing=True).letters == []

    def test_merged_customers_are_meant_by_the_id_of_each_part(self, account: Account, enrich: Enrich) -> None:
        uuid, gone = account.customer("a"), account.customer("z", account.crm)
        account.client.customers.merge(from_=gone, into=uuid)
        rows = [{"external_id": "z", "data_source_uuid": account.crm, "seats": 1}]
        # the other id of the same customer, in the wrong data source
        rows.append({"external_id": "a", "data_source_uuid": account.crm, "seats": 2})
        run = enrich(rows, customer="external_id", **SEATS, max_rejected=1)
        assert account.custom(uuid) == {"seats": 1}
        assert [line["state"] for line in run.lines] == ["changed", "not_found"]


class TestRepeatedCustomers:
    def test_equal_rows_count_and_are_sent_once(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        run = enrich([{"customer_uuid": uuid, "seats": seats} for seats in (1, "1")], **SEATS)
        assert run.writes == {SET: 1}
        assert [line["state"] for line in run.lines] == ["changed", "unchanged"]
        assert (run.summary["rows"], run.summary["customers"]) == (2, 1)

    def test_others_are_rejected_by_the_first(self, account: Account, enrich: Enrich) -> None:
        one, two = account.customers("a", "b")
        rows = [{"customer_uuid": uuid, "seats": n} for n, uuid in enumerate((two, one, one))]
        run = enrich(rows, **SEATS, max_rejected=1)
        assert (account.custom(one), account.custom(two)) == ({"seats": 1}, {"seats": 0})
        (letter,) = run.letters
        assert letter["record"] == rows[2]
        message = "is the customer of row 2 (record 2), which wants something else"
        assert letter["position"] == 3
        assert letter["problems"] == [{"field": "customer_uuid", "message": message}]

    def test_two_names_of_one_customer(self, account: Account, enrich: Enrich) -> None:
        uuid, gone = account.customers("a", "b")
        account.client.customers.merge(from_=gone, into=uuid)
        rows = [{"external_id": name, "seats": n} for n, name in enumerate("ab")]
        arguments = {"customer": "external_id", "data_source_uuid": account.billing, "max_rejected": 1}
        run = enrich(rows, **arguments, **SEATS)
        assert [line["state"] for line in run.lines] == ["changed", "rejected"]
        assert account.custom(uuid) == {"seats": 0}


class TestTypesOfTheAccount:
    VALUES: tuple[tuple[str, Any], ...] = (
        ("String", "much"),
        ("Integer", 7),
        ("Decimal", 7.5),
        ("Timestamp", "2026-01-01"),
        ("Boolean", True),
    )

    @pytest.mark.parametrize(("there", "value"), VALUES)
    @pytest.mark.parametrize(("given", "new"), VALUES)
    def test_another_type_is_rejected(
        self, account: Account, enrich: Enrich, there: str, value: Any, given: str, new: Any
    ) -> None:
        first, second = account.customers("a", "b")
        account.define(first, there, size=value)
        rows = [{"customer_uuid": first, "size": new}, {"customer_uuid": second, "size": new}]
        run = enrich(rows, attributes={"size": given}, max_rejected=2)
        # by the facts, an Integer may go to a Decimal key
        if (there, given) in {(kind, kind) for kind, _ in self.VALUES} | {("Decimal", "Integer")}:
            assert (run.summary["rejected"], account.custom(second).keys()) == (0, {"size"})
            return
        assert run.summary["rejected"] == 2
        assert account.custom(second) == {}
        fields = {problem["field"] for letter in run.letters for problem in letter["problems"]}
        assert fields == {"size"}

    def test_it_is_seen_before_anything_is_sent_and_names_both_types(self, account: Account, enrich: Enrich) -> None:
        first, second = account.customers("a", "b")
        account.define(first, "String", size="much")
        # the first has no new value, yet its old one tells the type
        rows = [{"customer_uuid": first, "size": None}, {"customer_uuid": second, "size": 1}]
        run = enrich(rows, attributes={"size": "Integer"}, max_rejected=1)
        assert not run.writes
        (problem,) = run.letters[0]["problems"]
        assert problem["message"] == "attribute size is of type String in ChartMogul, not Integer"
        assert [line["state"] for line in run.lines] == ["unchanged", "rejected"]

    def test_an_attribute_of_another_type_can_be_removed(self, account: Account, enrich: Enrich) -> None:
        (uuid,) = account.customers("a")
        account.define(uuid, "String", size="much")
        row = {"customer_uuid": uuid, "size": None}
        assert enrich([row], attributes={"size": "Integer"}, nulls="clear").writes == {UNSET: 1}


def test_a_dry_run_reads_and_tells_and_sends_nothing(account: Account, enrich: Enrich) -> None:
    (uuid,) = account.customers("a")
    rows = [{"customer_uuid": uuid, "seats": 1, "tags": "a"}, {"customer_uuid": uuid, "seats": "x", "tags": None}]
    arguments = {**SEATS, "tags_column": "tags", "max_rejected": 1}
    dry = enrich(rows, **arguments, check_only=True)
    assert not dry.writes
    assert dry.summary["check_only"] is True
    assert account.custom(uuid) == {}
    wet = enrich(rows, **arguments)
    assert dry.summary == {**wet.summary, "check_only": True}
    assert wet.summary["writes"] == wet.writes.total() == 2
    assert (dry.lines, dry.letters) == (wet.lines, wet.letters)


class TestTooManyRejected:
    def test_nothing_is_sent(self, account: Account, enrich: Enrich) -> None:
        uuids = account.customers("a", "b")
        rows = [{"customer_uuid": uuid, "seats": seats} for uuid, seats in zip(uuids, (1, "x"), strict=True)]
        run = enrich(rows, **SEATS)
        assert not run.writes
        assert (run.summary["rejected"], run.summary["not_sent"], run.summary["writes"]) == (1, 1, 0)
        assert [line["state"] for line in run.lines] == ["not_sent", "rejected"]
        assert [letter["record"] for letter in run.letters] == rows[1:]

    def test_what_is_corrected_can_be_given_again_as_it_was_written(self, account: Account, enrich: Enrich) -> None:
        uuids = account.customers("a", "b")
        letters = enrich([{"customer_uuid": uuid, "seats": "x"} for uuid in uuids], **SEATS).letters
        for letter in letters:
            letter["record"]["seats"] = 3
        assert enrich(letters, **SEATS).summary["changed"] == 2
        assert [account.custom(uuid) for uuid in uuids] == [{"seats": 3}] * 2

    @pytest.mark.parametrize(("share", "sent"), [(0.49, 0), (0.5, 1)])
    def test_a_share_of_the_rows_may_be_allowed(
        self, account: Account, enrich: Enrich, share: float, sent: int
    ) -> None:
        uuids = account.customers("a", "b")
        rows = [{"customer_uuid": uuid, "seats": seats} for uuid, seats in zip(uuids, (1, "x"), strict=True)]
        assert enrich(rows, **SEATS, max_rejected=share).writes.total() == sent

    def test_rows_that_are_none(self, account: Account, enrich: Enrich) -> None:
        run = enrich([["a"], 7], **SEATS)  # type: ignore[list-item]
        assert [letter["problems"][0]["message"] for letter in run.letters] == ["must be an object"] * 2
        assert [letter["record"] for letter in run.letters] == [["a"], 7]


def test_no_rows(enrich: Enrich) -> None:
    run = enrich([], **SEATS)
    assert run.summary["rows"] == 0
    assert not run.requests
