"""Killing the workers of a campaign at random moments, before a provider that accepts and does not say so: what is doubled, what is lost?

Campaigns with a reward whose budget ends before their users do run one after the other until enough workers were killed with SIGKILL,
each after a drawn time of its own CPU. The clock of the workers is ten times as fast as the wall's, so that what a dead worker held is
free again within seconds. The provider takes a message once by its key, as one does that honours keys; of one in fifty it takes, it
drops the connection without an answer.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psutil

from benchmarks.measuring import Bench, Limit, Result, Run
from benchmarks.postgresql import postgresql

USERS: Final = 20_000
KILLS: Final = 40
WORKERS: Final = {"SQLite": 1, "PostgreSQL": 3}
FASTER: Final = 10  # than the wall
LONGEST_S: Final = 1800
BEGAN: Final = time.time()

_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Survived:
    """What came of it. All but the first four must be nothing; `resends`: messages told to the provider more than once."""

    kills: int
    campaigns: int
    recipients: int
    resends: int
    decided_twice: int
    lost: int
    rewarded_twice: int
    overspent_usdt: int
    ledger_faults: tuple[str, ...]
    is_chain_broken: bool
    provider_doubles: int

    @property
    def faults(self) -> int:
        counted = self.decided_twice + self.lost + self.rewarded_twice + self.overspent_usdt + self.provider_doubles
        return counted + len(self.ledger_faults) + self.is_chain_broken


def campaign_kills(bench: Bench) -> list[Result]:
    """Campaigns under fire, on every database that is here."""
    users, results = bench.users or USERS, []
    with postgresql(bench.folder / "postgresql") as address:
        for database, url in {"SQLite": "", **({"PostgreSQL": address} if address else {})}.items():
            with bench.steps(f"killing workers, {database}", 1) as step:
                began = time.monotonic()
                told = in_a_process(bench.folder / f"chaos {database}", url, users, KILLS, bench.seed, WORKERS[database])
                step()
            results.append(
                Result(
                    part="campaign chaos",
                    what=f"workers killed, {database}",
                    size=f"{told.recipients:,} recipients",
                    ours=Run(0.0, time.monotonic() - began, 0.0),
                    note=f"{told.kills} kills, {told.resends:,} resends",
                    limits=(Limit("kills", told.kills, KILLS, at_least=True), Limit("faults", told.faults, 0)),
                )
            )
    return results


def in_a_process(folder: Path, url: str, users: int, kills: int, seed: int, workers: int) -> Survived:
    """`survive` in a process of its own: one process has one database."""
    with ProcessPoolExecutor(max_workers=1, mp_context=_SPAWN) as pool:
        return pool.submit(survive, str(folder), url, users, kills, seed, workers).result()


def survive(folder: str, url: str, users: int, kills: int, seed: int, workers: int) -> Survived:
    """Run campaigns over so many users until so many workers were killed, let them end, and look."""
    from benchmarks.addressed import addressed_home

    draw = random.Random(seed)
    _set_up(folder, url)
    addressed_home(Path(folder), users, threads=1)
    provider, port, told = _provider(seed)
    _settle_in(Path(folder), port)
    from springtide.desk.serve import prepare

    prepare(Path(folder))
    killed, campaigns, crew = 0, 0, [_Worker(folder, url, draw) for _ in range(workers)]
    began = time.monotonic()
    try:
        while True:
            if _is_quiet():
                if killed >= kills:
                    break
                campaigns += 1
                _launch(campaigns, users)
            for each in crew:
                killed += each.look(may_kill=killed < kills)
            if time.monotonic() - began > LONGEST_S:
                raise AssertionError(f"not at its end after {LONGEST_S} s: {killed} kills, {campaigns} campaigns")
            time.sleep(0.05)
    finally:
        for each in crew:
            each.stop()
        told.send("end")
        seen, again = told.recv() if told.poll(20) else (Counter(), 0)
        provider.kill()
        provider.join()
    return _looked(Path(folder), killed, campaigns, seen, again)


class _Worker:
    """One worker, killed after a drawn time of its CPU and started again."""

    def __init__(self, folder: str, url: str, draw: random.Random) -> None:
        self.given, self.draw = (folder, url), draw
        self.is_ready, self.from_s, self.dies_after_s = False, 0.0, 0.0
        self._start()

    def look(self, *, may_kill: bool) -> bool:
        """Kill it if its time has come: True when it was; who died by themselves is a fault."""
        if not self.is_ready:
            if self.told.poll():
                self.told.recv()
                self.is_ready, self.from_s = True, self._used()
            return False
        if not self.process.is_alive():
            raise AssertionError("a worker died that nobody killed")
        if not may_kill or self._used() - self.from_s < self.dies_after_s:
            return False
        self.process.kill()
        self.process.join()
        self._start()
        return True

    def stop(self) -> None:
        self.process.kill()
        self.process.join()

    def _start(self) -> None:
        here, there = _SPAWN.Pipe()
        self.told: Connection = here
        self.process: BaseProcess = _SPAWN.Process(target=_work, args=(*self.given, there), daemon=True)
        self.process.start()
        self.seen = psutil.Process(self.process.pid)
        self.is_ready, self.from_s = False, 0.0
        self.dies_after_s = self.draw.uniform(0.02, 1.0)

    def _used(self) -> float:
        try:
            times = self.seen.cpu_times()
        except psutil.Error:
            return self.from_s
        return float(times.user + times.system)


def _work(folder: str, url: str, told: Connection) -> None:
    """A worker as `springtide worker` is one, by a faster clock."""
    _set_up(folder, url)
    import django

    django.setup()
    from springtide.cycle.campaigns import Rounds
    from springtide.cycle.worker import handlers
    from springtide.home import Home
    from springtide.operations.campaigns import states
    from springtide.operations.jobs.worker import work_once

    states.BATCH = 1000  # type: ignore[misc]  # many transactions, and so many moments between them
    home = Home(Path(folder))
    rounds = Rounds(home, now=_fast)
    told.send("ready")
    while True:
        rounds()
        if not work_once(f"worker {os.getpid()}", handlers(home, rounds), now=_fast):
            time.sleep(0.02)


def _fast() -> datetime:
    """Now, by a clock that began with the machine's and is ten times as fast: the same for every worker."""
    from springtide.kernel import clock

    began = float(os.environ["SPRINGTIDE_CHAOS_BEGAN"])
    return clock.now() + timedelta(seconds=(time.time() - began) * (FASTER - 1))


