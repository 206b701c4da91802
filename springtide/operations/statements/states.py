"""The moves a run may make, and how much of the machine statements may take. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

MOVES: Final = {
    ("running", "finish", "done"),  # from, move, to
    ("running", "refuse", "refused"),  # it could not run, or was stopped
    ("running", "lose", "lost"),  # the server went down under it
}
STATES: Final = ("running", "done", "refused", "lost")

AT_ONCE: Final = 2  # statements of one member
AT_ONCE_OF_ALL: Final = 6
LOST_AFTER: Final = timedelta(minutes=5)  # no statement is let run so long: whoever was to end it is gone
ANSWERS_KEPT_FOR: Final = timedelta(hours=24)
LONGEST_KEPT: Final = 20_000  # characters of a statement that are recorded; a longer one is not read either
