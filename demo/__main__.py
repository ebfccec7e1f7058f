"""Run the example DAGs against a local ChartMogul and a DuckDB file, and show what arrived in the warehouse.

Everything is written below ``.demo/``. This program only starts and stops the two processes that do the work, so that
they never outlive it: the emulator, and the Airflow side (``demo.story``).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from demo.billing import generate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY: Final = Path(__file__).resolve().parents[1]
API_KEY: Final = "demo-key"
YEAR: Final = 2025


def main() -> int:
    """Return the exit status: 0 if the warehouse holds what the API says."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--customers", type=int, default=500, help="customers of the made-up company (default 500)")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / ".demo", help="where to write (default .demo)")
    options = parser.parse_args()
    folder = options.folder.resolve()
    # no exception out of a handler: it could come between the start of a process and the block that ends it
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    began = time.monotonic()

    _clear(folder)
    billing = generate(options.customers, YEAR)
    billing.write(folder / "billing")
    print(
        f"A year of billing ({YEAR}): {len(billing.customers):,} customers, "
        f"{len(billing.invoices):,} invoices, {len(billing.subscription_events):,} cancellations",
        flush=True,
    )
    with _emulator(folder) as base_url:
        print(f"Local ChartMogul at {base_url}; logs in {folder}", flush=True)
        story = [sys.executable, "-m", "demo.story", str(folder), base_url, API_KEY, str(YEAR)]
        with _process(story) as child:
            while child.poll() is None and not stop.is_set():
                stop.wait(0.1)
    if stop.is_set():
        print("\nStopped.", flush=True)
        return 130
    print(f"{'Failed' if child.returncode else 'Done'} after {time.monotonic() - began:.0f} s.", flush=True)
    return child.returncode


def _clear(folder: Path) -> None:
    for name in ("airflow", "billing", "exports"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for old in (*folder.glob("warehouse.duckdb*"), *folder.glob("*.log")):
        old.unlink()
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _emulator(folder: Path) -> Iterator[str]:
    """Run the emulator and hand out its base URL, which is the one line that it prints."""
    command = [sys.executable, "-m", "airflow_provider_chartmogul.emulator", "--port", "0", "--api-key", API_KEY]
    with (folder / "emulator.log").open("wb") as log, _process(command, stdout=subprocess.PIPE, stderr=log) as child:
        assert child.stdout is not None  # noqa: S101 - for the type checker: it was asked for
        base_url = child.stdout.readline().decode().strip()
        if not base_url:
            raise SystemExit(f"the emulator did not start, see {folder / 'emulator.log'}")
        yield base_url


@contextmanager
def _process(
    command: Sequence[str], stdout: int | None = None, stderr: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of which nothing is left when the block ends, however it ends."""
    child = subprocess.Popen(  # noqa: S603 - our own programs
        command, cwd=REPOSITORY, env=os.environ, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(timeout=3)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == "__main__":
    sys.exit(main())
