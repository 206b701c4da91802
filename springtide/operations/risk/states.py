"""What flags, cases and decisions can be. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from springtide.analytics.foresight.tables import RESTRICTIONS

FLAGS: Final = tuple(RESTRICTIONS)  # a live flag is a restriction that does not wait for the next close
MOST_FLAGS: Final = 10_000  # in one go

CASE_MOVES: Final = {
    ("open", "decide", "decided"),  # from, move, to
    ("open", "withdraw", "withdrawn"),  # an appeal, by who filed it
}
CASE_STATES: Final = ("open", "decided", "withdrawn")
CASE_KINDS: Final = ("review", "appeal")
SAYS: Final = ("clear", "deny")
STANDS_FOR: Final = timedelta(days=90)  # a decision, unless it says otherwise; then the gates speak again
LONGEST: Final = timedelta(days=366)
LONGEST_TEXT: Final = 2000
MOST_IN_A_CASE: Final = 1000  # users of one cluster: a larger one is no evidence
