"""Files on local disks and object storage that are there whole or not at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import IO, TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.common.compat.sdk import ObjectStoragePath


@contextmanager
def replacing(target: ObjectStoragePath) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of ``target`` when the block ends well, and vanishes when it does not.

    :param target: where the file shall stand; missing directories are made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{uuid4().hex}"
    try:
        with temporary.open("wb") as sink:  # type: ignore[no-untyped-call]
            yield sink
        temporary.move(target)
    finally:
        temporary.unlink(missing_ok=True)
