"""A close on a standalone Spark cluster leaves what DuckDB leaves, and nothing runs on afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import psutil
import pytest

from benchmarks.engines import same_lakes
from benchmarks.spark_cluster import spark_cluster
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.errors import Fault
from springtide.simulator import simulate

LAST_DAY = date(2025, 12, 31)
SPRINGTIDE = Path(sys.executable).with_name("springtide")


@pytest.fixture
def homes(tmp_path):
    """Two homes with the same facts of two days."""
    simulate(users=60, days=2, seed=1, out=tmp_path / "made-up", through=LAST_DAY)
    Home.create(tmp_path / "duck").import_path(tmp_path / "made-up" / "exchange", now=clock.now())
    shutil.copytree(tmp_path / "duck", tmp_path / "spark")
    return Home(tmp_path / "duck"), Home(tmp_path / "spark")


@pytest.mark.spark
@pytest.mark.slow
def test_a_close_on_a_cluster_leaves_the_rows_that_duckdb_leaves_and_no_process(homes, tmp_path):
    on_duckdb, on_spark = homes
    on_duckdb.close(now=clock.now())
    with spark_cluster(tmp_path / "cluster") as cluster:
        assert [psutil.pid_exists(pid) for pid in cluster.pids] == [True] * 3
        command = [SPRINGTIDE, "--home", on_spark.path, "close", "--spark", cluster.address, "--json"]
        told = subprocess.run(command, env=os.environ | cluster.settings, capture_output=True, text=True, timeout=600)

    assert told.returncode == 0, told.stderr[-2000:]
    assert json.loads(told.stdout)["days"] == ["2025-12-30", "2025-12-31"]
    assert same_lakes(on_duckdb.lake.snapshot(), on_spark.lake.snapshot()) > 1000
    assert list((on_spark.path / "lake" / "spill").iterdir()) == []
    left = [one for one in psutil.process_iter() if str(tmp_path) in " ".join(_command(one))]
    assert [*filter(psutil.pid_exists, cluster.pids), *left] == []


@pytest.mark.spark
@pytest.mark.slow
def test_an_address_that_is_none_is_refused(homes):
    command = [SPRINGTIDE, "--home", homes[0].path, "close", "--spark", "sparkle://nowhere", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=300)

    assert told.returncode == 2
    assert json.loads(told.stdout)["error"]["code"] == "spark_refused"


def test_two_lakes_that_hold_other_rows_are_told_apart(homes):
    one, other = homes
    one.close(now=clock.now())
    with pytest.raises(Fault, match="did not close the same days"):
        same_lakes(one.lake.snapshot(), other.lake.snapshot())


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
