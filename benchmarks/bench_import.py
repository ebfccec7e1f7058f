"""What importing an operator costs a DAG file beyond Airflow itself: seconds, and heavy modules that came along.

Every measurement is a fresh interpreter; the figure is the median of several.
"""

from __future__ import annotations

import pkgutil
import statistics
import subprocess
import sys

from airflow_provider_chartmogul import operators

RUNS = 7
HEAVY = ("pandas", "pyarrow", "duckdb", "sqlalchemy", "numpy", "starlette", "uvicorn", "pyrate_limiter")
PROGRAM = f"""
import importlib, sys, time
from airflow.sdk import BaseOperator
before = set(sys.modules)
start = time.perf_counter()
for name in sys.argv[1:]:
    importlib.import_module(name)
seconds = time.perf_counter() - start
heavy = [name for name in {HEAVY!r} if name in sys.modules and name not in before]
print(seconds, ",".join(heavy) or "none")
"""


def main() -> None:
    """Print the median for one module of operators, and for all of them together, and the heavy modules."""
    single = f"{operators.__name__}.metrics"
    every = [info.name for info in pkgutil.iter_modules(operators.__path__, f"{operators.__name__}.")]
    for what, names in (("operators.metrics", [single]), (f"all {len(every)} modules of operators", every)):
        seconds, heavy = measured(names)
        print(f"import of {what} beyond airflow.sdk.BaseOperator: {seconds:.3f} s (goal 0.3)")
        print(f"heavy modules loaded by it: {', '.join(sorted(heavy))} (goal none)")


def measured(names: list[str]) -> tuple[float, set[str]]:
    """Import modules in fresh interpreters; return the median of the seconds, and the heavy modules."""
    seconds, heavy = [], set()
    for _ in range(RUNS):
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *names]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        elapsed, loaded = run.stdout.split()[-2:]
        seconds.append(float(elapsed))
        heavy.add(loaded)
    return statistics.median(seconds), heavy


if __name__ == "__main__":
    main()
