"""Reading a question: from the JSON form to frozen values, refusing what it cannot mean.

A kind of question declares its keys as data; a `Form` reads them one by one and refuses what is left over, so that a misspelt
key is never silently ignored. Dates are local to the question's zone; a bare date as `date_to` means its last instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from springtide.analytics.metrics.questions.calendar import GRAINS, Calendar, Grain, WeekStart
from springtide.kernel.days import zone
from springtide.kernel.errors import BadInput, UnknownName, suggest

EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
MOST_NAMES = 100  # events of one matcher, values of one condition
MOST_CONDITIONS = 20
MOST_GROUPS = 1000  # values that a breakdown tells apart
GROUPS = 25  # and tells apart when nothing else is said

Op = Literal["eq", "neq", "in", "is_set", "contains"]
Scope = Literal["event", "user"]
OPS: tuple[Op, ...] = get_args(Op)
SCOPES: tuple[Scope, ...] = get_args(Scope)
_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True)
class Key:
    """A key of a question or of its answer: its name, what it holds, and what it is when it is left out."""

    name: str
    about: str
    default: str = ""


@dataclass(frozen=True)
class Prop:
    """A property of an event or of its user. `activity@start` is the stratum on the day of the event."""

    name: str
    scope: Scope = "event"


@dataclass(frozen=True)
class Where:
    """A condition: values are compared by their texts, so that 5, 5.0 and "5" are alike. `neq` holds where nothing is set."""

    prop: Prop
    op: Op
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matcher:
    """The events of these names (null: of any) that meet every condition."""

    events: tuple[str, ...] | None = None
    where: tuple[Where, ...] = ()


@dataclass(frozen=True)
class Breakdown:
    """Split by the value of a property; values beyond the `limit` largest are pooled in `$other`."""

    prop: Prop
    limit: int = GROUPS


@dataclass(frozen=True)
class Span:
    """Local times, from and up to; null: open. Events outside do not exist for the question."""

    since: datetime | None = None
    until: datetime | None = None


ANYTHING = Matcher()
EVERYTHING = Span()


def as_text(value: Any) -> str | None:
    """The text by which a property is compared and named: whole numbers without a point, yes and no as true and false."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class Form:
    """One question, or one object inside it, being read. `end` refuses the keys that nobody asked for."""

    def __init__(self, given: Any, *, at: str = "The question") -> None:
        if not isinstance(given, Mapping):
            raise BadInput(f"{at} is {_seen(given)}.", "Give a JSON object.", code="not_an_object")
        self.given: Mapping[str, Any] = given
        self.at = at
        self.read: set[str] = {"kind"}

    def take(self, key: str, default: Any = None) -> Any:
        """The value of `key`; null counts as left out."""
        self.read.add(key)
        value = self.given.get(key)
        return default if value is None else value

    def has(self, key: str) -> bool:
        return self.given.get(key) is not None

    def end(self) -> None:
        """refuses    unknown_key    there is a key that nobody asked for"""
        for key in self.given:
            if key not in self.read:
                raise UnknownName(f"{self.at} has an unknown key '{key}'.", suggest(str(key), self.read), code="unknown_key")

    def need(self, key: str) -> Any:
        value = self.take(key)
        if value is None:
            raise BadInput(f"{self.at} has no '{key}'.", f"It needs: {key}.", code="missing_key")
        return value

    # plain values

    def choice(self, key: str, allowed: Sequence[_Word], default: _Word) -> _Word:
        seen = self.take(key, default)
        for word in allowed:
            if word == seen:
                return word
        raise UnknownName(f"'{key}' is {_seen(seen)}.", suggest(str(seen), allowed), code="unknown_choice")

    def choices(self, key: str, allowed: Sequence[_Word]) -> tuple[_Word, ...]:
        seen = self.list(key)
        one = Form({str(number): word for number, word in enumerate(seen)}, at=f"'{key}'")
        return tuple(one.choice(str(number), allowed, allowed[0]) for number in range(len(seen)))

    def whole(self, key: str, default: int | None = None, *, least: int, most: int) -> int:
        seen = self.take(key, default)
        if seen is None:
            raise BadInput(f"{self.at} has no '{key}'.", f"Give a whole number from {least} to {most}.", code="missing_key")
        if isinstance(seen, bool) or not isinstance(seen, int) or not least <= seen <= most:
            raise BadInput(f"'{key}' is {_seen(seen)}.", f"Give a whole number from {least} to {most}.", code="bad_number")
        return seen

    def number(self, key: str, default: float | None = None) -> float | None:
        seen = self.take(key, default)
        if seen is not None and (isinstance(seen, bool) or not isinstance(seen, int | float)):
            raise BadInput(f"'{key}' is {_seen(seen)}.", "Give a number.", code="bad_number")
        return None if seen is None else seen

    def flag(self, key: str, default: bool = False) -> bool:
        seen = self.take(key, default)
        if not isinstance(seen, bool):
            raise BadInput(f"'{key}' is {_seen(seen)}.", "Give true or false.", code="bad_flag")
        return seen

    def text(self, key: str, default: str | None = None) -> str | None:
        seen = self.take(key, default)
        if seen is not None and not isinstance(seen, str):
            raise BadInput(f"'{key}' is {_seen(seen)}.", "Give a text.", code="bad_text")
        return None if seen is None else seen

    def list(self, key: str, *, least: int = 0, most: int = MOST_NAMES) -> list[Any]:
        seen = self.take(key, [])
        if not isinstance(seen, list | tuple) or not least <= len(seen) <= most:
            size = f"a list of {len(seen)}" if isinstance(seen, list | tuple) else _seen(seen)
            raise BadInput(f"'{key}' is {size}.", f"Give a list of {least} to {most}.", code="bad_list")
        return list(seen)

    def form(self, key: str) -> Form | None:
        """The object under `key`, to be read the same way; null when there is none."""
        self.read.add(key)
        return Form(self.take(key), at=f"'{key}'") if self.has(key) else None

    # events and properties

    def matcher(self, key: str, default: Matcher | None = None) -> Matcher:
        if not self.has(key):
            self.read.add(key)
            if default is None:
                self.need(key)
            return default or ANYTHING
        return matcher(self.take(key), at=f"'{key}'")

    def prop(self, key: str = "prop", scope: Scope | None = None) -> Prop:
        """The property that `key` names, with the `scope` beside it."""
        name = self.text(key)
        if not name:
            raise BadInput(f"{self.at} has no '{key}'.", "Name a property.", code="missing_key")
        return Prop(name, scope or self.choice("scope", SCOPES, "event"))

    def breakdown(self) -> Breakdown | None:
        """`breakdown {prop, scope, limit}`."""
        inner = self.form("breakdown")
        if inner is None:
            return None
        found = Breakdown(inner.prop(), inner.whole("limit", GROUPS, least=1, most=MOST_GROUPS))
        inner.end()
        return found

    # time

    def calendar(self, *, reporting_zone: ZoneInfo, grain: Grain = "day", allowed: Sequence[Grain] = GRAINS) -> Calendar:
        """`tz`, `week_start` and `period`."""
        period = self.choice("period", allowed, grain)
        week_start: WeekStart = self.choice("week_start", get_args(WeekStart), "monday")
        return Calendar(self.zone(reporting_zone), period, week_start)

    def zone(self, reporting_zone: ZoneInfo) -> ZoneInfo:
        name = self.text("tz")
        return zone(name) if name else reporting_zone

    def moment(self, key: str, *, is_end: bool = False) -> datetime | None:
        """A local date or time; as an end, the first instant that no longer counts."""
        seen = self.take(key)
        if seen is None:
            return None
        found = _moment(seen)
        if found is None:
            raise BadInput(f"'{key}' is {_seen(seen)}.", "Write it as 2026-03-01 or 2026-03-01T12:30:00.", code="bad_date")
        moment, is_day = found
        if not EARLIEST <= moment.date() <= LATEST:
            raise BadInput(f"'{key}' is {seen}.", f"Dates lie between {EARLIEST} and {LATEST}.", code="date_out_of_range")
        if not is_end:
            return moment
        return moment + (timedelta(days=1) if is_day else timedelta(microseconds=1))

    def day(self, key: str) -> date:
        """A day that must be given."""
        self.need(key)
        moment = self.moment(key)
        assert moment is not None
        return moment.date()

    def days(self, key: str, *, most: int = 10_000) -> tuple[date, ...]:
        listed = Form({str(n): day for n, day in enumerate(self.list(key, least=1, most=most))}, at=f"'{key}'")
        return tuple(listed.day(str(n)) for n in range(len(listed.given)))

    def span(self) -> Span:
        """`date_from` and `date_to`.

        refuses    empty_range    the end lies before the beginning
        """
        since, until = self.moment("date_from"), self.moment("date_to", is_end=True)
        if since and until and until <= since:
            raise empty_range(self.given["date_from"], self.given["date_to"])
        return Span(since, until)

    def opens(self, **most: int) -> dict[str, int] | None:
        """`open`, a cell named by whole numbers: key → the number of its places, counted from 0; null when nothing is opened."""
        inner = self.form("open")
        if inner is None:
            return None
        found = {key: inner.whole(key, least=0, most=places - 1) for key, places in most.items()}
        inner.end()
        return found


