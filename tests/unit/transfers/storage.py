"""The two kinds of storages that files are tried on: a disk, and a server that speaks S3."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "127.0.0.1"
S3_CONN_ID = "storage"
LOGIN = {"aws_access_key_id": "access-key-of-tests", "aws_secret_access_key": "secret-key-of-tests"}


class S3:
    """An S3 server on loopback, which can be stopped and started again with what it holds."""

    def __init__(self, conn_id: str) -> None:
        # clients are cached by connection: no two servers may have the same
        self.conn_id = conn_id
        self._port = 0
        self.start()

    def start(self) -> None:
        self._server = ThreadedMotoServer(HOST, self._port, verbose=False)
        self._server.start()
        _, self._port = self._server.get_host_and_port()

    def stop(self) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def connection(self) -> str:
        extra = {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            # a server that was stopped does not come back
            "config_kwargs": {"retries": {"max_attempts": 0}},
        }
        login, password = LOGIN.values()
        return json.dumps({"conn_type": "aws", "login": login, "password": password, "extra": extra})

    def make_bucket(self, name: str) -> None:
        boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **LOGIN).create_bucket(Bucket=name)


@dataclass
class Storage:
    """A folder, looked at without the code under test.

    :param root: the folder, which may not be there yet.
    """

    root: ObjectStoragePath

    def path(self, name: str) -> ObjectStoragePath:
        return self.root / name

    def names(self) -> set[str]:
        """All files, at any depth, hidden ones too."""
        files = self.root.fs
        files.invalidate_cache()
        top = files._strip_protocol(self.root.path)
        return {path.removeprefix(f"{top}/") for path in files.find(top)}

    def read(self, name: str) -> bytes:
        return bytes(self.root.fs.cat_file(self.path(name).path))

    def write(self, name: str, data: bytes) -> None:
        path = self.path(name)
        if path.protocol == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
        path.fs.pipe_file(path.path, data)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = S3(S3_CONN_ID)
    yield server
    server.stop()


@pytest.fixture
def s3_storage(s3_server: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Storage:
    """A new bucket."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{s3_server.conn_id.upper()}", s3_server.connection())
    bucket = f"lake-{abs(hash(tmp_path)):x}"
    s3_server.make_bucket(bucket)
    return Storage(ObjectStoragePath(f"s3://{bucket}/exports", conn_id=s3_server.conn_id))


@pytest.fixture
def local_storage(tmp_path: Path) -> Storage:
    """A folder that is not there yet."""
    return Storage(ObjectStoragePath(f"file://{tmp_path}/lake/exports"))


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """An empty storage of each kind."""
    found: Storage = request.getfixturevalue(f"{request.param}_storage")
    return found
