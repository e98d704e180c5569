"""Real servers for the long tests: PostgreSQL of Debian, an S3-compatible one of moto, Chroma's own. Each in a folder of
its own, on a free port of loopback, gone when the test ends; skipped with the reason where it is not installed.

The folders lie below /tmp and not in pytest's, which only its own user may enter: PostgreSQL refuses to run as root and
runs as the user `postgres` then.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

POSTGRES = "PostgreSQL is not installed (apt-get install postgresql, or: make validators)"
_USER = "postgres"


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@dataclass
class PostgresServer:
    """A PostgreSQL server that can be stopped and started again."""

    folder: Path
    binaries: Path
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: "pw-" + secrets.token_hex(8))

    def make(self) -> None:
        """Make its folder and start it."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._own(secret)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "scanwright", "-A", "scram-sha-256", "-E", "UTF8",
                  "--locale=C", f"--pwfile={secret}", "--no-sync")  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, cutting every connection."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")

    def url(self, database: str = "postgres") -> str:
        """Return a database's address."""
        return f"postgresql://scanwright:{self.password}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Make an empty database and return its address."""
        import psycopg

        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _run(self, command: str, *arguments: str) -> None:
        options = {"user": _USER} if os.geteuid() == 0 else {}
        with (self.folder / "said").open("a") as said:
            done = subprocess.run(
                [str(self.binaries / command), *arguments], cwd=self.folder, stdout=said, stderr=said, check=False,
                stdin=subprocess.DEVNULL, timeout=120, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **options,
            )  # fmt: skip
        assert done.returncode == 0, (self.folder / "said").read_text()[-2000:]

    def _own(self, path: Path) -> None:
        path.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(path, _USER)


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Give a running PostgreSQL."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip(POSTGRES)
    folder = Path(tempfile.mkdtemp(prefix="scanwright-pg-"))
    server = PostgresServer(folder, binaries)
    try:
        if os.geteuid() == 0:
            try:
                shutil.chown(folder, _USER)
            except LookupError:
                pytest.skip(f"PostgreSQL will not run as root and there is no user {_USER}")
        server.make()
        yield server
        with contextlib.suppress(AssertionError):  # a test may have stopped it
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Bucket:
    """An S3-compatible server with a bucket, and what the environment must say to reach it."""

    url: str
    environment: dict[str, str]

    def store(self) -> str:
        """Return the address of a new, empty place in the bucket."""
        return f"s3://scans/{secrets.token_hex(6)}"


@contextlib.contextmanager
def s3() -> Iterator[Bucket]:
    """Give a running S3-compatible server; it runs apart, so that its own warnings are not ours."""
    command = shutil.which("moto_server", path=str(Path(sys.executable).parent)) or shutil.which("moto_server")
    if command is None:
        pytest.skip("moto_server is not installed beside this Python (pip install 'moto[server]')")
    port = free_port()
    running = subprocess.Popen(
        [command, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _answers(f"{url}/moto-api/", running, 120)
        request = urllib.request.Request(f"{url}/scans", method="PUT", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"})  # fmt: skip
        urllib.request.urlopen(request, timeout=10).close()
        yield Bucket(url, {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                           "AWS_DEFAULT_REGION": "us-east-1"})  # fmt: skip
    finally:
        running.terminate()
        running.wait(timeout=20)


@contextlib.contextmanager
def chroma() -> Iterator[str]:
    """Give the address of a running Chroma server."""
    command = shutil.which("chroma", path=str(Path(sys.executable).parent)) or shutil.which("chroma")
    if command is None:
        pytest.skip("the chroma command is not installed beside this Python")
    folder, port = tempfile.mkdtemp(prefix="scanwright-chroma-"), free_port()
    running = subprocess.Popen(
        [command, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _answers(f"{url}/api/v2/heartbeat", running, 120)
        yield url
    finally:
        running.terminate()
        running.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(url: str, running: subprocess.Popen[bytes], within_s: float) -> None:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        assert running.poll() is None, f"the server ended with {running.returncode}"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.1)
    pytest.fail(f"{url} did not answer within {within_s:g} s")
