"""A mock of ChartMogul that takes bulk imports and counts what is in them, so that the client is what is measured.

It answers after a latency, and has worked off every import by the first question after it. Run as
``python -m benchmarks.import_mock --latency-ms 80``: it prints its base URL. ``GET /count`` tells what came.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("plans", "customers", "invoices", "line_items", "transactions", "subscription_events")


class Mock:
    """Keeps the names of imports, and the external ids of their customers."""

    def __init__(self, latency_ms: int) -> None:
        self.latency = latency_ms / 1000
        self.imports: dict[str, list[str]] = {}
        self.counts: Counter[str] = Counter()
        self.largest = 0

    def take(self, body: bytes) -> dict[str, Any]:
        sent = json.loads(body)
        self.imports[sent["external_id"]] = [customer["external_id"] for customer in sent.get("customers", ())]
        self.counts["imports"] += 1
        self.largest = max(self.largest, len(body))
        for kind in KINDS:
            self.counts[kind] += len(sent.get(kind, ()))
        return {"id": sent["external_id"], "external_id": sent["external_id"], "status": "queued"}

    def answer(self, path: str) -> dict[str, Any] | None:
        if path == "/v1/count":
            return {**self.counts, "largest_bytes": self.largest}
        if path.startswith("/v1/data_sources/") and "json_imports" not in path:
            return {"uuid": path.rpartition("/")[2], "name": "Billing"}
        for listed, key in (("plans", "plans"), ("customers", "entries"), ("invoices", "invoices")):
            if path == f"/v1/{listed}":
                return {key: [], "has_more": False, "cursor": None}
        name = path.rpartition("/")[2]
        if name not in self.imports:
            return None
        done = {"status": "imported"}
        details = {customer: {**done, "customers": done, "invoices": done} for customer in self.imports[name]}
        return {"id": name, "external_id": name, "status": "completed", "status_details": {"plans": done, **details}}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        chunks, more = [], True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        await asyncio.sleep(self.latency)
        self.counts["requests"] += 1
        found = self.take(b"".join(chunks)) if scope["method"] == "POST" else self.answer(scope["path"])
        body = json.dumps({"error": "Import not found"} if found is None else found).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 404 if found is None else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def import_mock(latency_ms: int) -> Iterator[str]:
    """Run a mock in a process of its own, and hand out its base URL."""
    command = [sys.executable, "-m", __name__, "--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency-ms", type=int, default=80)
    app = Mock(**vars(parser.parse_args()))
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, lifespan="off", log_level="error", access_log=False, timeout_keep_alive=75)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
