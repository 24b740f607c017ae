"""Databases for tests: a throw-away PostgreSQL cluster, and empty or migrated databases of both kinds.

The cluster listens on a Unix socket alone, in a temporary directory, so it needs no port and nobody else sees it.
``initdb`` refuses to run as root; then it is run as the account ``postgres`` that Debian's package makes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest

from tests.collector.reuse import Pristine
from tests.once import once
from tests.programs import find_program, require_program

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "postgres"
MIGRATED = "migrated"  # the database that others are copied from
# Durability is what the tests of the store's own transactions ask of PostgreSQL, not what they test of it.
OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=32MB"


@dataclass
class PostgresServer:
    """A running cluster. ``url(name)`` names one of its databases."""

    directory: Path
    pristine: Pristine | None = None
    _clean: list[str] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """The address of a database, as in config.Settings.database."""
        return f"postgresql://{ACCOUNT}@{quote(str(self.directory), safe='')}/{database}"

    def create(self, template: str = "template0") -> str:
        """Makes a database and returns its address."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drops a database, also when somebody is still connected."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def lend(self) -> str:
        """A database with all tables and nothing in them; give it back.

        Making one costs PostgreSQL four tenths of a second of the processor, so one that was given back is lent again.
        """
        if self.pristine is None:
            with psycopg.connect(self.url(MIGRATED), autocommit=True) as connection:
                self.pristine = Pristine.of(connection)
        return self._clean.pop() if self._clean else self.create(MIGRATED)

    def give_back(self, url: str) -> None:
        """Empties a database that was lent; drops it where that does not make it what it was."""
        assert self.pristine is not None
        with psycopg.connect(url, autocommit=True) as connection:
            restored = self.pristine.restore(connection)
        if restored:
            self._clean.append(url)
        else:
            self.drop(url)

    def run(self, program: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's programs, as an account that is not root."""
        path = find_program(program)
        assert path is not None
        command = [path, *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", ACCOUNT, "--", *command]
        finished = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        if finished.returncode:
            raise RuntimeError(f"{program}: {finished.stdout}{finished.stderr}")


def migrate(url: str, data_directory: Path) -> None:
    """Brings the database at ``url`` to the newest schema, in a process of its own."""
    program = "import django; django.setup(); from django.core.management import call_command as call; "
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "keuring_collector.settings",
        "KEURING_DATA_DIRECTORY": str(data_directory),
        "KEURING_DATABASE": url,
    }
    finished = subprocess.run(
        [sys.executable, "-c", program + "call('migrate', verbosity=0)"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


@contextmanager
def _placed() -> Iterator[PostgresServer]:
    """A place for a cluster that the account which runs it may enter, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="keuring-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, ACCOUNT, ACCOUNT)
        yield PostgresServer(directory)
    finally:
        shutil.rmtree(directory)


@contextmanager
def _started(server: PostgresServer, options: str) -> Iterator[None]:
    data = str(server.directory / "data")
    options = f"{options} -c unix_socket_directories='{server.directory}'"
    server.run("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", str(server.directory / "log"))
    try:
        yield
    finally:
        server.run("pg_ctl", "stop", "-w", "-D", data, "-m", "fast")


@contextmanager
def running(options: str = OPTIONS, cluster: Path | None = None) -> Iterator[PostgresServer]:
    """A cluster with these options of the server, empty or a copy of ``cluster``, gone afterwards."""
    with _placed() as server:
        data = str(server.directory / "data")
        if cluster is None:
            server.run("initdb", "--pgdata", data, "--username", ACCOUNT, "--auth", "trust", "-E", "UTF8", "--no-sync")
        else:
            subprocess.run(["cp", "-a", cluster, data], check=True)
        with _started(server, options):
            yield server


def _make_cluster(files: Path) -> None:
    """Makes the files of a cluster with an empty database that has all tables, named MIGRATED."""
    with _placed() as kept:
        with running() as server:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {MIGRATED} TEMPLATE template0")
            migrate(server.url(MIGRATED), server.directory)
            # Copied by the server itself, while it runs: what it gives is whole.
            copy = str(kept.directory / "data")
            at = ["--host", str(server.directory), "--username", ACCOUNT]
            server.run("pg_basebackup", *at, "--pgdata", copy, "--checkpoint", "fast", "--no-sync")
        subprocess.run(["cp", "-a", copy, files], check=True)


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a cluster with the database MIGRATED; copy them."""
    return once(tmp_path_factory, "postgresql", _make_cluster)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A cluster that lives as long as the tests; skips (fails in CI) where there is no PostgreSQL."""
    require_program("postgresql")
    with running(cluster=request.getfixturevalue("postgres_cluster")) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database for one test."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database for one test, which runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'keuring.sqlite3'}"
    else:
        yield request.getfixturevalue("postgres_url")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them; copy it, do not write to it."""

    def make(path: Path) -> None:
        migrate(f"sqlite:///{path}", path.parent)

    return once(tmp_path_factory, "keuring.sqlite3", make)


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with all tables and nothing in them, for one test, which runs once on each kind."""
    if request.param == "sqlite":
        source: Path = request.getfixturevalue("migrated_sqlite")
        shutil.copyfile(source, tmp_path / source.name)
        yield f"sqlite:///{tmp_path / source.name}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.lend()
    yield url
    server.give_back(url)
