"""A load into files that kills its own process.

Arguments: URL of the folder, format, ``durable`` or nothing, and where to die.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.implementations.local import LocalFileSystem

from airflow_provider_chartmogul.files import Replacement
from airflow_provider_chartmogul.transfers.files.new_file import NewFile
from airflow_provider_chartmogul.transfers.loading import Attempt
from tests.unit.transfers.files_samples import Source, loaded, records
from tests.unit.transfers.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def on_call(number: int, function: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    """Do something else in the given call of a function."""
    calls = 0

    def called(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        return (instead if calls == number else function)(*args, **options)

    return called


def torn(files: LocalFileSystem, path: str, value: bytes, **options: Any) -> None:
    with files.open(path, "wb") as file:
        file.write(value[: len(value) // 2])
    die()


def remove_one(files: LocalFileSystem, folder: str, **options: Any) -> None:
    files.rm_file(min(files.ls(folder, detail=False)))
    die()


def prepare(where: str) -> Source:
    source = Source(records())
    if where == "extracting":
        source.before_page = lambda page: die() if page == 5 else None
    elif where == "staging":
        LocalFileSystem.pipe_file = on_call(4, LocalFileSystem.pipe_file, torn)
    elif where == "completing":
        NewFile.complete = on_call(2, NewFile.complete, die)  # type: ignore[method-assign]
    elif where == "moving":
        Replacement.put_in_place = on_call(2, Replacement.put_in_place, die)  # type: ignore[method-assign]
    elif where == "removing":
        LocalFileSystem.rm = on_call(1, LocalFileSystem.rm, remove_one)
    return source


def main(url: str, file_format: str, durable: str, where: str) -> None:
    storage = Storage(ObjectStoragePath(url))
    loaded(storage, prepare(where), file_format, Attempt("load", durable=durable == "durable"))


if __name__ == "__main__":
    main(*sys.argv[1:])
