"""What a kind of question is: how it is read, how it is answered, and what its keys mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from springtide.analytics.metrics.questions.form import Form, Key
from springtide.analytics.metrics.questions.stream import Stream

Q = TypeVar("Q")


@dataclass(frozen=True)
class Kind(Generic[Q]):
    """A kind of question.

    asks       the question in words
    keys       the keys of the question, `kind` aside: what `read` takes, in the order of the reference page
    tells      the keys of the answer
    read       the form → the question, frozen; it takes every key, and refuses what it cannot mean
    answer     the question over a stream → the keys of the answer, as JSON takes them
    """

    name: str
    asks: str
    keys: tuple[Key, ...]
    tells: tuple[Key, ...]
    read: Callable[[Form, Stream], Q]
    answer: Callable[[Q, Stream], dict[str, Any]]


# Keys that several kinds share.
TZ = Key("tz", "IANA time zone of days, weeks and months", "the reporting zone; UTC over a file of events")
WEEK_START = Key("week_start", "`monday` or `sunday`", "`monday`")
PERIOD = Key("period", "`hour`, `day`, `week` or `month`: calendar periods in `tz`", "`day`")
DATE_FROM = Key("date_from", "first local day or time", "from the beginning")
DATE_TO = Key("date_to", "last local day (to its last instant) or time (inclusive)", "to the end")
ACTIVITY = Key("activity", "matcher of the events that count as activity", "any event")
BREAKDOWN = Key("breakdown", "`{prop, scope, limit}`: split by a property; beyond the `limit` largest in `$other`", "no split")
OPEN = Key("open", "names one cell of the answer; its users are told beside it as `opened`", "nothing is opened")
OPENED = Key("opened", "`{users, user_nos}` of the cell that `open` names; as many as the cell counts")
