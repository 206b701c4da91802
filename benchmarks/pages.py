"""Pages of the console over a million users, asked as a browser asks them: what the server takes, from the address to the last byte."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.close import MEMORY
from benchmarks.exchange import NOW, Size, write_exchange
from benchmarks.measuring import Bench, Limit, Prepared, Result, Run, in_child, middle
from springtide.home import Home
from springtide.kernel.errors import Fault

if TYPE_CHECKING:
    from django.test import Client

USERS = 1_000_000
HISTORY_DAYS = 100
MOST_S = 1.0
MAP = "/overview/map/"
CHARTS = (
    "/",
    MAP,
    "/overview/growth/",
    "/overview/moves/?since=1",
    "/overview/strata/",
)  # the Overview, and four pictures on it
A_LIST = re.compile(r'href="(/users/list/\?[^"]+)"')


def pages(bench: Bench) -> list[Result]:
    """The Overview with four charts, and the users behind a cell of its map. Answers about a closed day are kept: whoever asks first
    after a close waits for them, and nobody after that."""
    size = Size(bench.users or USERS, HISTORY_DAYS, seed=bench.seed, is_sparse=True)
    root = bench.folder / f"pages-{size.users}"
    with bench.steps(f"closing an exchange of {size.users:,} users", 1) as step:
        in_child(_closed, root, size)
        step()
    first, again, users = (
        _runs(bench, "the Overview, asked first", _charts, root, False),
        _runs(bench, "the Overview, asked again", _charts, root, True),
        _runs(bench, "the users behind a cell", _users, root),
    )
    shutil.rmtree(root)
    return [
        _result("the Overview with four charts, asked first after a close", size, first),
        _result("the same, asked again", size, again),
        _result("users behind a cell, the first page", size, users),
    ]


def _runs(bench: Bench, what: str, prepare: Callable[..., Prepared], *args: object) -> Run:
    with bench.steps(what, bench.repeats) as step:
        runs = []
        for _ in range(bench.repeats):
            runs.append(in_child(prepare, *args))
            step()
    return middle(runs)


def _result(what: str, size: Size, run: Run) -> Result:
    return Result("pages", what, f"{size.users:,} users", run, limits=(Limit("wall s", run.wall_s, MOST_S),))


def _closed(root: Path, size: Size) -> Prepared:
    def run() -> None:
        home = Home.create(root)
        write_exchange(home.lake.root, size, memory_limit=MEMORY)
        home.close(now=NOW)

    return run


def _charts(root: Path, was_asked: bool) -> Prepared:
    client = _signed_in(root)
    if was_asked:
        _ask(client, CHARTS)
    return lambda: _ask(client, CHARTS)


def _users(root: Path) -> Prepared:
    client = _signed_in(root)
    cells = A_LIST.findall(client.get(MAP).content.decode())
    address = unescape(cells[len(cells) // 2])
    return lambda: _ask(client, [address])


def _signed_in(root: Path) -> Client:
    """A manager's browser before a console that has just been started."""
    from springtide.desk import serve

    serve.prepare(root)
    serve.founder(root)
    from django.test import Client

    from springtide.operations.members.models import Member

    client = Client(HTTP_HOST="localhost")
    client.force_login(Member.objects.get())
    _ask(client, ["/account/"])
    return client


def _ask(client: Client, addresses: Sequence[str]) -> None:
    for address in addresses:
        answer = client.get(address)
        if answer.status_code != 200:
            raise Fault(f"{address} answers {answer.status_code}.")
