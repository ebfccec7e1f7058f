"""Export files: fetched whole, without credentials."""

from __future__ import annotations

import io
import time

import pytest

from airflow_provider_chartmogul.exceptions import ChartMogulConnectionError, ChartMogulPermissionError
from tests.unit.client.servers import answer, cut_short, drop, serving

SIGNED = "/export.zip?X-Amz-Signature=sentinel-signature"


def test_the_file_is_copied_and_measured(connect):
    target = io.BytesIO()
    with serving(answer(text="zip " * 100_000)) as host:
        size = connect("http://127.0.0.1:9/v1").activities_exports.download(host.url + SIGNED, target)

    assert size == len(target.getvalue()) == 400_000
    assert host.requests[0].target == "/v1" + SIGNED


def test_no_credentials_travel_not_even_those_of_a_netrc(connect, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(answer(text="zip")) as host:
        connect(host.url).activities_exports.download(host.url + SIGNED, io.BytesIO())

    assert "Authorization" not in host.requests[0].headers


@pytest.mark.parametrize("fault", [drop, cut_short, answer(500), answer(503)])
def test_a_passing_fault_leaves_no_traces_in_the_target(connect, fault):
    target, started = io.BytesIO(), time.monotonic()
    with serving(fault, answer(text="zip")) as host:
        client = connect(host.url)
        assert client.activities_exports.download(host.url + SIGNED, target) == 3

    assert target.getvalue() == b"zip"
    assert client._transport.budget._paused_until < started


@pytest.mark.parametrize("fault", [drop, cut_short])
def test_a_fault_that_stays_leaves_the_target_empty_and_the_signature_unsaid(connect, fault):
    target = io.BytesIO()
    with serving(fault) as host, pytest.raises(ChartMogulConnectionError) as caught:
        connect(host.url, max_retry_seconds=0.05).activities_exports.download(host.url + SIGNED, target)

    assert target.getvalue() == b""
    assert "export.zip" in str(caught.value)
    assert "sentinel-signature" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_an_expired_url(connect):
    with (
        serving(answer(403, text="<?xml version='1.0'?><Error>Request has expired</Error>")) as host,
        pytest.raises(ChartMogulPermissionError) as caught,
    ):
        connect(host.url).activities_exports.download(host.url + SIGNED, io.BytesIO())

    assert str(caught.value) == "GET 127.0.0.1/v1/export.zip answered 403"
    assert len(host.requests) == 1


@pytest.mark.parametrize("url", ["", "/etc/passwd", "file:///etc/passwd", "https:///x"])
def test_only_web_addresses(connect, url):
    with pytest.raises(ValueError, match="not an http"):
        connect("http://127.0.0.1:9/v1").activities_exports.download(url, io.BytesIO())
