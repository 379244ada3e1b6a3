"""An S3 server on loopback, for tests of object storage; imported for its fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyarrow.fs import FileSelector, S3FileSystem

moto_server = pytest.importorskip("moto.server", reason="the S3 server of the tests")


class Bucket:
    """An S3 bucket on loopback."""

    def __init__(self, port: int) -> None:
        self.files = S3FileSystem(
            endpoint_override=f"127.0.0.1:{port}",
            scheme="http",
            region="us-east-1",
            access_key="testing",
            secret_key="testing",
            allow_bucket_creation=True,
            allow_bucket_deletion=True,
        )
        endpoint = f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
        self.url = f"s3://bucket/results?{endpoint}"

    def names(self, folder: str = "") -> list[str]:
        top = f"bucket/results/{folder}".rstrip("/")
        selector = FileSelector(top, recursive=True, allow_not_found=True)
        found = self.files.get_file_info(selector)
        return sorted(info.path.removeprefix(f"{top}/") for info in found if info.is_file)


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        yield Bucket(running.get_host_and_port()[1])
    finally:
        running.stop()


@pytest.fixture
def bucket(server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server.files.create_dir("bucket")
    yield server
    server.files.delete_dir_contents("bucket", missing_dir_ok=True)
