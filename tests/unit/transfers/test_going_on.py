"""A load that ends midway, and the try of the task that follows it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.emulator import running_emulator
from airflow_provider_chartmogul.exceptions import ChartMogulAuthenticationError, ChartMogulServerError
from airflow_provider_chartmogul.transfers.chartmogul_to_object_storage import ChartMogulToObjectStorageOperator
from airflow_provider_chartmogul.transfers.chartmogul_to_sql import ChartMogulToSqlOperator
from airflow_provider_chartmogul.transfers.tries import GOING_ON_FOR, STATE_KEY
from tests.billing import import_customers

if TYPE_CHECKING:
    from airflow_provider_chartmogul.emulator import Emulator
    from tests.unit.transfers.conftest import Warehouse

PAGES = 4
CUSTOMERS = 200 * (PAGES - 1) + 50


class Store:
    """The state of a task, kept in a file: what outlives the process of a try is Airflow's own matter."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str) -> Any:
        return json.loads(self.path.read_text()).get(key) if self.path.exists() else None

    def set(self, key: str, value: Any) -> None:
        self.path.write_text(json.dumps({key: value}))

    def delete(self, key: str) -> None:
        self.path.unlink()


def context(store: Path | None, try_number: int = 1) -> dict[str, Any]:
    """Return what Airflow tells a task that has two tries; without a store it is one before 3.3."""
    ti = SimpleNamespace(dag_id="dag", run_id="run", task_id="load", map_index=-1, try_number=try_number, max_tries=1)
    return {"ti": ti} | ({"task_state_store": Store(store)} if store else {})


@pytest.fixture(autouse=True)
def customers(client: ChartMogulClient) -> None:
    source = client.data_sources.create(name="billing")["uuid"]
    import_customers(client, source, CUSTOMERS, name="Ünï")


@pytest.fixture(autouse=True)
def impatient(emulator: Emulator, customers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"requests_per_second": 10_000, "max_retry_seconds": 0.05}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", emulator.connection(**extra))


def to_sql(warehouse: Warehouse, **arguments: Any) -> ChartMogulToSqlOperator:
    return ChartMogulToSqlOperator(
        task_id="load", **{"stream": "customers", "sql_conn_id": warehouse.conn_id, **arguments}
    )


def to_files(folder: Path) -> ChartMogulToObjectStorageOperator:
    return ChartMogulToObjectStorageOperator(
        task_id="load", stream="customers", path=f"file://{folder}", file_format="jsonl.gz"
    )


def pages_asked(emulator: Emulator) -> int:
    return emulator.stats()["requests_by_operation"].get("GET /customers", 0)


def fail_from_page(emulator: Emulator, number: int) -> None:
    """Let every page from this one on fail; the first one is asked for without a cursor."""
    emulator.set_faults([{"kind": "500_text", "path": "/customers$", "every": number}])


def contents(warehouse: Warehouse) -> list[Any]:
    return warehouse.query("SELECT * FROM chartmogul_customers ORDER BY uuid")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def failed_try(operator: Any, emulator: Emulator, store: Path | None) -> None:
    """Run the first try, which gets two pages."""
    fail_from_page(emulator, 3)
    with pytest.raises(ChartMogulServerError):
        operator.execute(context(store))
    emulator.set_faults([])


def test_a_retry_goes_on_from_the_page_that_failed(warehouse: Warehouse, emulator: Emulator, tmp_path: Path) -> None:
    failed_try(to_sql(warehouse), emulator, tmp_path / "state")
    staged = warehouse.tables()
    assert staged
    assert all(name.startswith("chartmogul_staging_") for name in staged)
    asked = pages_asked(emulator)

    result = to_sql(warehouse).execute(context(tmp_path / "state", try_number=2))

    assert pages_asked(emulator) - asked == PAGES - 2
    assert result["rows"]["chartmogul_customers"] == CUSTOMERS
    assert not any(name.startswith("chartmogul_staging_") for name in warehouse.tables())
    again = contents(warehouse)
    to_sql(warehouse).execute({})
    assert contents(warehouse) == again


