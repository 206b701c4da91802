"""The words that segments have beside columns: what a user did, and where a user belongs.

    times('traded_spot', days => 30) >= 3                                 in the last 30 days, the as-of day with them
    times('deposited', since => '2026-01-01', until => '2026-03-31') = 0  on the days between, both included
    then_not('deposited', 'traded_spot', within_days => 7, days => 90)    deposited, and did not trade from then to the end of the
                                                                          seventh day after; only once that day is over
    segment('vips')   in_list('spring_calls')   tagged('friend')   suppressed('no_calls')

Each word is a column that the pass over users finds beside the profile. What a profile counts already is taken from there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlglot import exp

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.rules import BadRule
from springtide.analytics.rules.terms import Word, plain
from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput, UnknownName, suggest
from springtide.kernel.ids import content_hash

LONGEST_DAYS: Final = 3660

# Event → the count and the last time of it in user_days, and a profile column that needs the same of the exchange.
COUNTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "traded_spot": ("spot_trades", "last_spot_at", "spot_trades_30d"),
    "traded_contracts": ("contract_trades", "last_contract_at", "contract_trades_30d"),
    "deposited": ("deposits", "last_deposit_at", "deposit_30d_usdt"),
    "withdrew": ("withdrawals", "last_withdrawal_at", "withdrawal_30d_usdt"),
    "liquidated": ("liquidations", "last_liquidation_at", "liquidations_30d"),
    "session": ("sessions", "last_session_at", "sessions_30d"),
}
# Event → its day and time in users, and the profile column as above. Once in a life, so nobody asks how often.
ONCE: Final[Mapping[str, tuple[str, str, str]]] = {
    "registered": ("registered_on", "registered_at", "registered_on"),
    "kyc_passed": ("kyc_passed_on", "kyc_passed_at", "kyc_passed_on"),
}
REWARDED: Final = "rewarded"  # one grant in reward_entries
EVENTS: Final = (*COUNTED, *ONCE, REWARDED)  # any other name is one in the table events

LISTS: Final = {"in_list": "list", "tagged": "tag", "suppressed": "suppression"}  # word → what the list is for


@dataclass(frozen=True)
class Span:
    """Days: the last `days` up to the as-of day, or those from `since` to `until`, both included."""

    days: int | None = None
    since: date | None = None
    until: date | None = None

    def on(self, day: date) -> tuple[date, date]:
        """The first and last day, as of `day`; nothing after it is known."""
        if self.days is not None:
            return day - timedelta(days=self.days - 1), day
        return self.since or day, min(self.until or day, day)

    def as_dict(self) -> dict[str, Any]:
        said = {"days": self.days, "since": self.since and str(self.since), "until": self.until and str(self.until)}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Times:
    """How often a user did something in a span."""

    event: str
    span: Span
    type: str = "bigint"

    @property
    def column(self) -> str:
        """The profile's own column where it counts the same, else one that is found beside it."""
        if (
            self.event in COUNTED
            and self.span.days
            and (held := f"{COUNTED[self.event][0]}_{self.span.days}d") in PROFILE_TYPES
        ):
            return held
        return f"times_{content_hash([self.event, self.span.as_dict()])[:12]}"


@dataclass(frozen=True)
class ThenNot:
    """A user did one thing on a day of the span, and not the other from its last time that day to the end of the day
    `within_days` later. A day whose `within_days` are not over yet says nothing.
    """

    event: str
    other: str
    within_days: int
    span: Span
    type: str = "boolean"

    @property
    def column(self) -> str:
        return f"then_not_{content_hash([self.event, self.other, self.within_days, self.span.as_dict()])[:12]}"


@dataclass(frozen=True)
class Listed:
    """A user is on a list of ids."""

    purpose: str
    key: str
    type: str = "boolean"

    @property
    def column(self) -> str:
        return f"{self.purpose}_{content_hash(self.key)[:12]}"


@dataclass(frozen=True)
class Nested:
    """A user is in another segment."""

    key: str
    type: str = "boolean"

    @property
    def column(self) -> str:
        return f"segment_{content_hash(self.key)[:12]}"


Term = Times | ThenNot | Listed | Nested


@dataclass(frozen=True)
class Known:
    """What words may name; null: anything, for what is in force already. `lists`: purpose → keys.

    `events`: those of the table events, beside our own.
    """

    segments: Collection[str] | None = None
    lists: Mapping[str, Collection[str]] | None = None
    events: Collection[str] | None = None


