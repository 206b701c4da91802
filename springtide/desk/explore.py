"""Explore: from what a form says to a question, and from an answer to what the page shows. Nothing here asks the lake."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from springtide.desk import figures
from springtide.desk.words import PERIODS, Labels, Word, plain
from springtide.kernel.days import parse_day
from springtide.kernel.errors import BadInput

Question = Mapping[str, Any]
Named = Mapping[str, str]  # what groups are called, where their keys are not it
MOST_STEPS = 10
LONGEST_QUESTION = 20_000
MOST_ROWS = 100
MOST_PATHS = 30

KINDS: Mapping[str, Word] = {
    "retention": gettext_lazy("Retention"),
    "funnel": gettext_lazy("Funnel"),
    "trend": gettext_lazy("Trend"),
    "lifecycle": gettext_lazy("Lifecycle"),
    "stickiness": gettext_lazy("Stickiness"),
    "paths": gettext_lazy("Paths"),
}
ASKS: Mapping[str, Word] = {
    "retention": gettext_lazy("Of those who did one thing, how many come back to do another, period by period?"),
    "funnel": gettext_lazy("How many take each step, in order, and how long does each take?"),
    "trend": gettext_lazy("How often does something happen, and by how many users?"),
    "lifecycle": gettext_lazy("Of those active in a period, who is new, who returned, who came back; and who fell asleep?"),
    "stickiness": gettext_lazy("In how many periods is a user active?"),
    "paths": gettext_lazy("What do users do next?"),
}
EVENTS: Mapping[str, Word] = {
    "registered": gettext_lazy("Registered"),
    "kyc_passed": gettext_lazy("KYC passed"),
    "deposited": gettext_lazy("Deposited"),
    "withdrew": gettext_lazy("Withdrew"),
    "traded_spot": gettext_lazy("Traded spot"),
    "traded_contracts": gettext_lazy("Traded contracts"),
    "liquidated": gettext_lazy("Liquidated"),
    "session": gettext_lazy("Session"),
    "rewarded": gettext_lazy("Rewarded"),
}
UNITS: Mapping[str, Word] = {"hour": gettext_lazy("hours"), "day": gettext_lazy("days"), "week": gettext_lazy("weeks")}
ORDERS: Mapping[str, Word] = {
    "ordered": gettext_lazy("in this order"),
    "strict": gettext_lazy("directly after each other"),
    "unordered": gettext_lazy("in any order"),
}
MATHS: Mapping[str, Word] = {"unique_users": gettext_lazy("users"), "total": gettext_lazy("times")}
COUNTINGS: Mapping[str, Word] = {"on": gettext_lazy("in the period"), "on_or_after": gettext_lazy("in the period or later")}
# How far back a question looks when nobody says.
SPANS = {"day": 30, "week": 12 * 7, "month": 365}


def event_name(key: str) -> str:
    """An event in words; those the exchange named itself stay as they are written."""
    return str(EVENTS.get(key) or plain(key))


@dataclass(frozen=True)
class Form:
    """What the builder says. `steps`: the events of the question, in order; the other fields as each kind needs them."""

    kind: str = "retention"
    steps: tuple[str, ...] = ()
    period: str = "week"
    since: date | None = None
    until: date | None = None
    window: int = 7
    unit: str = "day"
    order: str = "ordered"
    counting: str = "on"
    math: str = "unique_users"
    split: str = ""

    @classmethod
    def read(cls, said: Mapping[str, Any], latest: date) -> Form:
        """The form that an address says; what it leaves out is what most people ask first.

        refuses    bad_question    a field says what it cannot
        """
        kind = _one_of(said, "kind", KINDS, "retention")
        first = {"retention": ("registered", "traded_spot"), "funnel": ("registered", "deposited", "traded_spot")}
        steps = tuple(step for step in said.get("steps", ()) if step)[:MOST_STEPS] or first.get(kind, ("traded_spot",))
        period = _one_of(said, "period", PERIODS, "week")
        until = _day(said, "until") or latest
        return cls(
            kind=kind,
            steps=steps,
            period=period,
            since=_day(said, "since") or until - timedelta(days=SPANS[period] - 1),
            until=until,
            window=_number(said, "window", 7),
            unit=_one_of(said, "unit", UNITS, "day"),
            order=_one_of(said, "order", ORDERS, "ordered"),
            counting=_one_of(said, "counting", COUNTINGS, "on"),
            math=_one_of(said, "math", MATHS, "unique_users"),
            split=str(said.get("split", "")),
        )

    def question(self) -> dict[str, Any]:
        """The question, in the form that every face speaks."""
        since, until = str(self.since), str(self.until)
        matchers = [{"event": step} for step in self.steps]
        activity = {"event": list(self.steps) if len(self.steps) > 1 else self.steps[0]}
        span = {"date_from": since, "date_to": until}
        match self.kind:
            case "retention":
                asked: dict[str, Any] = {
                    "start": matchers[0], "return": matchers[-1], "period": self.period, "cohort_from": since, "cohort_to": until,
                    "intervals": 12, "counting": self.counting,
                }  # fmt: skip
            case "funnel":
                asked = {"steps": matchers, "order": self.order, "window": {"value": self.window, "unit": self.unit}, **span}
            case "trend":
                asked = {"series": [{**each, "math": self.math} for each in matchers], "period": self.period, **span}
            case "paths":
                asked = {"activity": {"event": None}, "token": "event", "session_gap_minutes": 30, "max_steps": 5, **span}
            case _:
                asked = {"activity": activity, "period": self.period, **span}
        if self.split and self.kind == "funnel":
            asked["breakdown"] = {"props": [self.split], "scope": "user", "attribution": "first_touch"}
        elif self.split and self.kind in ("retention", "trend"):
            asked["breakdown"] = {"prop": self.split, "scope": "user", "limit": 12}
        return {"kind": self.kind, **asked}


@dataclass(frozen=True)
class Cell:
    """A value of a table: as it is shown, how warm it is (0 to 6), whether its time has passed, and what opens its users."""

    text: str
    heat: int = 0
    is_open: bool = False  # its time has not passed yet
    opens: Mapping[str, Any] | None = None
    width: float | None = None  # a bar instead of a number: 0 to 100
    is_text: bool = False


@dataclass(frozen=True)
class Shown:
    """An answer as the page shows it: the sentence first, a picture, the table behind it."""

    says: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    chart: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    is_heat: bool = False
    more_rows: int = 0
    texts: int = 1  # so many columns at the left are words


def read_question(text: str) -> dict[str, Any]:
    """A question from JSON text.

    refuses    bad_question    it is no JSON object
    """
    try:
        question = json.loads(text) if len(text) <= LONGEST_QUESTION else None
    except (ValueError, RecursionError):
        question = None
    if not isinstance(question, dict):
        raise BadInput(
            "This is not a question.", 'Write a JSON object, such as {"kind": "stickiness", …}.', code="bad_question"
        )
    return question


def cell_name(question: Question) -> str:
    """A cell of an answer, in words: what was asked, and which of its figures."""
    opened = " · ".join(str(value) for value in question.get("open", {}).values())
    return f"{KINDS.get(str(question.get('kind')), question.get('kind'))}: {opened}"


def shown(question: Question, answer: Mapping[str, Any], labels: Labels) -> Shown:
    """What the page shows of an answer; kinds without a picture of their own are told as a table."""
    by = _split_by(question)
    named = {
        key: labels.stratum(by, key) for key in answer.get("groups", ()) if by in labels.by_key and key and key != "$other"
    }
    make = {
        "retention": _retention, "funnel": _funnel, "trend": _trend, "lifecycle": _lifecycle, "stickiness": _stickiness,
        "paths": _paths,
    }.get(str(question.get("kind")))  # fmt: skip
    return make(question, answer, named) if make else _any(answer)


def _split_by(question: Question) -> str:
    """The one column by which a question is split; empty where there is none, or several."""
    split = question.get("breakdown") or {}
    columns = split.get("props", [split.get("prop", "")])
    return str(columns[0]) if len(columns) == 1 else ""


def _retention(question: Question, answer: Mapping[str, Any], named: Named) -> Shown:
    if "groups" in answer:
        return _grouped_retention(answer, named)
    matrix, complete, cohorts = answer["matrix"], answer["complete"], answer["cohorts"]
    widest = max((len(row) for row in matrix), default=1)
    columns = (_("Cohort"), _("Users"), *(f"+{n}" for n in range(1, widest)))
    rows = []
    for cohort, values, done in zip(cohorts, matrix, complete, strict=True):
        size = values[0]
        cells = [Cell(str(cohort)), Cell(figures.count(size), opens={"cohort": cohort, "column": 0})]
        for n, (users, is_done) in enumerate(zip(values[1:], done[1:], strict=True), start=1):
            share = users / size if size else None
            text = figures.ratio(share, 1) if share is not None else ""
            opens = {"cohort": cohort, "column": n} if users else None
            cells.append(Cell(text if is_done or users else "", _heat(share), is_open=not is_done, opens=opens))
        rows.append(tuple(cells))
    overall = _overall(matrix, complete)
    if overall:
        rows.append((Cell(_("All")), Cell(""), *(Cell(figures.ratio(share)) for share in overall)))
    first = next((share for share in overall if share is not None), None)
    says = (
        _("No cohort is old enough yet.")
        if first is None
        else _("%(share)s come back one %(period)s later, over all cohorts old enough.")
        % {"share": figures.ratio(first), "period": str(PERIODS[question["period"]]).lower()}
    )
    return Shown(says, columns, tuple(rows), is_heat=True)


def _overall(matrix: Sequence[Sequence[int]], complete: Sequence[Sequence[bool]]) -> list[float | None]:
    """Ratio of sums by column, over the cohorts whose time has passed."""
    shares: list[float | None] = []
    for n in range(1, max((len(row) for row in matrix), default=1)):
        old = [row for row, done in zip(matrix, complete, strict=True) if n < len(row) and done[n] and row[0]]
        size = sum(row[0] for row in old)
        shares.append(sum(row[n] for row in old) / size if size else None)
    return shares


def _grouped_retention(answer: Mapping[str, Any], named: Named) -> Shown:
    """One line a group: the share over all its cohorts old enough."""
    complete, rows, lines = answer["complete"], [], []
    for name, matrix in answer["groups"].items():
        overall = _overall(matrix, complete)
        size = sum(row[0] for row in matrix)
        rows.append(
            (
                Cell(_group(name, named)),
                Cell(figures.count(size)),
                *(Cell(figures.ratio(s) if s is not None else "", _heat(s)) for s in overall),
            )
        )
        lines.append({"name": _group(name, named), "values": overall})
    width = max((len(line["values"]) for line in lines), default=0)
    columns = (_("Group"), _("Users"), *(f"+{n}" for n in range(1, width + 1)))
    data = {"labels": [f"+{n}" for n in range(1, width + 1)], "unit": "ratio", "series": lines}
    return Shown(_("Each line is a group, over its cohorts old enough."), columns, tuple(rows), "lines", data, is_heat=True)


def _funnel(question: Question, answer: Mapping[str, Any], named: Named) -> Shown:
    names = [_matcher(step) for step in question["steps"]]
    counts = answer["counts"]
    first = counts[0] if counts else 0
    columns = (_("Step"), "", _("Users"), _("Of the first"), _("Of the step before"), _("Median time"), _("90 % within"))
    slowest = answer.get("quantile_seconds", {}).get("p90") or [None] * len(counts)
    rows = []
    for n, (name, users) in enumerate(zip(names, counts, strict=True)):
        before = counts[n - 1] if n else None
        rows.append((
            Cell(f"{n + 1}. {name}"),
            Cell("", width=100 * users / first if first else 0),
            Cell(figures.count(users), opens={"step": n + 1} if users else None),
            Cell(figures.ratio(users / first) if first else ""),
            Cell(figures.ratio(users / before) if before else ""),
            Cell(_time(answer["median_seconds"][n])),
            Cell(_time(slowest[n])),
        ))  # fmt: skip
    if answer.get("groups"):
        return _grouped_funnel(names, answer, named)
    worst = min(range(1, len(counts)), key=lambda n: counts[n] / counts[n - 1] if counts[n - 1] else 1, default=None)
    says = _("Nobody took the first step.")
    if first:
        says = _("%(last)s of %(first)s came to the end (%(share)s).") % {
            "last": figures.count(counts[-1]), "first": figures.count(first), "share": figures.ratio(counts[-1] / first),
        }  # fmt: skip
        if worst is not None:
            says += " " + _("Most are lost before “%(step)s”.") % {"step": names[worst]}
    return Shown(says, columns, tuple(rows))


def _grouped_funnel(names: Sequence[str], answer: Mapping[str, Any], named: Named) -> Shown:
    columns = (_("Group"), *(f"{n + 1}. {name}" for n, name in enumerate(names)), _("Of the first"))
    groups = sorted(answer["groups"].items(), key=lambda each: -each[1]["counts"][0])
    rows = []
    for name, told in groups[:MOST_ROWS]:
        counts = told["counts"]
        cells = [
            Cell(figures.count(users), opens={"step": n + 1, "group": name} if users else None)
            for n, users in enumerate(counts)
        ]
        rows.append((Cell(_group(name, named)), *cells, Cell(figures.ratio(counts[-1] / counts[0]) if counts[0] else "")))
    return Shown(_("Each line is a group, the largest first."), columns, tuple(rows), more_rows=max(0, len(groups) - MOST_ROWS))


def _trend(question: Question, answer: Mapping[str, Any], named: Named) -> Shown:
    periods = [str(each) for each in answer["periods"]]
    cells: list[dict[str, Any]]
    if answer.get("groups"):
        told = {
            _group(name, named): values[0] if values and isinstance(values[0], list) else values
            for name, values in answer["groups"].items()
        }
        cells = [] if question.get("formula") else [{"series": 0, "group": name} for name in answer["groups"]]
    elif question.get("formula"):
        told, cells = {str(question["formula"]): answer["series"][0]}, []  # nobody stands behind a formula
    else:
        told = {_matcher(each): values for each, values in zip(question["series"], answer["series"], strict=True)}
        cells = [{"series": n} for n in range(len(question["series"]))]
    is_told_apart = len(cells) == len(told)
    last = {name: values[-1] for name, values in told.items() if values}
    says = " · ".join(f"{name}: {figures.short(value)}" for name, value in list(last.items())[:4] if value is not None)
    return _over_time(
        _("In the period that begins on %(day)s: %(told)s.") % {"day": _day_said(periods[-1]), "told": says} if says else "",
        periods,
        told,
        "lines",
        [[{**cell, "period": n} for cell in cells] for n in range(len(periods))] if is_told_apart else None,
    )


def _lifecycle(question: Question, answer: Mapping[str, Any], named: Named) -> Shown:
    periods = [str(each) for each in answer["periods"]]
    names = {"new": _("New"), "returning": _("Stayed"), "resurrecting": _("Came back"), "dormant": _("Fell asleep")}
    told = {name: [-value if key == "dormant" else value for value in answer[key]] for key, name in names.items()}
    opens = [[{"period": period, "state": key} for key in names] for period in periods]
    active = [sum(answer[key][n] for key in ("new", "returning", "resurrecting")) for n in range(len(periods))]
    says = ""
    if active:
        says = _("%(users)s were active in the period that begins on %(day)s.") % {
            "users": figures.count(active[-1]),
            "day": _day_said(periods[-1]),
        }
    return _over_time(says, periods, told, "stacks", opens)


def _over_time(
    says: str,
    periods: Sequence[str],
    told: Mapping[str, Sequence[Any]],
    chart: str,
    opens: Sequence[Sequence[Mapping[str, Any]]] | None = None,
) -> Shown:
    data = {"labels": list(periods), "unit": "users", "series": [{"name": name, "values": list(v)} for name, v in told.items()]}
    rows = tuple(
        (
            Cell(period),
            *(
                Cell(_figure(values[n]), opens=opens[n][at] if opens and values[n] else None)
                for at, values in enumerate(told.values())
            ),
        )
        for n, period in enumerate(periods)
    )
    return Shown(says, (_("Period"), *told), rows[::-1], chart, data)


def _stickiness(question: Question, answer: Mapping[str, Any], named: Named) -> Shown:
    counts = answer["counts"]
    labels = [str(n + 1) for n in range(len(counts))]
    data = {"labels": labels, "unit": "users", "series": [{"name": _("Users"), "values": list(counts)}]}
    total = sum(counts)
    rows = tuple(
        (
            Cell(label),
            Cell(figures.count(users), opens={"periods": n + 1} if users else None),
            Cell(figures.ratio(users / total) if total else ""),
        )
        for n, (label, users) in enumerate(zip(labels, counts, strict=True))
    )
    says = _("%(users)s were active in one period at least.") % {"users": figures.count(total)}
    return Shown(says, (_("Active periods"), _("Users"), _("Share")), rows, "stacks", data)


def _paths(question: Question, answer: Mapping[str, Any], named: Named) -> Shown:
    edges = sorted(answer["edges"], key=lambda edge: (-edge[2], str(edge[0]), str(edge[1])))
    most = edges[0][2] if edges else 0
    rows = tuple(
        (
            Cell(_token(come)),
            Cell(_token(go), is_text=True),
            Cell("", width=100 * sessions / most),
            Cell(figures.count(sessions), opens={"from": come, "to": go}),
        )
        for come, go, sessions in edges[:MOST_PATHS]
    )
    says = ""
    if edges:
        says = _("The most usual way is from %(from)s to %(to)s: %(sessions)s sessions.") % {
            "from": _token(edges[0][0]), "to": _token(edges[0][1]), "sessions": figures.count(most),
        }  # fmt: skip
    return Shown(
        says or _("Nobody did anything in these days."),
        (_("From"), _("To"), "", _("Sessions")),
        rows,
        more_rows=max(0, len(edges) - MOST_PATHS),
        texts=2,
    )


def _any(answer: Mapping[str, Any]) -> Shown:
    """Any other answer: a line a key; what is long is cut and said to be."""
    rows = tuple((Cell(key), Cell(_cut(value))) for key, value in answer.items())
    return Shown("", (_("Key"), _("Answer")), rows)


def _heat(share: float | None) -> int:
    """Six steps of warmth, by the square root: low shares are what retention is about."""
    return 0 if not share else max(1, min(6, round(6 * share**0.5)))


def _time(seconds: float | None) -> str:
    return "" if seconds is None else figures.hours(seconds / 3600)


def _figure(value: Any) -> str:
    if value is None:
        return figures.NONE
    return figures.count(value) if float(value).is_integer() else f"{value:,.4g}"


def _matcher(matcher: Mapping[str, Any]) -> str:
    named = matcher.get("event")
    if named is None:
        return _("anything")
    return " / ".join(map(event_name, named)) if isinstance(named, list) else event_name(str(named))


def _group(name: str, named: Named) -> str:
    return _("other") if name == "$other" else named.get(name, name) or _("not known")


def _day_said(period: str) -> str:
    """A period by its first day; one by the hour as it is written."""
    return figures.day(date.fromisoformat(period)) if len(period) == len("2026-03-01") else period


def _token(token: str) -> str:
    """`2_deposited` is the second step of a session."""
    step, _underscore, name = str(token).partition("_")
    return f"{step}. {event_name(name)}" if step.isdigit() else str(token)


def _cut(value: Any, most: int = 400) -> str:
    text = str(value)
    return text if len(text) <= most else f"{text[:most]} …"


def _one_of(said: Mapping[str, Any], name: str, allowed: Mapping[str, Word], default: str) -> str:
    value = str(said.get(name, "") or default)
    if value not in allowed:
        raise BadInput(f"'{name}' cannot be '{value}'.", f"It can be: {', '.join(allowed)}.", code="bad_question")
    return value


def _number(said: Mapping[str, Any], name: str, default: int) -> int:
    text = str(said.get(name, "") or default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 3660):
        raise BadInput(f"'{name}' cannot be '{text}'.", "Write a whole number from 1 to 3660.", code="bad_question")
    return int(text)


def _day(said: Mapping[str, Any], name: str) -> date | None:
    text = str(said.get(name, ""))
    return parse_day(text) if text else None
