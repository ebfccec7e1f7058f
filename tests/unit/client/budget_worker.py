"""A process that draws on a shared budget; run as a script, it imports nothing of the tests."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from airflow_provider_chartmogul.client import ChartMogulClient
from airflow_provider_chartmogul.client.rate_budget import shared_budget


def ping(count: int, api_key: str, url: str, **settings: object) -> None:
    """Send so many requests from eight threads, and print how many were answered well."""
    with ChartMogulClient(api_key, url, **settings) as client, ThreadPoolExecutor(8) as threads:
        print(sum(1 for _ in threads.map(lambda _: client.ping(), range(count))), flush=True)


def hold(count: int, api_key: str, url: str, **settings: object) -> None:
    """Keep so many requests in flight until the process is killed."""
    budget = shared_budget(api_key, url, 1000, count, **settings)
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(budget.request())
        print("holding", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    {"ping": ping, "hold": hold}[arguments.pop("work")](**arguments)