def _set_up(folder: str, url: str) -> None:
    os.environ |= {"SPRINGTIDE_HOME": folder, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "springtide.desk.settings"}
    os.environ.setdefault("SPRINGTIDE_CHAOS_BEGAN", str(BEGAN))


def _settle_in(home: Path, port: int) -> None:
    """Where messages go, and no quiet hours: the fast clock would come into the night."""
    (home / "chaos.secret").write_text("whsec_" + "a2" * 22 + "ag==", encoding="utf-8")
    (home / "delivery.toml").write_text(
        f"""
allowed_hosts = ["127.0.0.1"]
private_networks = ["127.0.0.0/8"]
[connectors.push]
kind = "webhook"
channel = "push"
url = "http://127.0.0.1:{port}/messages"
secret = "file:{home / "chaos.secret"}"
""",
        encoding="utf-8",
    )
    policy = home / "definitions" / "campaign_policy" / "campaigns.yml"
    policy.parent.mkdir(parents=True)
    policy.write_text(
        'key: campaigns\nversion: 2\ntitle: Chaos\nquiet_hours: {from: "00:00", until: "00:00"}\n'
        "caps: {overall: null, classes: {promotional: {most: 100, days: 7}}}\n",
        encoding="utf-8",
    )


def _launch(number: int, users: int) -> None:
    """The next campaign: its budget is enough for six users in ten."""
    from benchmarks.decide import BODY, TEMPLATE, launched

    launched(f"chaos_{number}", {**BODY, "budget_usdt": max(users * 6, 10)}, TEMPLATE)


def _is_quiet() -> bool:
    """Nothing waits any more: no run, no message, no reward whose message has ended."""
    from springtide.operations.campaigns.models import Run
    from springtide.operations.delivery.models import Message
    from springtide.operations.jobs.models import Job
    from springtide.operations.rewards.models import Reward

    return not (
        Job.objects.filter(state__in=("ready", "leased")).exists()
        or Run.objects.exclude(state__in=("done", "stopped")).exists()
        or Message.objects.filter(state__in=("queued", "held", "sending")).exists()
        or Reward.objects.filter(state="reserved").exists()
    )


