"""The sections of a report: from what was gathered to tables, each with its question, its columns and their meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from springtide.analytics import metrics
from springtide.analytics.engine import definition
from springtide.analytics.metrics.daily_states import STATES
from springtide.analytics.metrics.growth_accounting import GrowthRow
from springtide.analytics.metrics.movements import Movement
from springtide.analytics.metrics.registry import METRICS
from springtide.analytics.metrics.worklists import WorklistSize
from springtide.analytics.strata import Stratification, Words
from springtide.home.users import UserList
from springtide.kernel.days import Period, next_period
from springtide.kernel.money import usdt
from springtide.reports import words
from springtide.reports.snapshot import Missing, ReportSnapshot
from springtide.reports.speech import Speech
from springtide.reports.tables import Cell, Column, Kind, Name, Shape, Table, shape

GROWTH_SHOWN: tuple[Period, ...] = ("week", "month", "day")
MARKET_SHOWN = 90  # days
RESTATEMENTS_SHOWN = 200
IN_BOTH = (Speech("en"), Speech("zh-hans"))

Row = dict[str, Cell]


@dataclass(frozen=True)
class Absent:
    """A table that cannot be made: its title and question stay, and in its place stands why."""

    key: str
    title: Words
    question: Words
    missing: Missing


Section = Table | Absent


def sections(snapshot: ReportSnapshot) -> dict[str, Section]:
    """Every table of a report by its key, in the order in which a reader wants them."""
    strata = Strata(snapshot)
    figures = _figures(snapshot, strata)
    people = [_people(key, people, strata) for key, people in snapshot.people.items()]
    made = [*figures, *people, _inputs(snapshot), _not_available(snapshot, strata, figures), _restatements(snapshot)]
    return {section.key: section for section in [*made, _definitions(snapshot, made)]}


def _figures(snapshot: ReportSnapshot, strata: Strata) -> list[Section]:
    return [
        _numbers(snapshot),
        _movements(snapshot, strata),
        _worklists(snapshot),
        *(_growth(snapshot, unit, period) for unit in words.UNITS for period in GROWTH_SHOWN),
        strata.sizes(),
        strata.map("users"),
        strata.map("equity_usdt"),
        strata.matrix("moves_week", W("moves in seven days", "七天内的迁移"), snapshot.moves_of_week),
        strata.matrix("moves_day", W("moves on the day", "当日迁移"), snapshot.moves_of_day),
        strata.moves(),
        _activation(snapshot),
        _states(snapshot),
        _concentration(snapshot),
        _market(snapshot),
    ]


W = Words


def _absent(key: str, of: Shape, missing: Missing) -> Absent:
    return Absent(key, of.title, of.question, missing)


# The answer first: numbers, movements, lists


def _numbers(snapshot: ReportSnapshot) -> Section:
    of = shape("numbers")
    if isinstance(snapshot.headline, Missing):
        return _absent("numbers", of, snapshot.headline)
    return of.table(
        "numbers",
        (
            {
                "number": words.named(each.key, {key: name for key, (name, _) in words.NUMBERS.items()}),
                "unit": words.named(each.unit, words.COUNTED_IN),
                "value": each.value,
                "before": each.before,
                "change": None if each.value is None or each.before is None else difference(each.value, each.before),
                "change_ratio": each.change_ratio,
                "compared_with": each.compared_with,
                "about": _lost(each.reason) if each.reason else words.NUMBERS[each.key][1],
            }
            for each in snapshot.headline.rows
        ),
    )


def difference(now: float | int | Decimal, before: float | int | Decimal) -> float | int | Decimal:
    """Now less before, of two of a kind: money stays exact."""
    if isinstance(now, Decimal) and isinstance(before, Decimal):
        return now - before
    return now - before if isinstance(now, int) and isinstance(before, int) else float(now) - float(before)


def _movements(snapshot: ReportSnapshot, strata: Strata) -> Section:
    of = shape("movements")
    if isinstance(snapshot.movements, Missing):
        return _absent("movements", of, snapshot.movements)
    return of.table(
        "movements",
        (
            {
                "stratification": strata.key(each.stratification),
                "from_stratum": strata.name(each.stratification, each.from_stratum),
                "to_stratum": strata.name(each.stratification, each.to_stratum),
                "users": each.users,
                "value_usdt": each.value_usdt,
                "said": Words(*(movement_said(say, each, strata) for say in IN_BOTH)),
            }
            for each in snapshot.movements.rows
        ),
        metric="movements",
    )


def movement_said(say: Speech, movement: Movement, strata: Strata) -> str:
    """A movement as a sentence, without what it is worth."""
    users = say.users(movement.users)
    key = say.words(strata.key(movement.stratification).words)
    was, now = (strata.name(movement.stratification, each) for each in (movement.from_stratum, movement.to_stratum))
    if was and now:
        return say(
            "{key}: {users} went from {was} to {now}.",
            "{key}：{users}从“{was}”变为“{now}”。",
            key=key, users=users, was=say.words(was.words), now=say.words(now.words),
        )  # fmt: skip
    grew = now is not None
    stratum = now or was
    return say(
        "{key}: {stratum} grew by {users}." if grew else "{key}: {stratum} shrank by {users}.",
        "{key}：“{stratum}”增加 {users}。" if grew else "{key}：“{stratum}”减少 {users}。",
        key=key, users=users, stratum=say.words(stratum.words) if stratum else "",
    )  # fmt: skip


def _worklists(snapshot: ReportSnapshot) -> Section:
    of = shape("worklists")
    if isinstance(snapshot.worklists, Missing):
        return _absent("worklists", of, snapshot.worklists)

    def row(each: WorklistSize) -> Row:
        name, who, what = words.listed(each.key, each.asks)
        return {
            "list": Name(each.key, name),
            "users": each.users,
            "value_usdt": each.value_usdt,
            "value_of": words.named(each.value_of, words.VALUES),
            "opens": Name(f"people_{each.key}", W("show users", "查看用户")) if each.key in snapshot.people else None,
            "said": _lost(each.reason) if each.reason else W(f"They {who.en}. {what.en}".strip(), f"{who.zh}。{what.zh}"),
        }

    return of.table("worklists", map(row, snapshot.worklists.rows), metric="worklists")


# Growth accounting


def _growth(snapshot: ReportSnapshot, unit: str, period: Period) -> Section:
    key = f"growth_{unit}_{period}"
    of = shape("growth_users" if unit == "users" else "growth_money", of=words.UNITS[unit], by=words.PERIODS[period])
    answer = snapshot.growth[f"{unit}_{period}"]
    if isinstance(answer, Missing):
        return _absent(key, of, answer)
    rows: list[Row] = []
    openings = []
    earlier: GrowthRow | None = None
    for place, row in enumerate(answer.rows):
        net = row.new + row.resurrected + row.expansion - row.churned - row.contraction
        # Before the first period, and after a gap, nothing is known but what the identity says.
        if earlier is None or next_period(earlier.period, period) != row.period:
            openings.append(place)
            before = row.active - net
        else:
            before = earlier.active
        parts = ("period", "active", "new", "retained", "resurrected", "churned", "expansion", "contraction", "quick_ratio")
        rows.append(
            {part: getattr(row, part) for part in parts}
            | {
                "state": Name("whole", W("whole", "完整")) if row.is_complete else Name("so_far", W("so far", "未结束")),
                "regime": _regime(snapshot, next_period(row.period, period) - timedelta(days=1)),
                "before": before,
                "net": net,
                "check": row.active - (before + net),
            }
        )
        earlier = row
    return of.table(key, rows, openings=openings, metric=f"growth_{unit}")


def _regime(snapshot: ReportSnapshot, day: date) -> Name | None:
    found = snapshot.market.on(day) if isinstance(snapshot.market, metrics.Market) else None
    return words.named(found.regime, words.REGIMES) if found else None


# Strata


class Strata:
    """Strata by their words: sizes, the map of two stratifications, and moves."""

    def __init__(self, snapshot: ReportSnapshot) -> None:
        self.snapshot = snapshot
        self.by_key = {each.key: each for each in snapshot.stratifications}

    def key(self, stratification: str) -> Name:
        """A stratification with its title."""
        found = self.by_key.get(stratification)
        return Name(stratification, found.title if found else words.plain(stratification))

    def name(self, stratification: str, stratum: str | None) -> Name | None:
        """A stratum with its label."""
        return words.named(stratum, {each.name: each.label for each in self._strata(stratification)})

    def about(self, stratification: str, stratum: str) -> Words | None:
        """Who stands in a stratum."""
        return next((each.about for each in self._strata(stratification) if each.name == stratum), None)

    def _strata(self, stratification: str) -> Iterable[Any]:
        return self.by_key[stratification].strata if stratification in self.by_key else ()

    def sizes(self) -> Section:
        """All strata with their users over five weeks."""
        of, sizes = shape("strata"), self.snapshot.sizes
        if isinstance(sizes, Missing):
            return _absent("strata", of, sizes)
        weeks = {
            f"weeks_{(sizes.as_of - then.as_of).days // 7}": {(row.stratification, row.stratum): row.users for row in then.rows}
            for then in self.snapshot.trend
        }
        totals: dict[str, int] = {}
        for row in sizes.rows:
            totals[row.stratification] = totals.get(row.stratification, 0) + row.users
        rows: list[Row] = [
            {
                "stratification": self.key(row.stratification),
                "stratum": self.name(row.stratification, row.stratum),
                **{week: users.get((row.stratification, row.stratum)) for week, users in weeks.items()},
                "before": row.before,
                "users": row.users,
                "change": row.change,
                "change_ratio": row.users / row.before - 1 if row.before else None,
                "share": row.users / totals[row.stratification] if totals[row.stratification] else None,
                "about": self.about(row.stratification, row.stratum),
            }
            for row in sizes.rows
        ]
        return of.table("strata", rows, metric="strata_sizes")

    def map(self, measure: str) -> Section:
        """Lifecycle × value, in users or in what they hold."""
        found, key = self.snapshot.value_map, f"map_{measure}"
        down, across = (found.down, found.across) if isinstance(found, metrics.LifecycleValueMap) else ("lifecycle", "value")
        one, other, what = self.key(down).words, self.key(across).words, words.VALUES[measure]
        of = shape("map", of=W(f"{one.en} × {other.en}: {what.en}", f"{one.zh} × {other.zh}：{what.zh}"))
        if isinstance(found, Missing):
            return _absent(key, of, found)
        if measure in found.reasons:
            return _absent(key, of, Missing(found.reasons[measure]))
        cells: dict[tuple[str | None, str], Any] = {
            (row.down_stratum, row.across_stratum): getattr(row, measure) for row in found.rows
        }
        return self._crossed(key, of, down, across, cells, "count" if measure == "users" else "usdt")

    def matrix(self, key: str, when: Words, found: metrics.MovesBetween | Missing) -> Section:
        """From which stratum to which, those who stayed on the diagonal."""
        by = self.snapshot.matrix_of or "lifecycle"
        of = shape("matrix", of=W(f"{self.key(by).words.en}: {when.en}", f"{self.key(by).words.zh}：{when.zh}"))
        if isinstance(found, Missing):
            return _absent(key, of, found)
        return self._crossed(key, of, by, by, found.matrix(by), "count")

    def _crossed(
        self, key: str, of: Shape, down: str, across: str, cells: Mapping[tuple[str | None, str], Any], kind: Kind
    ) -> Table:
        lines: list[str | None] = [each.name for each in self._strata(down) if any(line == each.name for line, _ in cells)]
        if any(line is None for line, _ in cells):
            lines.append(None)
        none: Any = Decimal(0) if kind == "usdt" else 0
        entries = list(self._strata(across))
        first = Column("stratum", "name", self.key(down).words, self.key(down).words)
        inner = (Column(e.name, kind, e.label, e.about, sums=True, hides_zero=True) for e in entries)
        sums = f"SUM({{{entries[0].name}..{entries[-1].name}}})"
        last = Column("all", kind, W("All", "合计"), W("sum of the row", "本行合计"), sums, sums=True)
        rows: list[Row] = []
        for line in lines:
            row = {e.name: cells.get((line, e.name)) or none for e in entries}
            rows.append({"stratum": self.name(down, line) or Name("", words.NOBODY), **row, "all": sum(row.values(), none)})
        return replace(of, columns=(first, *inner, last)).table(key, rows)

    def moves(self) -> Section:
        """Every move of the week, whatever the stratification."""
        of, found = shape("moves"), self.snapshot.moves_of_week
        if isinstance(found, Missing):
            return _absent("moves", of, found)
        order = {key: place for place, key in enumerate(self.by_key)}
        rows: list[Row] = [
            {
                "stratification": self.key(row.stratification),
                "from_stratum": self.name(row.stratification, row.from_stratum) or Name("", words.NOBODY),
                "to_stratum": self.name(row.stratification, row.to_stratum),
                "users": row.users,
                "equity_usdt": row.equity_usdt,
                "net_revenue_90d_usdt": row.net_revenue_90d_usdt,
            }
            for row in sorted(found.rows, key=lambda row: (order.get(row.stratification, len(order)), -row.users))
        ]
        return of.table("moves", rows, metric="moves_between")


# The way to the first trades, the seven states, concentration, the market


def _activation(snapshot: ReportSnapshot) -> Section:
    of = shape("activation")
    if isinstance(snapshot.activation, Missing):
        return _absent("activation", of, snapshot.activation)
    figures = ("within_days", "reached", "matured", "converted", "rate", "median_hours", "still_open", "early", "skipping")
    rows: list[Row] = [
        {"step": words.named(step.step, words.STEPS), "after": words.named(step.after, words.STEPS)}
        | {figure: getattr(step, figure) for figure in figures}
        for step in snapshot.activation.rows
        if not step.reason
    ]
    return of.table("activation", rows, metric="activation_chain")


def _states(snapshot: ReportSnapshot) -> Section:
    of = shape("states")
    if isinstance(snapshot.states, Missing):
        return _absent("states", of, snapshot.states)
    by_day = snapshot.growth["users_day"]
    counted = {row.period: row.active for row in by_day.rows} if isinstance(by_day, metrics.GrowthAccounting) else {}
    parts = ("day", *STATES, "dau", "wau", "mau")
    rows: list[Row] = [
        {part: getattr(state, part) for part in parts}
        | {
            "counted": counted.get(state.day),
            "check": state.dau - counted[state.day] if state.day in counted else None,
        }
        for state in snapshot.states.rows
    ]
    return of.table("states", rows, metric="daily_states")


def _concentration(snapshot: ReportSnapshot) -> Section:
    found = snapshot.concentration
    if isinstance(found, Missing):
        return _absent("concentration", shape("concentration", top="1", few="10"), found)
    of = shape("concentration", top=str(found.top_percent), few=str(found.top_users))
    told = [row for row in found.rows if not row.reason]
    if not told:
        return _absent("concentration", of, Missing(found.rows[0].reason or ""))
    figures = ("users", "total_usdt", "top_percent_users", "top_percent_ratio", "top_users_ratio", "gini", "hhi")
    rows: list[Row] = [
        {"measure": words.named(row.measure, words.MEASURES), "like_users": 1 / row.hhi if row.hhi else None}
        | {figure: getattr(row, figure) for figure in figures}
        for row in told
    ]
    return of.table("concentration", rows, metric="concentration")


def _market(snapshot: ReportSnapshot) -> Section:
    of = shape("market")
    if isinstance(snapshot.market, Missing):
        return _absent("market", of, snapshot.market)
    volatility = {True: Name("high", W("high", "高")), False: Name("normal", W("normal", "正常")), None: None}
    rows: list[Row] = [
        {
            "day": row.day,
            "btc_close_usdt": row.btc_close_usdt,
            "return_30d_ratio": row.return_30d_ratio,
            "volatility_30d_ratio": row.volatility_30d_ratio,
            "regime": words.named(row.regime, words.REGIMES),
            "is_high_volatility": volatility[row.is_high_volatility],
        }
        for row in snapshot.market.rows[-MARKET_SHOWN:]
    ]
    return of.table("market", rows, metric="market")


_PEOPLE_KINDS: Mapping[str, Kind] = {
    "last_trade_on": "day", "registered_on": "day", "days_since_trade": "count", "trades_30d": "count", "vip_level": "count",
}  # fmt: skip


def _people(key: str, people: UserList, strata: Strata) -> Table:
    name, who, _ = words.listed(key, "")
    shown = len(people.rows)
    question = W(
        f"The first {shown:,} of {people.total:,} users, largest first: {who.en}.",
        f"共 {people.total:,} 名用户，按金额从大到小列出前 {shown:,} 名：{who.zh}。",
    )

    def column(name: str) -> Column:
        if name in strata.by_key:
            return Column(name, "name", strata.key(name).words, strata.by_key[name].question)
        heading = words.PEOPLE.get(name) or words.plain(name)
        return Column(name, _PEOPLE_KINDS.get(name) or ("usdt" if name.endswith("_usdt") else "text"), heading, heading)

    rows: list[Row] = [
        {of: strata.name(of, value) if of in strata.by_key else value for of, value in zip(people.columns, row, strict=True)}
        for row in people.rows
    ]
    return Shape(name, question, tuple(map(column, people.columns))).table(f"people_{key}", rows)


# Can it be trusted


def _inputs(snapshot: ReportSnapshot) -> Table:
    rows: list[Row] = [
        {
            "table": table.name,
            "rows": table.rows,
            "first_day": table.first_day,
            "last_day": table.last_day,
            "days_behind": table.days_behind,
            "unknown": ", ".join(table.unknown) or None,
        }
        for table in snapshot.freshness.tables
    ]
    return shape("inputs").table("inputs", rows)


def _not_available(snapshot: ReportSnapshot, strata: Strata, figures: Sequence[Section]) -> Table:
    """What cannot be told, why, and what would make it available; each thing once."""
    found: dict[str, Row] = {}

    def note(what: Words, reason: str | None, remedy: str = "") -> None:
        if reason:
            told = {"what": what, "why": _in_both(reason), "remedy": _in_both(_remedy(reason) or remedy)}
            found.setdefault(what.en, dict(told))

    for key, reason in snapshot.freshness.unavailable.items() if snapshot.as_of else ():
        note(strata.key(key).words, reason)
    for number in _rows(snapshot.headline):
        note(words.NUMBERS[number.key][0], number.reason)
    for each in _rows(snapshot.worklists):
        note(words.listed(each.key, each.asks)[0], each.reason)
    for step in _rows(snapshot.activation):
        name = words.STEPS[step.step]
        note(W(f"Activation: {name.en}", f"激活链路：{name.zh}"), step.reason)
    for row in _rows(snapshot.concentration):
        name = words.MEASURES[row.measure]
        note(W(f"Concentration: {name.en}", f"集中度：{name.zh}"), row.reason)
    absent_growth = _absent_growth(figures)
    for section in figures:
        if isinstance(section, Absent):
            note(absent_growth.get(section.key, section.title), section.missing.reason, section.missing.remedy)
    return shape("not_available").table("not_available", found.values())


def _absent_growth(figures: Sequence[Section]) -> dict[str, Words]:
    """Tables of units that cannot be told by any period: said once, for the unit."""
    absent = {section.key for section in figures if isinstance(section, Absent)}
    told: dict[str, Words] = {}
    for unit, name in words.UNITS.items():
        keys = {f"growth_{unit}_{period}" for period in GROWTH_SHOWN}
        if keys <= absent:
            told |= dict.fromkeys(keys, W(f"Growth: {name.en.lower()}", f"增长：{name.zh}"))
    return told


def _rows(answer: Any) -> Iterable[Any]:
    return () if isinstance(answer, Missing) else answer.rows


def _in_both(text: str) -> Words:
    return Words(*(say.reason(text) for say in IN_BOTH))


def _lost(reason: str) -> Words:
    """What stands in the place of a figure that cannot be told."""
    return Words(*(say("Not available: ", "暂不可用：") + say.reason(reason) for say in IN_BOTH))


def _remedy(reason: str) -> str:
    """The next step that a reason asks for; empty where there is none."""
    if given := re.search(r"\bno (.+?) was given", reason):
        return f"Import {given[1]}, then close."
    if unknown := re.search(r"(\w+) is unknown in ([^;,.]+)", reason):
        return f"Give the column {unknown[1]} of {unknown[2]}."
    return ""


def _restatements(snapshot: ReportSnapshot) -> Table:
    rows: list[Row] = []
    for each in reversed(snapshot.freshness.restatements):
        for figure, pair in each["figures"].items():
            was, now = restated_figures(figure, pair)
            rows.append(
                {
                    "day": date.fromisoformat(str(each["day"])),
                    "figure": words.named(figure, words.FIGURES),
                    "unit": words.named("usdt" if isinstance(now, Decimal) else "count", words.COUNTED_IN),
                    "was": was,
                    "now": now,
                    "change": now - was,
                    "closed_again_at": str(each["at"])[:16].replace("T", " "),
                }
            )
    return shape("restatements").table("restatements", rows[:RESTATEMENTS_SHOWN])


def restated_figures(figure: str, pair: Iterable[int]) -> tuple[Any, Any]:
    """Was and is: money as Decimal USDT, everything else as it was counted."""
    was, now = (usdt(value) if figure.endswith("_usdt") else value for value in pair)
    return was, now


def _definitions(snapshot: ReportSnapshot, made: Iterable[Section]) -> Table:
    """What every metric, stratum, list and column means: its rule as text, and the version it was made with."""
    rows: list[Row] = []

    def note(where: Words, name: Words, key: str, meaning: Words | None, rule: str | None, version: str | None) -> None:
        rows.append({"where": where, "name": name, "key": key, "meaning": meaning, "rule": rule, "version": version})

    for metric in METRICS:
        name, about = words.NUMBERS.get(metric.key) or (words.plain(metric.key), W(metric.asks, metric.asks))
        hashes = (f"{each} {definition('springtide.analytics.metrics', each).hash}" for each in metric.definitions)
        note(
            W("Metrics", "指标"), name, metric.key, about, "; ".join(metric.formula), f"{metric.version} ({', '.join(hashes)})"
        )
    for stratification in snapshot.stratifications:
        stamp = _placed_by(snapshot, stratification)
        for stratum in stratification.strata:
            note(stratification.title, stratum.label, stratum.name, stratum.about, stratum.rule.text, stamp)
    for each in _rows(snapshot.worklists):
        name, who, _ = words.listed(each.key, each.asks)
        note(shape("worklists").title, name, each.key, who, each.rule, str(each.version))
    versions = {metric.key: f"{metric.key} {metric.version}" for metric in METRICS}
    seen = set()
    for section in made:
        for column in section.columns if isinstance(section, Table) else ():
            if (column.key, column.about) not in seen and not column.hides_zero:
                seen.add((column.key, column.about))
                version = versions.get(section.metric) if isinstance(section, Table) else None
                note(section.title, column.heading, column.key, column.about, said_formula(column) or None, version)
    for key, content in snapshot.definitions.items():
        about = W("definition with which the day was closed", "当日关账所用的定义")
        note(W("Daily close", "每日关账"), words.plain(key), key, about, None, content)
    return shape("definitions").table("definitions", rows)


def _placed_by(snapshot: ReportSnapshot, stratification: Stratification) -> str:
    """Version and hash of the definition that placed the users; the file may have been edited since."""
    used = () if isinstance(snapshot.sizes, Missing) else snapshot.sizes.stratifications
    stamp = next((each for each in used if each.key == stratification.key and each.version), stratification)
    return f"{stamp.version} {stamp.hash}"


def said_formula(column: Column) -> str:
    """A column's formula as people read it."""

    def refer(how: str, key: str) -> str:
        return {"": key, "^": f"{key} of the row above", ":": f"all {key}"}.get(how, f"{key} to {how}")

    return column.rendered(refer)