class Words:
    """The words, as one text is read: `terms` fills up on the way, in the order of the text."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.terms: dict[Term, None] = {}

    def as_mapping(self) -> dict[str, Word]:
        """What a rule's reader asks."""
        said = {"times": self._times, "then_not": self._then_not, "segment": self._segment}
        return {**said, **dict.fromkeys(LISTS, self._listed)}

    def _times(self, node: exp.Anonymous) -> tuple[str, str]:
        [event], named = _said(node, 1, "days", "since", "until")
        if event in ONCE:
            raise BadRule(f"'{plain(node)}': that happens once.", f"Compare its day: {ONCE[event][0]} >= '2026-03-01'.")
        return self._kept(Times(self._event(event), _span(node, named)))

    def _then_not(self, node: exp.Anonymous) -> tuple[str, str]:
        [event, other], named = _said(node, 2, "within_days", "days", "since", "until")
        within = _whole(node, "within_days", named.pop("within_days", None), least=0)
        return self._kept(ThenNot(self._event(event), self._event(other), within, _span(node, named)))

    def _segment(self, node: exp.Anonymous) -> tuple[str, str]:
        [key], _ = _said(node, 1)
        return self._kept(Nested(key if self.known.segments is None else _one_of("segment", key, self.known.segments)))

    def _listed(self, node: exp.Anonymous) -> tuple[str, str]:
        [key], _ = _said(node, 1)
        purpose = LISTS[node.name.lower()]
        known = key if self.known.lists is None else _one_of(purpose, key, self.known.lists.get(purpose, ()))
        return self._kept(Listed(purpose, known))

    def _event(self, event: str) -> str:
        return event if self.known.events is None else _one_of("event", event, (*EVENTS, *self.known.events))

    def _kept(self, term: Term) -> tuple[str, str]:
        self.terms[term] = None
        return term.column, term.type


def _said(node: exp.Anonymous, texts: int, *names: str) -> tuple[list[str], dict[str, Any]]:
    """The texts and the named values in a word's brackets.

    refuses    bad_rule    others than the word takes
    """
    plain_ones = [each for each in node.expressions if not isinstance(each, exp.Kwarg)]
    named = {each.name: each.expression for each in node.expressions if isinstance(each, exp.Kwarg)}
    is_well_said = (
        len(plain_ones) == texts
        and all(isinstance(each, exp.Literal) and each.is_string for each in plain_ones)
        and all(isinstance(value, exp.Literal) for value in named.values())
        and len(named) + texts == len(node.expressions)
    )
    unknown = next((name for name in named if name not in names), None)
    if not is_well_said or unknown:
        more = "".join(f", {name} => …" for name in names)
        raise BadRule(
            f"'{plain(node)}' is not how '{node.name.lower()}' is said" + (f": it has no '{unknown}'." if unknown else "."),
            f"Write {node.name.lower()}({', '.join(['…quoted text…'] * texts)}{more}).",
        )
    return [each.name for each in plain_ones], {
        name: value.this if value.is_string else int_of(node, value) for name, value in named.items()
    }


def int_of(node: exp.Anonymous, value: exp.Literal) -> int:
    if not value.is_int:
        raise BadRule(f"'{plain(node)}': {value.name} is no whole number.", "Write 1, 7, 30.")
    return int(value.name)


def _whole(node: exp.Anonymous, name: str, value: Any, *, least: int) -> int:
    if not isinstance(value, int) or not least <= value <= LONGEST_DAYS:
        raise BadRule(f"'{plain(node)}' needs {name} => a whole number from {least} to {LONGEST_DAYS}.", f"Write {name} => 7.")
    return value


def _span(node: exp.Anonymous, named: Mapping[str, Any]) -> Span:
    """refuses    bad_rule    no days, both ways of saying them, or days that end before they begin"""
    if set(named) == {"days"}:
        return Span(days=_whole(node, "days", named["days"], least=1))
    if not ("since" in named and set(named) <= {"since", "until"} and all(isinstance(one, str) for one in named.values())):
        raise BadRule(
            f"'{plain(node)}' does not say on which days.",
            "Write days => 30 for the last thirty, or since => '2026-03-01', until => '2026-03-31'. Over all time there are "
            "columns, such as trades_all.",
        )
    try:
        since, until = parse_day(named["since"]), parse_day(named["until"]) if "until" in named else None
    except BadInput as bad:
        raise BadRule(f"'{plain(node)}': {bad.message}", bad.hint) from bad
    if until is not None and until < since:
        raise BadRule(f"'{plain(node)}' ends before it begins.", "Write the earlier day after since.")
    return Span(since=since, until=until)


def _one_of(kind: str, name: str, existing: Collection[str]) -> str:
    if name in existing:
        return name
    near, every = suggest(name, existing), f"There are: {', '.join(sorted(existing))}." if existing else "There is none yet."
    hint = f"{near} {every}" if near.startswith("Did") else every
    raise UnknownName(f"There is no {kind} '{name}'.", hint, code=f"unknown_{kind}")


def beside(terms: Collection[Term]) -> Iterator[Times | ThenNot | Listed]:
    """The terms that are found beside the profile: neither its own columns nor other segments."""
    for term in terms:
        if not isinstance(term, Nested) and term.column not in PROFILE_TYPES:
            yield term
