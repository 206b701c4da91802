"""The moves a job may make, and how long it waits after a failure. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MOVES: Final = {
    ("ready", "lease", "leased"),  # from, move, to
    ("leased", "lease", "leased"),  # the lease ran out: its worker died or hung, and another takes over
    ("leased", "finish", "done"),
    ("leased", "fail", "ready"),  # again, after a wait
    ("leased", "bury", "dead"),  # no tries left, or trying again cannot help
    ("dead", "revive", "ready"),
}
STATES: Final = ("ready", "leased", "done", "dead")
OPEN: Final = ("ready", "leased")

LEASE: Final = timedelta(seconds=60)
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=1)
TRIES: Final = 4


def wait_after(tries: int) -> timedelta:
    """How long a job waits after its n-th failed try: ten seconds, then doubling, an hour at most."""
    return min(FIRST_WAIT * 2.0 ** min(tries - 1, 20), LONGEST_WAIT)
