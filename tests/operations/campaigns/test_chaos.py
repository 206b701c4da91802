"""The short form of the chaos benchmark: workers of a campaign killed at random, before a provider that accepts and does not say so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="`./run bench --chaos` does it there, with three workers")
def test_workers_killed_at_random_lose_nobody_and_double_nothing():
    command = [sys.executable, "-m", "benchmarks.campaign_chaos", "200", "3", "7"]
    ran = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["kills"] >= 3
    assert told["recipients"] >= 200
    faults = (
        "decided_twice",
        "lost",
        "rewarded_twice",
        "overspent_usdt",
        "ledger_faults",
        "is_chain_broken",
        "provider_doubles",
    )
    assert not any(told[name] for name in faults), told
