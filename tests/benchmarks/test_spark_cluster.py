"""A standalone Spark cluster starts, answers, and nothing of it runs on afterwards."""

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


ASK = """
import sys
from pathlib import Path
from springtide.analytics.engine.spark import spark_engine
with spark_engine(sys.argv[1], scratch=Path(sys.argv[2])) as engine:
    print(engine.rows("select count(*) as days from (select 1 as day union all select 2) as d").scalar())
"""


@pytest.mark.spark
@pytest.mark.slow
def test_a_cluster_answers_and_leaves_no_process(tmp_path):
    """The whole close on one takes minutes, since Spark plans every step of it anew: `./run bench --spark` compares its rows."""
    with spark_cluster(tmp_path / "cluster") as cluster:
        assert [psutil.pid_exists(pid) for pid in cluster.pids] == [True] * 3
        command = [sys.executable, "-c", ASK, cluster.address, str(tmp_path / "spill")]
        told = subprocess.run(command, env=os.environ | cluster.settings, capture_output=True, text=True, timeout=300)

    assert told.stdout.strip() == "2", told.stderr[-2000:]
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
