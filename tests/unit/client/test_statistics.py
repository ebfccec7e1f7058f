"""What a client counts."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_chartmogul.client import Statistics
from airflow_provider_chartmogul.exceptions import ChartMogulConnectionError
from tests.unit.client.servers import answer, cut_short, serving


def test_a_new_client_has_counted_nothing(connect):
    assert connect("http://127.0.0.1:9/v1").statistics == Statistics(0, 0, 0, 0.0, 0)


def test_requests_refusals_and_bytes_are_counted(connect):
    good = answer(text='{"data": "pong!"}')
    with serving(answer(429, text="slow"), answer(503, text="down"), answer(503, text="down"), good) as server:
        client = connect(server.url)
        before = client.statistics
        client.ping()

    counted = client.statistics
    assert (counted.requests, counted.refused_429, counted.refused_503) == (4, 1, 2)
    assert counted.bytes_received == len('slowdowndown{"data": "pong!"}')
    assert before.requests == 0


def test_each_client_counts_its_own(connect):
    with serving(answer()) as server:
        one, other = connect(server.url), connect(server.url)
        one.ping()

    assert (one.statistics.requests, other.statistics.requests) == (1, 0)


def test_threads_lose_no_count(connect):
    with serving(answer(text="{}")) as server, ThreadPoolExecutor(16) as threads:
        client = connect(server.url)
        list(threads.map(lambda _: client.ping(), range(200)))

    assert (client.statistics.requests, client.statistics.bytes_received) == (200, 400)


def test_waiting_for_the_budget_is_counted(connect):
    with serving(answer(), answer()) as server:
        client = connect(server.url)
        # what a first request has to make ready takes time as well
        client.ping()
        client._transport.budget.pause(0.2)
        client.ping()

    assert client.statistics.waited_seconds >= 0.1


def test_a_request_without_answer_was_sent_all_the_same(connect):
    with serving(cut_short) as server:
        client = connect(server.url, max_retry_seconds=0)
        with pytest.raises(ChartMogulConnectionError):
            client.ping()

    assert (client.statistics.requests, client.statistics.bytes_received) == (1, 0)


def test_a_file_counts_by_its_bytes_only(connect):
    with serving(answer(text="a,b\n1,2\n")) as server:
        client = connect(server.url)
        client.activities_exports.download(f"{server.url}/file", io.BytesIO())

    assert (client.statistics.requests, client.statistics.bytes_received) == (0, 8)


def test_a_forked_process_counts_anew(connect):
    with serving(answer()) as server:
        client = connect(server.url)
        client.ping()
        child = os.fork()
        if child == 0:
            os._exit(client.statistics.requests)
        _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
