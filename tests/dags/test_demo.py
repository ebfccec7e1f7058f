"""The demo: the billing it makes up, and that it runs, tells the truth and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import duckdb
import pytest

from airflow_provider_chartmogul.imports import BillingImport
from airflow_provider_chartmogul.imports.account import problems
from airflow_provider_chartmogul.imports.billing_import import inline
from demo.billing import Billing, generate
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_provider_chartmogul.client import ChartMogulClient


@pytest.fixture(scope="module")
def billing() -> Billing:
    return generate()


def test_billing_is_the_same_each_time_and_well_formed(client: ChartMogulClient, billing: Billing) -> None:
    assert generate() == billing
    assert generate(seed=8) != billing
    source = client.data_sources.create(name="Billing system")["uuid"]
    with BillingImport(client, source) as checked:
        checked.read(inline(asdict(billing)))
        assert (list(problems(checked.journal, -1)), checked.warnings) == ([], [])


def test_more_customers_do_not_change_the_others(billing: Billing) -> None:
    assert billing.customers[:20] == generate(customers=20).customers


def test_billing_has_what_a_year_of_a_company_has(billing: Billing) -> None:
    items = [item for invoice in billing.invoices for item in invoice["line_items"]]
    transactions = Counter((t["type"], t["result"]) for i in billing.invoices for t in i["transactions"])
    cancelled = {event["subscription_external_id"]: event["effective_date"] for event in billing.subscription_events}
    assert len(billing.customers) == 500
    assert {invoice["currency"] for invoice in billing.invoices} == {"USD", "EUR"}
    assert {plan["interval_unit"] for plan in billing.plans} == {"month", "year"}
    assert {item["plan_external_id"] for item in items if "plan_external_id" in item} == {
        plan["external_id"] for plan in billing.plans
    }
    assert [item for item in items if item.get("prorated") and item["amount_in_cents"] < 0]
    assert [item for item in items if item["type"] == "one_time"]
    assert min(transactions["refund", "successful"], transactions["payment", "failed"]) > 10
    assert sum("free_trial_started_at" in customer for customer in billing.customers) > 100
    assert [
        item
        for item in items
        if item["type"] == "subscription"
        and item["service_period_start"] > cancelled.get(item["subscription_external_id"], "9999")
    ], "nobody came back"
    moments = [invoice["date"] for invoice in billing.invoices] + list(cancelled.values())
    assert {moment[:4] for moment in moments} == {"2025"}


def test_billing_is_written_as_json_lines(billing: Billing, tmp_path: Path) -> None:
    for kind, path in billing.write(tmp_path).items():
        assert [json.loads(line) for line in path.read_text().splitlines()] == getattr(billing, kind)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "demo", "--customers", "8", "--folder", str(tmp_path / "demo")]
    child = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    yield child
    child.terminate()
    child.wait(timeout=20)


def is_open(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


def test_the_demo_runs_and_leaves_no_process(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    output, _ = demo.communicate(timeout=240)
    assert demo.returncode == 0, output
    assert "The warehouse holds what the API says." in output
    assert len(re.findall(r"^2025-\d\d +[\d,]+\.\d\d ", output, re.MULTILINE)) == 12
    with duckdb.connect(str(tmp_path / "demo" / "warehouse.duckdb"), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM chartmogul_customers").fetchone() == (8,)
    (url,) = re.findall(r"Local ChartMogul at (\S+);", output)
    assert not is_open(url)


def test_a_stopped_demo_leaves_no_process(demo: subprocess.Popen[str]) -> None:
    assert demo.stdout is not None
    lines = (re.search(r"Local ChartMogul at (\S+);", line) for line in demo.stdout)
    url = next(found[1] for found in lines if found)
    assert is_open(url)
    demo.send_signal(signal.SIGTERM)
    # the output ends when the last process that holds it has ended
    output, _ = demo.communicate(timeout=60)
    assert (demo.returncode, output.splitlines()[-1][-8:]) == (130, "Stopped.")
    assert not is_open(url)
