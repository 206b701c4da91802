"""Every test of this folder again, on a real PostgreSQL server that is started for it and thrown away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.postgres
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="runs there already")
def test_every_action_does_the_same_on_postgresql(postgres_server):
    pytest.importorskip("psycopg")
    command = [sys.executable, "-m", "pytest", str(HERE), "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ran = subprocess.run(
        command,
        env={**os.environ, "DATABASE_URL": postgres_server},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout
