"""A PostgreSQL server of a benchmark's own, as it is installed: on a socket, durable, and thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of a server for DATABASE_URL; empty where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        yield ""
        return
    as_user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    folder.mkdir()
    if as_user:
        for each in (folder, folder.parent):
            shutil.chown(each, as_user)

    def run(name: str, *arguments: str) -> None:
        command = [str(programs[-1].with_name(name)), "-D", f"{folder}/data", *arguments]
        subprocess.run(command, user=as_user, check=True, capture_output=True, timeout=60, cwd=folder)

    run("initdb", "-A", "trust", "-U", "springtide", "-E", "UTF8")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=50"
    run("pg_ctl", "-w", "-o", settings, "-l", f"{folder}/log", "start")
    try:
        yield f"postgresql://springtide@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-w", "-m", "immediate", "stop")
