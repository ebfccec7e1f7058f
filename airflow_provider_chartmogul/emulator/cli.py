"""``chartmogul-emulator``: the emulator on the command line."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from airflow_provider_chartmogul.emulator.server import Emulator
from airflow_provider_chartmogul.emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; prints one line with the base URL once it answers.

    :param arguments: instead of those of the command line.
    :return: exit code.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        emulator = Emulator(options.api_key, options.host, options.port, _settings(options))
    except (OSError, ValueError) as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    print(emulator.base_url, flush=True)
    stop.wait()
    emulator.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chartmogul-emulator", description="A local ChartMogul over HTTP, in memory.")
    parser.add_argument("--api-key", required=True, help="the only key that is accepted")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free port")
    parser.add_argument("--no-limits", action="store_true", help="allow more than 40 requests/s and 20 at a time")
    parser.add_argument("--latency-ms", type=int, default=0, help="wait before each answer")
    parser.add_argument("--processing-ms", type=int, default=0, help="lag of imports and metrics")
    parser.add_argument("--currency", default="USD", help="of the account")
    parser.add_argument("--time-zone", default="UTC", help="of the account, an IANA name")
    parser.add_argument("--week-start-on", choices=("monday", "sunday"), default="monday")
    parser.add_argument("--now", help="frozen clock of the account; real time if not given")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    return Settings().changed(
        limits=not options.no_limits,
        latency_ms=options.latency_ms,
        processing_ms=options.processing_ms,
        now=options.now,
        account={
            "currency": options.currency,
            "time_zone": options.time_zone,
            "week_start_on": options.week_start_on,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
