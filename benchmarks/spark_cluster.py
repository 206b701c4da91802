"""A standalone Spark cluster on loopback: a master and workers as processes of their own, from the jars that pyspark brings."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measuring import cpu_s_of
from springtide.kernel.errors import Fault, NothingYet

LOOPBACK = "127.0.0.1"
READY_WITHIN = 120.0  # seconds
LOOK = 0.1
# For small data on a small machine: a JVM that lives for minutes gains nothing from its slow, thorough compiler.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
DEFAULTS = f"""\
spark.driver.extraJavaOptions    {JAVA}
spark.driver.host                {LOOPBACK}
spark.executor.extraJavaOptions  {JAVA}
spark.executor.memory            768m
spark.sql.shuffle.partitions     2
"""


@dataclass(frozen=True)
class SparkCluster:
    """A cluster that answers at `address`; `settings` are the variables with which a program finds it; `pids`: the master, then workers."""

    address: str
    settings: Mapping[str, str]
    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        """The CPU seconds it has used, executors that ended among them."""
        return cpu_s_of(psutil.Process(pid) for pid in self.pids)


@contextmanager
def spark_cluster(folder: Path, *, workers: int = 2, memory: str = "1g") -> Iterator[SparkCluster]:
    """A master and workers of one core each, which write below `folder` only; all of them are gone afterwards.

    refuses    no_spark_here    pyspark or Java is not installed
    """
    found, java = importlib.util.find_spec("pyspark"), shutil.which("java")
    if found is None or found.origin is None or java is None:
        raise NothingYet("Spark cannot start here.", "Install Java 17 or later and pyspark.", code="no_spark_here")
    home = Path(found.origin).parent
    [core] = (home / "jars").glob("spark-core_*.jar")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spark-defaults.conf").write_text(DEFAULTS, encoding="utf-8")
    settings = {
        "SPARK_CONF_DIR": str(folder),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_SCALA_VERSION": core.name.split("_")[1].split("-")[0],  # else a worker looks for it in the folders of a build
    }

    def start(stack: ExitStack, name: str, role: str, *arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
        log = folder / f"{name}.log"
        command = [
            java,
            "-Xmx256m",
            *JAVA.split(),
            "-cp",
            f"{home / 'jars'}/*",
            f"org.apache.spark.deploy.{role}",
            "--host",
            LOOPBACK,
        ]
        with log.open("wb") as told:
            process = subprocess.Popen(
                [*command, "--webui-port", "0", *arguments], env=os.environ | settings, stdout=told, stderr=told
            )
        stack.callback(_stop, process)
        return process, log

    with ExitStack() as stack:
        master, log = start(stack, "master", "master.Master", "--port", "0")
        address = _told(master, log, r"Starting Spark master at (spark://\S+)")
        others = [
            start(
                stack, f"worker-{number}", "worker.Worker", "--cores", "1", "--memory", memory,
                "--work-dir", str(folder / f"worker-{number}"), address,
            )
            for number in range(1, workers + 1)
        ]  # fmt: skip
        for worker, log in others:
            _told(worker, log, r"Successfully registered with master (\S+)")
        yield SparkCluster(address, settings, (master.pid, *(worker.pid for worker, _ in others)))


def _told(process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    """What a process says in its log once it is ready."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(pattern, log.read_text(encoding="utf-8", errors="replace")):
            return found[1]
        time.sleep(LOOK)
    raise Fault(f"Spark did not start: {log.read_text(encoding='utf-8', errors='replace')[-500:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
