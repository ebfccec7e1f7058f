"""What importing an operator costs a DAG file beyond Airflow itself: seconds, and heavy modules that came along.

Every measurement is a fresh interpreter; the figure is the median of several.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 7
HEAVY = ("pandas", "pyarrow", "duckdb", "sqlalchemy", "numpy", "starlette", "uvicorn")
PROGRAM = f"""
import sys, time
from airflow.sdk import BaseOperator
before = set(sys.modules)
start = time.perf_counter()
import airflow_provider_chartmogul.operators.metrics
seconds = time.perf_counter() - start
heavy = [name for name in {HEAVY!r} if name in sys.modules and name not in before]
print(seconds, ",".join(heavy) or "none")
"""


def main() -> None:
    """Print the median and the heavy modules."""
    seconds, heavy = [], set()
    for _ in range(RUNS):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, check=True
        )
        elapsed, loaded = run.stdout.split()[-2:]
        seconds.append(float(elapsed))
        heavy.add(loaded)
    print(f"import of operators.metrics beyond airflow.sdk.BaseOperator: {statistics.median(seconds):.3f} s (goal 0.3)")
    print(f"heavy modules loaded by it: {', '.join(sorted(heavy))} (goal none)")


if __name__ == "__main__":
    main()
