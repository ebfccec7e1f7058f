"""Files on local disks and object storage that are there whole or not at all."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.common.compat.sdk import ObjectStoragePath

# what is held of an open file on object storage, of which there may be several; the default of some is 50 MiB
_BLOCK = 8 * 2**20
# They have no directories, and to make the parents of a key is to make a bucket: one that is misspelt, mostly.
_WITH_BUCKETS = ("s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "adl", "wasb", "wasbs")


def make_folder(path: ObjectStoragePath) -> None:
    """Make a directory and those above it, where the storage has any."""
    if path.protocol not in _WITH_BUCKETS:
        path.mkdir(parents=True, exist_ok=True)


def names(folder: ObjectStoragePath) -> set[str]:
    """Return what is in a directory now, whatever was known of it before; nothing if it is not there."""
    folder.fs.invalidate_cache()
    try:
        paths = folder.fs.ls(folder.path, detail=False)
    except FileNotFoundError:
        return set()
    return {str(path).rstrip("/").rpartition("/")[2] for path in paths}


class Replacement:
    """A new file, beside the one whose place it is to take.

    :param target: where the file shall stand.
    :param mark: tells it from other new files beside the same target.
    """

    def __init__(self, target: ObjectStoragePath, mark: str) -> None:
        self.target = target
        self.path = target.parent / f".{target.name}.{mark}"

    def open(self) -> IO[bytes]:
        """Begin to write it anew; missing directories are made."""
        make_folder(self.target.parent)
        return cast("IO[bytes]", self.path.open("wb", block_size=_BLOCK))  # type: ignore[no-untyped-call]

    def put_in_place(self) -> None:
        """Let it take the place of the target."""
        self.path.move(self.target)

    def exists(self) -> bool:
        """Tell whether it is there now, whatever was known before."""
        self.path.fs.invalidate_cache()
        return self.path.exists()

    def remove(self) -> None:
        """Remove it, if it is there."""
        self.path.unlink(missing_ok=True)


@contextmanager
def replacing(target: ObjectStoragePath) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of ``target`` when the block ends well, and vanishes when it does not.

    :param target: where the file shall stand; missing directories are made.
    """
    new = Replacement(target, uuid4().hex)
    try:
        with new.open() as sink:
            yield sink
        new.put_in_place()
    finally:
        new.remove()


def try_out(target: ObjectStoragePath) -> None:
    """Find out whether a file can be written, by means of one beside it that is removed again.

    :param target: where the file shall stand; missing directories are made.
    :raises OSError: it cannot.
    """
    if target.protocol not in _WITH_BUCKETS and target.is_dir():
        raise IsADirectoryError("there is a directory of this name")
    new = Replacement(target, uuid4().hex)
    try:
        with new.open() as sink:
            sink.write(b"\n")
    finally:
        new.remove()


def gzipped(file: IO[bytes]) -> IO[bytes]:
    """Return a file that packs what is written into another, without name and time, which differ from run to run."""
    return cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0))
