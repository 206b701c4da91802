"""Dispatching: messages from the outbox to a webhook on loopback and their outcomes back, one by one and in batches of a hundred.

The receiver runs in a process of its own and answers 204 to whatever comes, as fast as it can; so what is measured is ours: leasing,
the checks before sending, rendering, signing, the call, and storing what came of it. On PostgreSQL two threads send.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import threading
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final

from benchmarks.measuring import Bench, Limit, Prepared, Result, Run, in_child, middle
from benchmarks.postgresql import postgresql

MESSAGES: Final = {1: 20_000, 100: 60_000}  # letters a call → messages that are sent
FASTER_THAN: Final = {("SQLite", 1): 3_000, ("PostgreSQL", 1): 4_000, ("SQLite", 100): 30_000, ("PostgreSQL", 100): 30_000}
BODY: Final = {
    "texts": {"en": {"subject": "{{ name }}, your bonus", "text": "Your bonus of {{ amount }} USDT waits until {{ until }}."}},
    "fallback": "en",
    "variables": {"name": {"default": "there"}, "amount": {}, "until": {}},
}


def dispatch(bench: Bench) -> list[Result]:
    """Messages a second, on every database that is here."""
    results = []
    with postgresql(bench.folder / "postgresql") as address:
        for database, url in {"SQLite": "", **({"PostgreSQL": address} if address else {})}.items():
            for batch, most in MESSAGES.items():
                count = bench.users or most
                runs = []
                with bench.steps(f"dispatch, {database}", bench.repeats) as step:
                    for n in range(bench.repeats):
                        home = bench.folder / f"{database}-{batch}-{n}"
                        runs.append(in_child(_prepared, str(home), url, count, batch))
                        step()
                results.append(_result(database, batch, count, middle(runs)))
    return results


def _result(database: str, batch: int, count: int, run: Run) -> Result:
    per_second = Limit("messages/s", count / run.wall_s, FASTER_THAN[database, batch], at_least=True)
    return Result(
        part="dispatch",
        what=f"send, {database}, {'one a call' if batch == 1 else f'{batch} a call'}",
        size=f"{count:,} messages",
        ours=run,
        note=f"{run.value['calls']:,} calls",
        limits=(per_second,),
    )


def _prepared(home: str, url: str, count: int, batch: int) -> Prepared:
    os.environ |= {"SPRINGTIDE_HOME": home, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "springtide.desk.settings"}
    from pathlib import Path

    from springtide.desk.serve import prepare
    from springtide.home import Home

    Home.create(Path(home))
    prepare(Path(home))
    from django.db import connection

    from springtide.kernel import clock
    from springtide.operations.definitions.actions import publish_definition
    from springtide.operations.delivery.actions import NewMessage, put
    from springtide.operations.delivery.connectors.webhook import CONNECTIONS, Webhook
    from springtide.operations.delivery.dispatching import dispatch as dispatched
    from springtide.operations.delivery.models import Message
    from springtide.operations.delivery.posting import Poster, Reach

    now = clock.now()
    if not Message.objects.exists():
        publish_definition("message_template", "bonus", title="Bonus", body=BODY, acting=None, now=now)
    Message.objects.all().delete()

    def message(n: int) -> NewMessage:
        values = {"name": f"User {n}", "amount": "25", "until": "1 April"}
        return NewMessage(f"run1-{n}", f"user{n}", "push", "promotional", "bonus", "en", values, now, "spring", "1")

    put(map(message, range(count)), now=now)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    workers = 2 if url else 1  # on SQLite only one may write
    receiver = _receiver()
    port = next(receiver)
    loopback = Reach(("127.0.0.1",), (ipaddress.ip_network("127.0.0.0/8"),))

    def live(messages: Sequence[Any]) -> Mapping[str, Any]:
        return {}

    def work(_: int) -> Counter[str]:
        poster = Poster(loopback, f"http://127.0.0.1:{port}/messages", at_once=CONNECTIONS)
        connector = Webhook("push", "push", poster, b"k" * 32, batch=batch)
        try:
            return dispatched([connector], live=live, now=clock.now, stop=threading.Event()).counts
        finally:
            poster.close()
            connection.close()

    def send() -> dict[str, int]:
        with ThreadPoolExecutor(workers) as pool:
            counts = sum(pool.map(work, range(workers)), Counter[str]())
        if counts != {"sent": count} or Message.objects.filter(state="sent").count() != count:
            raise AssertionError(f"{counts} of {count:,} messages")
        receiver.close()
        return {"calls": -(-count // batch)}

    return send


def _receiver() -> Generator[int]:
    """The port of a receiver in a process of its own; closed, it ends."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_receive, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


class _Receiving(asyncio.Protocol):
    """Just enough of HTTP: answers 204 whenever a whole request has come."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.wants, self.has = transport, 0, b""

    def data_received(self, data: bytes) -> None:
        self.has += data
        while (end := self.has.find(b"\r\n\r\n")) >= 0:
            head = self.has[:end].lower()
            at = head.index(b"content-length:") + 15
            whole = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
            if len(self.has) < whole:
                return
            self.has = self.has[whole:]
            self.transport.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]


def _receive(told: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Receiving, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
