"""Workers are killed at random moments while a gateway sometimes takes a message and never says so.

With keys: nothing is lost, and the gateway sees no message twice but under its own key. Without keys: nothing is sent twice, and what
nobody knows is `unknown`.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from springtide.operations.definitions.actions import publish_definition
from springtide.operations.delivery.actions import put
from springtide.operations.delivery.models import Message
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import WELCOME, message

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).with_name("dispatch_worker.py")
KEYED, UNKEYED, KILLS, WORKERS = 300, 30, 6, 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_six_kills_lose_nothing_and_send_nothing_twice_but_under_its_key(database_for_two, gateway, seed):
    chance, began = random.Random(seed), datetime.now(UTC)
    publish_definition("message_template", "welcome", title="Welcome", body=WELCOME, acting=None, now=NOON)
    put([message(n) for n in range(KEYED)], now=began)
    put([message(n, channel="sms") for n in range(KEYED, KEYED + UNKEYED)], now=began)
    gateway.says = [None if chance.random() < 0.01 else (204, b"") for _ in range(KEYED)]
    kept = {name: connection.settings_dict[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    command = [sys.executable, str(WORKER), json.dumps(kept, default=str), gateway.url, began.isoformat()]

    def start():
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n", process.communicate()[1]
        return process

    workers = [start() for _ in range(WORKERS)]
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.02, 0.2))
            place = chance.randrange(WORKERS)
            os.kill(workers[place].pid, signal.SIGKILL)
            workers[place].communicate()
            workers[place] = start()
        until = time.monotonic() + 60
        while Message.objects.filter(ended_at=None).exists() and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()

    calls = Counter(gateway.keys)
    keyed, unkeyed = (Message.objects.filter(channel=channel) for channel in ("push", "sms"))
    assert Counter(keyed.values_list("state", flat=True)) == {"sent": KEYED}
    assert {each.key for each in keyed} <= calls.keys()
    resent = sum(calls[each.key] - 1 for each in keyed)
    assert resent <= sum(each.tries + each.resends for each in keyed)  # every second call is counted and shown
    states = Counter(unkeyed.values_list("state", flat=True))
    assert set(states) <= {"sent", "unknown"}
    assert states["unknown"] <= KILLS + gateway.says.count(None) + 20
    assert all(calls[each.key] == 1 for each in unkeyed.filter(state="sent"))
    assert all(calls[each.key] <= 1 for each in unkeyed.filter(state="unknown"))