def matcher(given: Any, *, at: str = "The matcher") -> Matcher:
    """A matcher from its JSON form; a bare name is short for `{"event": name}`."""
    if isinstance(given, str):
        return Matcher((given,))
    form = Form(given, at=at)
    found = read_matcher(form)
    form.end()
    return found


def read_matcher(form: Form) -> Matcher:
    """`event` and `where` of an object that may hold more keys."""
    seen = form.take("event")
    names = [seen] if isinstance(seen, str) else seen
    if names is not None and not (
        isinstance(names, list | tuple) and 0 < len(names) <= MOST_NAMES and all(isinstance(name, str) for name in names)
    ):
        raise BadInput(f"'event' is {_seen(seen)}.", "Give a name, a list of names, or null for any event.", code="bad_event")
    conditions = form.list("where", most=MOST_CONDITIONS)
    return Matcher(None if names is None else tuple(dict.fromkeys(names)), tuple(map(_where, conditions)))


def _where(given: Any) -> Where:
    form = Form(given, at="The condition")
    prop, op = form.prop(), form.choice("op", OPS, "eq")
    value = form.take("value")
    form.end()
    if op == "is_set":
        return Where(prop, op, () if value in (None, True, "true") else ("false",))
    values = value if op == "in" else [value]
    if (
        not isinstance(values, list | tuple)
        or not 0 < len(values) <= MOST_NAMES
        or any(one is None or isinstance(one, list | tuple | Mapping) for one in values)
    ):
        wanted = f"a list of 1 to {MOST_NAMES} values" if op == "in" else "a value"
        raise BadInput(
            f"The condition on '{prop.name}' has the value {_seen(value)}.", f"'{op}' needs {wanted}.", code="bad_value"
        )
    return Where(prop, op, tuple(str(as_text(one)) for one in values))


def empty_range(seen_from: Any, seen_to: Any) -> BadInput:
    return BadInput(f"The range from {seen_from} to {seen_to} is empty.", "Give the earlier day first.", code="empty_range")


def _moment(seen: Any) -> tuple[datetime, bool] | None:
    if isinstance(seen, datetime):
        return seen, False
    if isinstance(seen, date):
        return datetime(seen.year, seen.month, seen.day), True
    if not isinstance(seen, str):
        return None
    try:
        return datetime.fromisoformat(seen), len(seen) <= 10
    except ValueError:
        return None


def _seen(value: Any) -> str:
    """What was seen, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
