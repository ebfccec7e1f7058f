"""Find files on local disks and object storage, and read them."""

from __future__ import annotations

import gzip
import io
import logging
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Final, cast

from airflow_provider_chartmogul.imports.sources.csv_lines import check_csv, read_csv
from airflow_provider_chartmogul.imports.sources.json_lines import read_json_lines
from airflow_provider_chartmogul.imports.sources.parquet import check_parquet, read_parquet
from airflow_provider_chartmogul.imports.sources.rows import Row, UnfitSourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    from airflow_provider_chartmogul.imports.sources.rows import Columns

log = logging.getLogger(__name__)

# what is held of an open file on object storage; the default of some is 50 MiB
_BLOCK: Final = 4 * 2**20
_SUFFIXES: Final = {"jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl", "csv": "csv", "parquet": "parquet"}
_HIDDEN: Final = (".", "_")
FORMATS: Final = ("jsonl", "csv", "parquet")


@dataclass(frozen=True, slots=True)
class File:
    """A file that is there.

    :param storage: file system of ``fsspec``.
    :param path: where it is in that.
    :param name: what to call it.
    :param form: one of :data:`FORMATS`.
    """

    storage: Any
    path: str
    name: str
    form: str

    @contextmanager
    def open(self, **options: Any) -> Iterator[IO[bytes]]:
        """Open it as it lies there."""
        with self.storage.open(self.path, "rb", **{"block_size": _BLOCK, **options}) as file:
            yield file

    @contextmanager
    def lines(self) -> Iterator[IO[bytes]]:
        """Open it for reading line by line, unpacked."""
        with self.open() as file:
            if self.path.endswith(".gz"):
                # a buffer around it would keep what comes shortly before a cut
                yield cast("IO[bytes]", gzip.GzipFile(fileobj=file))
            else:
                yield io.BufferedReader(cast("io.RawIOBase", file), 2**18)


def read_files(
    paths: Sequence[str], conn_id: str | None, form: str | None, columns: Columns
) -> Generator[Row, None, None]:
    """Yield what stands in files, one after the other.

    :param paths: files, folders and globs.
    :param conn_id: Airflow connection of the object storage, if it needs one.
    :param form: one of :data:`FORMATS`; ``None`` lets the suffix of each file tell.
    :raises UnfitSourceError: there is no such file, nothing tells its format, or its columns cannot be used.
    """
    files = find_files(paths, conn_id, form)
    if columns.needed is not None and len(files) > 1:
        # nothing of the first is given before it is known that the last can be read
        _check_columns(files, columns)
    for file in files:
        empty = True
        for row in _READERS[file.form](file, columns):
            empty = False
            yield row
        if empty:
            log.warning("%s is empty: it holds no record", file.name)


def find_files(paths: Sequence[str], conn_id: str | None, form: str | None) -> list[File]:
    """Return the files that paths stand for; those of one path are sorted, and none comes twice.

    :raises UnfitSourceError: there is none for a path, or nothing tells the format of one.
    """
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    found: dict[tuple[str, str], File] = {}
    for path in paths:
        root = ObjectStoragePath(path, conn_id=conn_id)
        for match in _matches(root):
            found.setdefault((root.protocol, match), File(root.fs, match, match, form or _form(match)))
    common = _common_folder([file.path for file in found.values()])
    return [replace(file, name=_shown(file.path.removeprefix(common))) for file in found.values()]


def _matches(root: ObjectStoragePath) -> list[str]:
    storage, path = root.fs, str(root.fs._strip_protocol(root.path))
    storage.invalidate_cache()
    if storage.isfile(path):
        return [path]
    pattern = path if any(letter in path for letter in "*?[") else f"{path.rstrip('/')}/**"
    try:
        entries = storage.glob(pattern, detail=True)
    except FileNotFoundError:
        entries = {}
    files = (name for name, entry in entries.items() if entry["type"] == "file")
    found = sorted(name for name in files if not _is_hidden(name, pattern))
    if not found:
        raise UnfitSourceError(f"there is no file {_shown(path)}; where there are no records, an empty file will do")
    return found


def _is_hidden(path: str, pattern: str) -> bool:
    """Tell whether a file is one that only begins to be, or says something of others, such as ``_SUCCESS``."""
    if pattern.rpartition("/")[2].startswith(_HIDDEN):
        return False
    below = path.removeprefix(_common_folder([path, pattern]))
    return any(part.startswith(_HIDDEN) for part in below.split("/"))


def _form(path: str) -> str:
    suffix = path.removesuffix(".gz").rpartition(".")[2]
    form = _SUFFIXES.get(suffix)
    if form is None or (form == "parquet" and path.endswith(".gz")):
        known = ", ".join(f".{suffix}" for suffix in _SUFFIXES)
        raise UnfitSourceError(f"the name of {_shown(path)} does not tell its format: say it in format, or use {known}")
    return form


def _common_folder(paths: Sequence[str]) -> str:
    """Return what comes before the parts in which paths differ, slash included."""
    folders = [path.split("/")[:-1] for path in paths]
    common = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        common += 1
    return "".join(f"{part}/" for part in folders[0][:common]) if folders else ""


def _shown(path: str) -> str:
    # of a URL, what comes after may be a key
    return path.partition("?")[0] if path.startswith("http") else path


def _read_json_lines(file: File, _: Columns) -> Iterator[Row]:
    with file.lines() as lines:
        yield from _until_cut(read_json_lines(lines, file.name), file.name)


def _read_csv(file: File, columns: Columns) -> Iterator[Row]:
    with file.lines() as lines:
        yield from _until_cut(read_csv(lines, file.name, columns), file.name)


def _read_parquet(file: File, columns: Columns) -> Iterator[Row]:
    # it seeks in the file, and reads ahead itself
    with file.open(cache_type="none") as raw:
        yield from read_parquet(raw, file.name, columns)


def _check_columns(files: Sequence[File], columns: Columns) -> None:
    for file in files:
        if file.form == "csv":
            with file.lines() as lines, suppress(*_CUT):
                check_csv(lines, file.name, columns)
        elif file.form == "parquet":
            with file.open(cache_type="none") as raw:
                check_parquet(raw, file.name, columns)


def _until_cut(rows: Iterator[Row], name: str) -> Iterator[Row]:
    """Yield rows, and where the data of gzip is cut or broken, one that says so."""
    place = name
    try:
        for row in rows:
            place = row.place
            yield row
    except _CUT:
        after = f"{name}, after {place.removeprefix(f'{name}, ')}" if place != name else name
        yield Row(None, after, (("", "cannot be read on: the data of gzip is cut or broken"),))


_CUT: Final = (EOFError, zlib.error, gzip.BadGzipFile)
_READERS: Final[dict[str, Callable[[File, Columns], Iterator[Row]]]] = {
    "jsonl": _read_json_lines,
    "csv": _read_csv,
    "parquet": _read_parquet,
}
