"""A file that is written beside the one whose place it takes."""

from __future__ import annotations

from contextlib import suppress
from io import RawIOBase
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import uuid4

from airflow_provider_chartmogul.exceptions import ChartMogulConfigError, ChartMogulLoadError
from airflow_provider_chartmogul.files import Replacement, names
from airflow_provider_chartmogul.transfers.files.failing import failing_as

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.transfers.files.formats import Codec
    from airflow_provider_chartmogul.transfers.files.rows import Encoded

_NEW = ".new"


def make_room(target: ObjectStoragePath, load_id: str) -> Replacement:
    """Return the place of a new file, which was found to be writable: an empty file is there.

    Those of earlier tries of the load are gone, whether these are still alive or not.

    :param load_id: tells the new file from those of other loads.
    :raises ChartMogulConfigError: the target is a directory, or Airflow knows no storage of that kind.
    :raises ChartMogulLoadError: the storage refuses to be written to.
    """
    try:
        storage = target.fs
    except (ImportError, ValueError) as error:
        raise ChartMogulConfigError(f"{target}: {error}") from None
    with failing_as(target, "making room beside it"):
        if storage.isdir(target.path):
            raise ChartMogulConfigError(f"{target} is a directory, where a file shall stand")
        place = Replacement(target, f"{load_id}.{uuid4().hex}{_NEW}")
        # object storages tell what they do not take when a file is closed
        place.open().close()
        # of two tries that begin at once none must overlook the other: theirs are looked for when ours is there
        _remove_others(place, load_id)
        return place


def overtaken(target: ObjectStoragePath) -> ChartMogulLoadError:
    """Return the error of a try whose new file was removed by a newer one."""
    return ChartMogulLoadError(f"{target}: another try of this load is under way")


class NewFile:
    """A file that is being written.

    :param place: where.
    :param codec: its format.
    :raises ChartMogulLoadError: the storage fails, as in all methods but :meth:`abandon`.
    """

    def __init__(self, place: Replacement, codec: Codec) -> None:
        self.target = place.target
        self.rows = 0
        self._place = place
        with failing_as(self.target, "opening a file beside it"):
            self._sink = _Sink(place.open())
            self._writer = codec.writer(cast("IO[bytes]", self._sink))

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return self._sink.size

    def add(self, encoded: Encoded) -> None:
        """Append rows."""
        with failing_as(self.target, "writing beside it"):
            self._writer.add(encoded.payload)
        self.rows += encoded.rows

    def complete(self) -> None:
        """Write the file to its end."""
        with failing_as(self.target, "completing the file beside it"):
            self._writer.close()
            self._sink.file.close()

    def put_in_place(self) -> None:
        """Let the file take the place of the target."""
        with failing_as(self.target, "moving the new file into its place"):
            try:
                self._place.put_in_place()
            except FileNotFoundError:
                raise overtaken(self.target) from None

    def abandon(self) -> None:
        """Let go of the file, complete or not. Never raises."""
        for close in (self._writer.close, self._sink.file.close):
            # what led here can make them fail, too, and the file is of no use anyway
            with suppress(Exception):
                close()


def _remove_others(place: Replacement, load_id: str) -> None:
    folder = place.path.parent
    prefix = f".{place.target.name}.{load_id}."
    for name in names(folder) - {place.path.name}:
        if name.startswith(prefix) and name.endswith(_NEW):
            (folder / name).unlink(missing_ok=True)


class _Sink(RawIOBase):
    """Counts what goes into a file."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.file.write(data)
        length = memoryview(data).nbytes
        self.size += length
        return length
