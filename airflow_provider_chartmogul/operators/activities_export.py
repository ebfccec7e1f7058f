"""Operators on activities exports: start one, and fetch the file of a finished one."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airflow_provider_chartmogul.activities_exports import damaged, file_link, has_succeeded
from airflow_provider_chartmogul.exceptions import ChartMogulExportFailedError, ChartMogulInvalidResponseError
from airflow_provider_chartmogul.files import replacing
from airflow_provider_chartmogul.operators.activities_range import ChartMogulActivitiesRangeOperator
from airflow_provider_chartmogul.operators.base import ChartMogulOperator, required_text, storage_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath


class ChartMogulCreateActivitiesExportOperator(ChartMogulActivitiesRangeOperator):
    """Start an export of MRR activities and return its id.

    A retry starts another export, which changes nothing in ChartMogul: the first one is just never fetched. Arguments
    as :class:`~airflow_provider_chartmogul.operators.activities_range.ChartMogulActivitiesRangeOperator`.
    Reference: ``/reference/activities/create-export``.
    """

    def execute(self, context: Context) -> str:
        """Return the id of the export."""
        movements = self.movements()
        export = self.hook.get_conn().activities_exports.create(**movements)
        self.log.info("Activities export %s is %s", export["id"], export["status"])
        return str(export["id"])


class ChartMogulDownloadActivitiesExportOperator(ChartMogulOperator):
    """Store the file of a finished activities export.

    The file is a zip archive of CSV; neither the names nor the columns inside are documented, so it is handed over as
    it is, or with every member unpacked. Files appear under their name only when they are complete, and replace
    those of an earlier run. ChartMogul keeps the file for seven days. The link to it never leaves the task.

    Returns ``{"path", "bytes", "files"}``: the argument, the total size and the path of each stored file.

    :param export_id: id of an export that the sensor saw succeed. (templated)
    :param path: where to store the archive, for example ``s3://bucket/activities.zip``; with ``unpack`` the directory
        for its members. (templated)
    :param path_conn_id: Airflow connection of the object storage. (templated)
    :param unpack: store the members instead of the archive.
    :raises ChartMogulExportFailedError: the export has not succeeded (yet).
    :raises ChartMogulInvalidResponseError: no zip archive arrived, or one with member names outside of ``path``.
    """

    template_fields: Sequence[str] = (*ChartMogulOperator.template_fields, "export_id", "path", "path_conn_id")

    def __init__(
        self, *, export_id: str, path: str, path_conn_id: str | None = None, unpack: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.export_id = export_id
        self.path = path
        self.path_conn_id = path_conn_id
        self.unpack = unpack

    def execute(self, context: Context) -> dict[str, Any]:
        """Fetch, check and store the file."""
        export_id = required_text("export_id", self.export_id)
        target = storage_path(required_text("path", self.path), self.path_conn_id)
        exports = self.hook.get_conn().activities_exports
        export = exports.retrieve(export_id)
        if not has_succeeded(export):
            raise ChartMogulExportFailedError(f"Activities export {export_id} is {export['status']}, not succeeded")
        link = file_link(export)
        with TemporaryDirectory() as folder:
            archive = Path(folder, "export.zip")
            with archive.open("wb") as file:
                exports.download(link, file)
            files = self._store(archive, target)
        self.log.info("Stored %s files, %s bytes under %s", len(files), sum(files.values()), self.path)
        return {"path": self.path, "bytes": sum(files.values()), "files": list(files)}

    def _store(self, archive: Path, target: ObjectStoragePath) -> dict[str, int]:
        try:
            with zipfile.ZipFile(archive) as members:
                if broken := members.testzip():
                    raise damaged(self.export_id, broken)
                if self.unpack:
                    return {self._store_member(members, member, target): member.file_size for member in _files(members)}
        except (zipfile.BadZipFile, zlib.error):
            raise damaged(self.export_id, "not a sound zip archive") from None
        with archive.open("rb") as source, replacing(target) as sink:
            shutil.copyfileobj(source, sink)
        return {self.path: archive.stat().st_size}

    def _store_member(self, members: zipfile.ZipFile, member: zipfile.ZipInfo, directory: ObjectStoragePath) -> str:
        with members.open(member) as source, replacing(directory / member.filename) as sink:
            shutil.copyfileobj(source, sink)
        return f"{self.path.rstrip('/')}/{member.filename}"


def _files(members: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    files = [member for member in members.infolist() if not member.is_dir()]
    for name in (member.filename for member in files):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
            raise ChartMogulInvalidResponseError(f"The archive holds a member that leaves its directory: {name!r}")
    return files