def _looked(folder: Path, killed: int, campaigns: int, seen: Counter[str], again: int) -> Survived:
    """Hold the lake, the database and the provider against each other."""
    from django.db.models import Count, Sum

    from springtide.home import Home
    from springtide.operations.campaigns.candidates import attach_decisions
    from springtide.operations.campaigns.models import Decision, Run
    from springtide.operations.delivery.models import Message
    from springtide.operations.members.reads import audit_chain
    from springtide.operations.rewards.models import Budget, Reward
    from springtide.operations.rewards.reads import ledger_state

    twice = lost = recipients = 0
    home = Home(folder)
    with home.engine() as engine:
        for run in Run.objects.all():
            attach_decisions(engine, home.lake.snapshot(), [run.pk], name="made")
            [[rows, users, due]] = engine.rows(
                "select count(*), count(distinct user_no), count(case when verdict = 'due' then 1 end) from made"
            ).values
            decided = Decision.objects.filter(run=run)
            recipients += users
            twice += rows - users + decided.count() - decided.values("user_no").distinct().count()
            lost += abs(run.audience - users) + abs(due - decided.count()) + (run.state != "done")
    sent = Decision.objects.filter(verdict="sent")
    keys = set(sent.values_list("key", flat=True))
    gone_out = set(Message.objects.filter(state="sent").values_list("key", flat=True))
    lost += len(keys ^ gone_out) + len(gone_out ^ set(seen))
    doubled = (
        Reward.objects.exclude(state="released").values("campaign", "person_id").annotate(times=Count("pk")).filter(times__gt=1)
    )
    rewarded_twice = doubled.count() + abs(
        Reward.objects.filter(state__in=("granted", "active", "consumed")).count() - len(keys)
    )
    given = Reward.objects.exclude(state="released").aggregate(all=Sum("amount_usdt"))["all"] or 0
    funded = sum(budget.funded_usdt for budget in Budget.objects.filter(parent=None))
    ledger = ledger_state()
    return Survived(
        kills=killed,
        campaigns=campaigns,
        recipients=recipients,
        resends=again,
        decided_twice=twice,
        lost=lost,
        rewarded_twice=rewarded_twice,
        overspent_usdt=max(given - funded, 0),
        ledger_faults=() if ledger.is_whole else tuple(map(str, ledger.faults)),
        is_chain_broken=not audit_chain().is_whole,
        provider_doubles=sum(times - 1 for times in seen.values()),
    )


def _provider(seed: int) -> tuple[BaseProcess, int, Connection]:
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_receive, args=(there, seed), daemon=True)
    process.start()
    return process, here.recv(), here


def _receive(told: Connection, seed: int) -> None:
    """A provider that honours keys: `seen` is what it did, by key; one in fifty new messages it takes and never answers."""
    import asyncio

    draw, seen, again = random.Random(seed), Counter[str](), [0]

    class Receiving(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport, self.has = transport, b""

        def data_received(self, data: bytes) -> None:
            self.has += data
            while (end := self.has.find(b"\r\n\r\n")) >= 0:
                lines = self.has[:end].decode("latin-1").split("\r\n")[1:]
                head = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
                whole = end + 4 + int(head["content-length"])
                if len(self.has) < whole:
                    return
                self.has = self.has[whole:]
                key = head["webhook-id"]
                if key in seen:
                    again[0] += 1
                else:
                    seen[key] += 1
                    if draw.random() < 0.02:
                        self.transport.abort()  # type: ignore[attr-defined]
                        return
                self.transport.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Receiving, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        while not await loop.run_in_executor(None, told.poll, 0.2):
            pass
        told.recv()
        told.send((seen, again[0]))
        await asyncio.sleep(30)

    asyncio.run(serve())


if __name__ == "__main__":
    count, deaths, drawn = (int(word) for word in sys.argv[1:4])
    with TemporaryDirectory() as scratch:
        print(
            json.dumps(
                asdict(in_a_process(Path(scratch) / "home", os.environ.get("DATABASE_URL", ""), count, deaths, drawn, 1))
            )
        )
