"""Runs a DAG to its end, in a process of its own that tests may kill.

Arguments: the file of the DAG, and ``triggerer`` if there is one that the tasks wait in, or ``bare`` to do without
Airflow what its one task does, which takes a few seconds less.
"""

from __future__ import annotations

import functools
import importlib
import os
import runpy
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from inspect import signature
from typing import IO, TYPE_CHECKING, Any

from demo import story

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from airflow.providers.common.compat.sdk import DAG

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def running(
    *command: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process with all that it starts, and kill what is left of it at the end.

    :param log: file for what it prints.
    """
    with log.open("wb") as output:
        process = _started(command, output, environment or {})
        try:
            yield process
        finally:
            kill(process)


def running_dag(file: Path, *arguments: str, log: Path) -> Any:
    """Run a DAG in a process of its own."""
    return running(sys.executable, "-m", __name__, str(file), *arguments, log=log)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, as a machine does that is switched off."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _started(command: tuple[str, ...], output: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=story.REPOSITORY,
        env={**os.environ, **environment},
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def leave_waiting_to_the_triggerer(dag: DAG) -> None:
    """Let what tries a DAG out leave deferred tasks to a triggerer, instead of waiting in line itself."""
    module: Any = sys.modules[type(dag).test.__module__]
    flags = {"run_triggerer", "inline_trigger"} & signature(module._run_task).parameters.keys()
    module._run_task = _without(module._run_task, *flags)


def _without(function: Any, *flags: str) -> Any:
    @functools.wraps(function)
    def called(**arguments: Any) -> Any:
        return function(**{**arguments, **dict.fromkeys(flags, False)})

    return called


def main(file: str, how: str = "") -> int:
    """Return 0 if all tasks succeeded."""
    dag = runpy.run_path(file)["dag"]
    if how == "bare":
        dag.tasks[0].execute({})
        return 0
    if how == "triggerer":
        leave_waiting_to_the_triggerer(dag)
    # Airflow 2 cannot give way to a run of the same date without the tables of its users
    with suppress(ModuleNotFoundError):
        importlib.import_module("airflow.providers.fab.auth_manager.models")
    return 0 if story.run_dag(dag, {}, NEW_YEAR).state == "success" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
