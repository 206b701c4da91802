"""What every test may lean on: the published data, and a plain reason where a machine lacks what a test needs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("SPRINGTIDE_DATA") or ROOT.parent / "shared" / "data").resolve()


def _has_java() -> bool:
    return bool(shutil.which("java") or os.environ.get("JAVA_HOME"))


POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))

# marker → is it here, and what to say when it is not
NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "spark": (lambda: _has_java() and importlib.util.find_spec("pyspark") is not None, "Java 17 or pyspark is not installed"),
    "browser": (lambda: shutil.which("chromium") is not None, "Chromium is not installed"),
    "postgres": (lambda: bool(POSTGRES), "PostgreSQL's server is not installed"),
    "real_data": (DATA.is_dir, f"no published data at {DATA}: set SPRINGTIDE_DATA"),
}
# Each has one costly thing (a session, a browser, a server) that its tests share, so one process runs them all.
SHARES = ("spark", "browser", "postgres")


def pytest_collection_modifyitems(items):
    missing = {marker: reason for marker, (is_here, reason) in NEEDS.items() if not is_here()}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        for marker in SHARES:
            if marker in marks:
                item.add_marker(pytest.mark.xdist_group(marker))
                break
        for marker in sorted(marks & missing.keys()):
            item.add_marker(pytest.mark.skip(reason=missing[marker]))


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """The folder of a published data set by its name; the test is marked `real_data`."""

    def folder(name: str) -> Path:
        path = DATA / name
        if not path.is_dir():
            pytest.skip(f"the published data set {name} is not at {DATA}")
        return path

    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server for the tests marked `postgres`: on a socket only, and thrown away after them."""
    # Not under tmp_path, whose parents are closed to others: the server refuses to run as root, so root runs it as `postgres`.
    with tempfile.TemporaryDirectory(prefix="springtide-postgres-", ignore_cleanup_errors=True) as folder:
        as_user = "postgres" if os.geteuid() == 0 else None
        if as_user:
            shutil.chown(folder, as_user)

        def run(name: str, *arguments: str) -> None:
            command = [str(POSTGRES[-1].with_name(name)), "-D", f"{folder}/data", *arguments]
            subprocess.run(command, user=as_user, check=True, capture_output=True, timeout=60, cwd=folder)

        run("initdb", "-A", "trust", "-U", "springtide", "--no-sync", "-E", "UTF8")
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
        run("pg_ctl", "-w", "-o", settings, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql://springtide@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory) -> Iterator[Any]:
    """The one Spark session of a test run, for tests marked `spark`: it takes seven seconds to start."""
    from springtide.analytics.engine.spark import spark_session as started

    folder = tmp_path_factory.mktemp("spark")
    small = {
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.warehouse.dir": str(folder),
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.extraJavaOptions": "-Duser.timezone=Asia/Shanghai",  # no answer may depend on where the machine stands
        "spark.log.level": "ERROR",
    }
    session = started("local[2]", memory="1g", **small)
    try:
        yield session
    finally:
        session.stop()


@pytest.fixture
def spark(spark_session, tmp_path) -> Iterator[Any]:
    """A Spark engine of the test's own, on the session that all share."""
    from springtide.analytics.engine.spark import SparkEngine

    engine = SparkEngine(spark_session, scratch=tmp_path / "spark")
    try:
        yield engine
    finally:
        engine.close()