def test_files_go_on_to_the_same_bytes(emulator: Emulator, tmp_path: Path) -> None:
    to_files(tmp_path / "whole").execute({})
    failed_try(to_files(tmp_path / "parts"), emulator, tmp_path / "state")
    assert not any(name.endswith(".jsonl.gz") for name in files(tmp_path / "parts"))
    asked = pages_asked(emulator)

    to_files(tmp_path / "parts").execute(context(tmp_path / "state", try_number=2))

    assert pages_asked(emulator) - asked == PAGES - 2
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_without_state_of_tasks_a_retry_starts_over(warehouse: Warehouse, emulator: Emulator) -> None:
    failed_try(to_sql(warehouse), emulator, None)
    assert warehouse.tables() == set()
    asked = pages_asked(emulator)

    result = to_sql(warehouse).execute(context(None, try_number=2))

    assert pages_asked(emulator) - asked == PAGES
    assert result["rows"]["chartmogul_customers"] == CUSTOMERS


def test_the_last_try_leaves_nothing_behind(warehouse: Warehouse, emulator: Emulator, tmp_path: Path) -> None:
    fail_from_page(emulator, 3)
    with pytest.raises(ChartMogulServerError):
        to_sql(warehouse).execute(context(tmp_path / "state", try_number=2))

    assert warehouse.tables() == set()


