"""What must never show: the key, and the addresses in a query."""

from __future__ import annotations

import base64
import logging
import pickle
import traceback

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulError
from tests.unit.client.servers import answer, cut_short, drop, hang, serving, unused_url

SECRETS = ["sentinel-key", base64.b64encode(b"sentinel-key:").decode(), "jo@mail.example", "jo%40mail.example"]


def fail(client) -> ChartMogulError:
    with pytest.raises(ChartMogulError) as caught:
        list(client.customers.search(email=SECRETS[2]))
    return caught.value


def revealed(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize(
    "fault",
    [
        drop,
        cut_short,
        hang,
        answer(401, {"code": 401, "message": "No valid API key provided: sentinel-key", "param": None}),
        answer(404, {"code": 404, "message": 'No customers with email: "jo@mail.example"', "param": "email"}),
        answer(422, {"errors": {"email": "jo@mail.example of sentinel-key is bad"}}),
        answer(500, text=f"Authorization: Basic {SECRETS[1]} for jo@mail.example"),
        answer(200, text="<html>jo@mail.example sentinel-key</html>"),
        answer(200, {"oops": "jo@mail.example"}),
    ],
)
def test_no_error_and_no_log_of_ours_reveals_them(connect, caplog, fault):
    caplog.set_level(logging.DEBUG)
    with serving(fault) as server:
        error = fail(connect(server.url, read_timeout=0.05, max_retry_seconds=0.02))

    told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error)) + repr(pickle.dumps(error))
    assert revealed(told) == []
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("airflow_provider_chartmogul")]
    assert revealed("\n".join(ours)) == []


def test_an_unreachable_host_reveals_nothing_either(connect):
    error = fail(connect(unused_url(), max_retry_seconds=0))
    assert revealed("".join(traceback.format_exception(error))) == []
    assert error.__context__ is None


def test_no_log_of_anybody_holds_the_key(connect, caplog):
    caplog.set_level(logging.DEBUG)
    with serving(answer(429), answer(500), answer(401)) as server:
        fail(connect(server.url))

    assert {record.name for record in caplog.records} >= {"urllib3.connectionpool"}
    assert revealed(caplog.text.replace("jo%40mail.example", "")) == []


def test_requests_are_logged_by_method_path_status_and_time(connect, caplog):
    caplog.set_level(logging.DEBUG, logger="airflow_provider_chartmogul")
    with serving(answer(503), answer(body={"entries": [], "has_more": False})) as server:
        list(connect(server.url).customers.search(email="jo@mail.example"))

    ours = [record.getMessage() for record in caplog.records if record.name.startswith("airflow_provider_chartmogul")]
    assert [message.partition(" in ")[0] for message in ours] == [
        "GET /customers/search -> 503",
        "GET /customers/search failed (status 503), try 2",
        "GET /customers/search -> 200",
    ]


def test_neither_repr_nor_attributes_of_a_client_show_the_key(connect):
    client = connect("http://127.0.0.1:9/v1")
    assert revealed(repr(client) + str(client) + repr(vars(client))) == []
