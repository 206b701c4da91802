"""Every test of this folder again, on a real PostgreSQL server that is started for it and thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def server(tmp_path_factory):
    """The address of a fresh server that listens on a socket only. It will not run as root, so root gives it to `postgres`."""
    if not BINARIES:
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("pg", numbered=True)
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        for part in (folder, *folder.parents):
            if part.is_relative_to(tmp_path_factory.getbasetemp().parent):
                part.chmod(part.stat().st_mode | 0o011)
        shutil.chown(folder, user)

    def run(name, *arguments):
        subprocess.run([BINARIES[-1] / name, *arguments], user=user, check=True, capture_output=True, timeout=60, cwd=folder)

    data = folder / "data"
    run("initdb", "-D", data, "-A", "trust", "-U", "springtide", "--no-sync", "-E", "UTF8")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
    run("pg_ctl", "-D", data, "-w", "-o", settings, "-l", folder / "log", "start")
    yield f"postgresql://springtide@/postgres?host={folder}"
    run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.mark.postgres
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="runs there already")
def test_every_action_does_the_same_on_postgresql(server):
    pytest.importorskip("psycopg")
    command = [sys.executable, "-m", "pytest", str(HERE), "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ran = subprocess.run(
        command, env={**os.environ, "DATABASE_URL": server}, cwd=HERE.parents[1], capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout
