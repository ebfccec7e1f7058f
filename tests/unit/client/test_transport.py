"""One request: what travels, and what it costs in connections."""

from __future__ import annotations

import base64
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest

from airflow_provider_chartmogul import __version__
from airflow_provider_chartmogul.client import DEFAULT_BASE_URL, ChartMogulClient
from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulStatusError
from tests.unit.client.servers import answer, serving


def test_a_client_opens_nothing_before_its_first_request(monkeypatch):
    monkeypatch.setattr(socket, "socket", lambda *args, **kwargs: pytest.fail("opened a socket"))
    before = threading.active_count()

    client = ChartMogulClient("sentinel-key")

    assert repr(client) == f"<ChartMogulClient {DEFAULT_BASE_URL}>"
    assert threading.active_count() == before


def test_key_as_user_name_and_own_agent(connect):
    with serving(answer(body={"data": "pong!"})) as server:
        assert connect(server.url).ping() == {"data": "pong!"}

    headers = server.requests[0].headers
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"sentinel-key:"
    assert headers["User-Agent"] == f"airflow-provider-chartmogul/{__version__}"
    assert "Content-Type" not in headers


def test_a_netrc_entry_does_not_replace_the_key(connect, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with serving(answer()) as server:
        connect(server.url).ping()

    sent = server.requests[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent) == b"sentinel-key:"


def test_body_is_json_with_dates_as_the_api_reads_them(connect):
    with serving(answer(201, {"uuid": "cus_1"})) as server:
        connect(server.url).customers.create(
            data_source_uuid="ds_1",
            external_id="c-1",
            name="Žofie",
            lead_created_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
            free_trial_started_at=date(2026, 1, 3),
        )

    assert server.requests[0].headers["Content-Type"] == "application/json"
    assert server.requests[0].json == {
        "data_source_uuid": "ds_1",
        "external_id": "c-1",
        "name": "Žofie",
        "lead_created_at": "2026-01-02T03:00:00Z",
        "free_trial_started_at": "2026-01-03",
    }


def test_what_cannot_be_said_in_json_is_refused_before_sending(connect):
    with serving(answer()) as server, pytest.raises(ValueError):
        connect(server.url).customers.update("cus_1", brand_new=float("nan"))

    assert server.requests == []


def test_a_hundred_requests_in_a_row_take_one_connection(connect):
    with serving(answer()) as server:
        client = connect(server.url)
        for _ in range(100):
            client.ping()

    assert (len(server.requests), server.connections) == (100, 1)


def test_threads_share_one_client_within_its_connections(connect):
    def slowly(server, request):
        server.stopping.wait(0.01)
        return answer(body={"uuid": "cus_1", "target": request.target})(server, request)

    with serving(slowly) as server, ThreadPoolExecutor(12) as threads:
        client = connect(server.url, max_connections=3)
        found = list(threads.map(lambda n: client.customers.retrieve(f"cus_{n}")["target"], range(60)))

    assert found == [f"/v1/customers/cus_{n}" for n in range(60)]
    assert server.in_flight_max <= 3
    assert server.connections <= 3


def test_a_closed_client_can_be_used_again(connect):
    with serving(answer()) as server:
        client = connect(server.url)
        client.ping()
        client.close()
        client.ping()

    assert server.connections == 2


def test_a_redirect_is_not_followed(connect):
    with (
        serving(answer(body={"data": "stolen"})) as elsewhere,
        serving(answer(302, Location=elsewhere.url)) as server,
        pytest.raises(ChartMogulStatusError) as caught,
    ):
        connect(server.url).ping()

    assert caught.value.status_code == 302
    assert elsewhere.requests == []


def test_a_forked_process_opens_its_own_connection_whatever_its_parent_was_doing(connect):
    with serving(answer()) as server:
        client = connect(server.url)
        client.ping()
        with client._transport.budget._turn:
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # a child that hangs is a failure, and no reason to hang as well
                status = 1
                try:
                    status = 0 if client.ping() == {} else 1
                finally:
                    os._exit(status)
            assert os.waitpid(child, 0)[1] == 0

    assert (len(server.requests), server.connections) == (2, 2)


@pytest.mark.parametrize(
    "url",
    ["", "api.chartmogul.com/v1", "ftp://host/v1", "https://", "https://key@host/v1", "https://host/v1?a=b"],
)
def test_a_base_url_that_cannot_work_is_named_early(url):
    with pytest.raises(ChartMogulConfigError) as caught:
        ChartMogulClient("sentinel-key", url)
    assert "key@" not in str(caught.value)


def test_an_empty_key_is_named_early():
    with pytest.raises(ChartMogulConfigError, match="key is empty"):
        ChartMogulClient("")


@pytest.mark.parametrize("limits", [{"requests_per_second": 0}, {"max_connections": 0}])
def test_limits_of_nothing_are_refused(limits):
    with pytest.raises(ValueError, match="at least 1"):
        ChartMogulClient("sentinel-key", **limits)


@pytest.mark.parametrize("uuid", ["", ".", ".."])
def test_an_id_that_would_address_something_else_is_not_sent(connect, uuid):
    with serving(answer()) as server, pytest.raises(ValueError, match="an id for /data_sources/"):
        connect(server.url).data_sources.delete(uuid)

    assert server.requests == []


def test_ids_are_escaped(connect):
    with serving(answer(body={"id": "1", "status": "queued"})) as server:
        connect(server.url).json_imports.retrieve("ds_1", "a/b?c d")

    assert server.requests[0].target == "/v1/data_sources/ds_1/json_imports/a%2Fb%3Fc%20d"