def test_an_error_that_no_retry_mends_leaves_nothing_behind(
    warehouse: Warehouse, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection = {**json.loads(emulator.connection()), "password": "revoked"}
    monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", json.dumps(connection))
    with pytest.raises(ChartMogulAuthenticationError):
        to_sql(warehouse).execute(context(tmp_path / "state"))

    assert warehouse.tables() == set()


@pytest.mark.parametrize("change", [{"table": "elsewhere"}, {"load_mode": "merge"}])
def test_another_load_of_the_task_does_not_go_on(
    warehouse: Warehouse, emulator: Emulator, tmp_path: Path, change: dict[str, Any]
) -> None:
    failed_try(to_sql(warehouse), emulator, tmp_path / "state")
    asked = pages_asked(emulator)

    to_sql(warehouse, **change).execute(context(tmp_path / "state", try_number=2))

    assert pages_asked(emulator) - asked == PAGES


def test_a_retry_with_another_account_does_not_go_on(
    warehouse: Warehouse, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed_try(to_sql(warehouse), emulator, tmp_path / "state")
    with running_emulator(limits=False) as other, ChartMogulClient(other.api_key, other.base_url) as client:
        client.data_sources.create(name="another")
        monkeypatch.setenv("AIRFLOW_CONN_CHARTMOGUL_DEFAULT", other.connection())

        result = to_sql(warehouse).execute(context(tmp_path / "state", try_number=2))

    assert result["rows"]["chartmogul_customers"] == 0


def test_a_split_whose_values_changed_between_tries_is_read_anew(
    warehouse: Warehouse, emulator: Emulator, client: ChartMogulClient, tmp_path: Path
) -> None:
    """The plans are those of the account: one goes and another comes while the task waits for its retry."""
    source = client.data_sources.create(name="plans")["uuid"]

    def new_plan(name: str) -> str:
        fields = {"name": name, "interval_count": 1, "interval_unit": "month"}
        return client.plans.create(data_source_uuid=source, external_id=name, **fields)["uuid"]

    plans = [new_plan(f"plan-{number}") for number in range(3)]
    bounds = {"interval_start": "2026-01-01", "interval_end": "2026-02-01"}
    split = {"stream": "metrics_mrr", "split_by": "plans", **bounds}
    emulator.set_faults([{"kind": "500_text", "path": "/metrics/mrr", "every": 3}])
    with pytest.raises(ChartMogulServerError):
        to_sql(warehouse, **split).execute(context(tmp_path / "state"))
    emulator.set_faults([])
    client.plans.delete(plans[0])
    plans = [*plans[1:], new_plan("plan-3")]

    to_sql(warehouse, **split).execute(context(tmp_path / "state", try_number=2))

    assert warehouse.column("chartmogul_metrics_mrr", "plans") == sorted(plans)


def test_what_was_read_long_ago_is_read_anew(warehouse: Warehouse, emulator: Emulator, tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    failed_try(to_sql(warehouse), emulator, store.path)
    long_ago = datetime.now(UTC) - GOING_ON_FOR - timedelta(minutes=1)
    store.set(STATE_KEY, {**store.get(STATE_KEY), "begun": long_ago.isoformat()})
    asked = pages_asked(emulator)

    result = to_sql(warehouse).execute(context(store.path, try_number=2))

    assert pages_asked(emulator) - asked == PAGES
    assert result["rows"]["chartmogul_customers"] == CUSTOMERS
    assert not any(name.startswith("chartmogul_staging_") for name in warehouse.tables())


def test_a_task_that_is_cleared_after_success_loads_again(
    warehouse: Warehouse, emulator: Emulator, tmp_path: Path
) -> None:
    for _ in range(2):
        asked = pages_asked(emulator)
        to_sql(warehouse).execute(context(tmp_path / "state"))
        assert pages_asked(emulator) - asked == PAGES


def test_files_that_are_done_are_not_read_again(client: ChartMogulClient, emulator: Emulator, tmp_path: Path) -> None:
    """Three days, a file each; the second fails."""
    days = {"interval_start": "2026-03-01", "interval_end": "2026-03-04", "partition": "day"}

    def operator() -> ChartMogulToObjectStorageOperator:
        return ChartMogulToObjectStorageOperator(
            task_id="load", stream="activities", path=f"file://{tmp_path}/lake", file_format="csv", **days
        )

    def asked() -> int:
        return int(emulator.stats()["requests_by_operation"].get("GET /activities", 0))

    emulator.set_faults([{"kind": "500_text", "path": "/activities$", "every": 2}])
    with pytest.raises(ChartMogulServerError):
        operator().execute(context(tmp_path / "state"))
    emulator.set_faults([])
    before = asked()

    summary = operator().execute(context(tmp_path / "state", try_number=2))

    assert asked() - before == 2
    assert len(summary["rows"]) == len(files(tmp_path / "lake")) == 3
    assert summary["cursor"] == "2026-03-04T00:00:00+00:00"


KILLED = """
import sys
from pathlib import Path
from tests.unit.transfers.test_going_on import context
from {module} import {name}
{name}(task_id="load", **{arguments!r}).execute(context(Path({store!r})))
"""


def kill_in_the_middle(operator: Any, arguments: dict[str, Any], store: Path, emulator: Emulator) -> None:
    """Run the first try in a process of its own, and kill that while it waits for the third page."""
    emulator.set_faults([{"kind": "hang", "path": "/customers$", "every": 3, "times": 1}])
    cls = type(operator)
    script = KILLED.format(module=cls.__module__, name=cls.__name__, arguments=arguments, store=str(store))
    before = pages_asked(emulator)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3])
    deadline = time.monotonic() + 60
    # whether the second page is staged by then is left to chance: the retry must be right in both cases
    while pages_asked(emulator) < before + 3 and time.monotonic() < deadline:
        assert process.poll() is None, "the load ended by itself"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    emulator.set_faults([])


def test_a_retry_after_a_kill_leaves_what_an_uninterrupted_load_does(
    warehouse: Warehouse, emulator: Emulator, tmp_path: Path
) -> None:
    arguments = {"stream": "customers", "sql_conn_id": warehouse.conn_id}
    kill_in_the_middle(to_sql(warehouse), arguments, tmp_path / "state", emulator)
    asked = pages_asked(emulator)

    to_sql(warehouse).execute(context(tmp_path / "state", try_number=2))

    # the page that was being staged when the process died is read once more, if it was
    assert pages_asked(emulator) - asked in (PAGES - 2, PAGES - 1)
    assert not any(name.startswith("chartmogul_staging_") for name in warehouse.tables())
    found = contents(warehouse)
    to_sql(warehouse).execute({})
    assert contents(warehouse) == found
    assert len(found) == CUSTOMERS


def test_files_after_a_kill_are_the_same_to_the_byte(emulator: Emulator, tmp_path: Path) -> None:
    to_files(tmp_path / "whole").execute({})
    arguments = {"stream": "customers", "path": f"file://{tmp_path / 'parts'}", "file_format": "jsonl.gz"}
    kill_in_the_middle(to_files(tmp_path / "parts"), arguments, tmp_path / "state", emulator)

    to_files(tmp_path / "parts").execute(context(tmp_path / "state", try_number=2))

    assert files(tmp_path / "parts") == files(tmp_path / "whole")
