"""``chartmogul-emulator`` as a process."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = (sys.executable, "-m", "airflow_provider_chartmogul.emulator", "--api-key", "k")


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_prints_one_line_once_it_answers(start: Callable[..., tuple[subprocess.Popen[str], str]]) -> None:
    process, url = start("--currency", "EUR", "--time-zone", "Europe/Berlin", "--week-start-on", "sunday")
    account = requests.get(f"{url}/account", auth=("k", ""), timeout=5).json()
    assert (account["currency"], account["time_zone"], account["week_start_on"]) == ("EUR", "Europe/Berlin", "sunday")
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_at_once_although_requests_hang_and_wait(
    start: Callable[..., tuple[subprocess.Popen[str], str]], number: signal.Signals
) -> None:
    process, url = start("--latency-ms", "60000")
    controls = url.replace("/v1", "/_emulator")
    requests.put(f"{controls}/faults", json=[{"kind": "hang", "path": "account", "seconds": 60}], timeout=5)

    def ask(path: str) -> None:
        with suppress(requests.RequestException):
            requests.get(url + path, auth=("k", ""), timeout=30)

    threads = [threading.Thread(target=ask, args=(path,)) for path in ("/ping", "/account")]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while requests.get(f"{controls}/state", timeout=5).json()["in_flight_max"] < 2:
        assert time.monotonic() < deadline
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")
    for thread in threads:
        thread.join(timeout=10)


def test_limits_are_on_unless_switched_off(start: Callable[..., tuple[subprocess.Popen[str], str]]) -> None:
    _, url = start("--no-limits", "--now", "2026-03-15T12:00:00Z")
    with requests.Session() as session:
        session.auth = ("k", "k")
        assert {session.get(f"{url}/ping", timeout=5).status_code for _ in range(60)} == {200}
        source = session.post(f"{url}/data_sources", json={"name": "Ledger"}, timeout=5).json()
    assert source["created_at"] == "2026-03-15T12:00:00.000Z"


@pytest.mark.parametrize("wrong", [("--now", "soon"), ("--latency-ms", "-1")])
def test_wrong_options_are_explained(wrong: tuple[str, str]) -> None:
    done = subprocess.run([*COMMAND, "--port", "0", *wrong], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("chartmogul-emulator: ")


def test_a_port_that_is_taken_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "chartmogul-emulator: " in done.stderr
