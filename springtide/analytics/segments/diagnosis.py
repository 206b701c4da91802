"""Where growth leaks: the standing problems sized in users, in what they hold, and in a year's net revenue.

A finding compares users who are stuck with their like: of the peers, so many got on, and one who got on brings so much. What those who
are stuck would do by themselves, as those did who were stuck a month ago, is no gain and is taken off. Every figure is of counted users.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any

import yaml

from springtide.analytics.daybook.spec import missing_columns
from springtide.analytics.daybook.tables import PROFILE_TYPES, PROFILES
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.answer import Answer
from springtide.analytics.metrics.reading import STRATA, kept_day, unavailable_strata
from springtide.analytics.rules import Rule
from springtide.analytics.segments.segment import COLUMNS
from springtide.analytics.strata import Words
from springtide.kernel.money import usdt

MONTH = timedelta(days=30)
YEAR_OF_90_DAYS = Decimal(365) / Decimal(90)
STUCK: Schema = (Column("user_no", "integer", False), Column("finding", "varchar"))


@dataclass(frozen=True)
class FindingRule:
    """How one finding is sized; see shipped/diagnosis.yml."""

    key: str
    problem: str
    title: Words
    rule: Rule
    peers: Rule
    reached: Rule
    moved_on: Rule

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c for each in (self.rule, self.peers, self.reached, self.moved_on) for c in each.columns))


@dataclass(frozen=True)
class DiagnosisRules:
    """The standing problems and their findings, in the order in which they take users."""

    version: int
    problems: Mapping[str, Words]
    among: Rule
    least_peers: int
    findings: tuple[FindingRule, ...]

    def stuck(self, finding: FindingRule) -> str:
        """The users of a finding as a rule that a selection reads: nobody of an earlier one."""
        earlier = self.findings[: self.findings.index(finding)]
        parts = [
            f"({self.among.text})",
            f"({finding.rule.text})",
            *(f"not coalesce({one.rule.text}, false)" for one in earlier),
        ]
        return " and ".join(parts)


@dataclass(frozen=True)
class Finding:
    """Users who are stuck, and what it would be worth if they got on as their like do.

    rule              opens exactly these users
    peers             their like
    rate_ratio        of their like, so many got on; null where they are too few to tell
    would             users, at that rate
    anyway            of these, who would get on by themselves, as those did who were stuck thirty days ago; null where not known
    yearly_usdt       net revenue of a year of those who would and would not anyway; null where not estimated
    reason            why something is null
    assumption        what the sizing takes for granted, as a sentence
    """

    key: str
    problem: str
    title: Words
    rule: str
    assumption: Words
    reason: str | None
    users: int | None = None
    equity_usdt: Decimal | None = None
    net_revenue_90d_usdt: Decimal | None = None
    peers: int | None = None
    rate_ratio: float | None = None
    would: int | None = None
    anyway: int | None = None
    value_usdt: Decimal | None = None
    yearly_usdt: Decimal | None = None


@dataclass(frozen=True)
class Problem:
    """A standing problem: the sums of its findings, which share no user. Null where no finding knows it."""

    key: str
    title: Words
    users: int | None
    equity_usdt: Decimal | None
    yearly_usdt: Decimal | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Diagnosis(Answer):
    """The standing problems, the one worth most first; their findings likewise."""

    as_of: date
    rows: tuple[Problem, ...]


def shipped_rules() -> DiagnosisRules:
    """The findings that ship."""
    text = resources.files(__package__).joinpath("shipped", "diagnosis.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)

    def finding(row: dict[str, Any]) -> FindingRule:
        rules = {name: Rule.parse(str(row[name]), COLUMNS) for name in ("rule", "peers", "reached", "moved_on")}
        return FindingRule(row["key"], row["problem"], Words(**row["title"]), **rules)

    return DiagnosisRules(
        content["version"],
        {row["key"]: Words(**row["title"]) for row in content["problems"]},
        Rule.parse(content["among"], COLUMNS),
        content["least_peers"],
        tuple(map(finding, content["findings"])),
    )


def diagnosis(engine: Engine, snapshot: Snapshot, rules: DiagnosisRules, *, as_of: date | None = None) -> Diagnosis:
    """The standing problems as of a kept day (default: the latest). A finding whose inputs are missing says so and has no figures.

    refuses    nothing_closed, not_kept
    """
    day = kept_day(snapshot, as_of)
    missing = missing_columns(snapshot.manifest) | unavailable_strata(snapshot, day)
    lacking = {
        one.key: f"{column}: {missing[column]}"
        for one in rules.findings
        if (column := next((c for c in (*rules.among.columns, *one.columns) if c in missing), None))
    }
    told = [one for one in rules.findings if one.key not in lacking]
    before = day - MONTH
    is_kept = before in snapshot.days("strata") and not unavailable_strata(snapshot, before)
    if is_kept and told:
        _attach(engine, snapshot, before)
        engine.make("stuck_before", _stuck_query(rules, told))
    else:
        engine.table("stuck_before", STUCK, ())
    figures: dict[str, tuple[int, ...]] = {}
    if told:
        _attach(engine, snapshot, day)
        engine.make("sized", _sized_query(rules, told))
        [row] = engine.rows(_figures_query(told)).values
        figures = {one.key: row[place * 9 : place * 9 + 9] for place, one in enumerate(told)}
    findings = [
        _finding(rules, one, figures.get(one.key), missing, lacking.get(one.key), is_kept=is_kept) for one in rules.findings
    ]
    problems = [_problem(key, title, [one for one in findings if one.problem == key]) for key, title in rules.problems.items()]
    return Diagnosis(day, tuple(sorted(problems, key=lambda one: (-(one.yearly_usdt or 0), -(one.users or 0)))))


def _attach(engine: Engine, snapshot: Snapshot, day: date) -> None:
    snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)
    snapshot.attach(engine, "strata", STRATA, since=day, until=day)


def _people(rules: DiagnosisRules, told: Sequence[FindingRule]) -> str:
    columns = dict.fromkeys(
        ("equity_usdt", "net_revenue_90d_usdt", "value", *rules.among.columns, *(c for one in told for c in one.columns))
    )
    picked = ", ".join(f"{'p' if name in PROFILE_TYPES else 's'}.{name}" for name in columns)
    return (
        f"people as (select p.user_no, {picked} from profiles as p inner join strata as s on p.user_no = s.user_no"
        " where p.is_counted)"
    )


def _finding_of(rules: DiagnosisRules, told: Sequence[FindingRule]) -> str:
    whens = " ".join(f"when ({one.rule.sql()}) then '{one.key}'" for one in told)
    return f"case when not coalesce({rules.among.sql()}, false) then null {whens} end as finding"


def _stuck_query(rules: DiagnosisRules, told: Sequence[FindingRule]) -> str:
    """(user_no, finding) of whoever was stuck on the attached day."""
    return f"with {_people(rules, told)} select user_no, {_finding_of(rules, told)} from people"


def _sized_query(rules: DiagnosisRules, told: Sequence[FindingRule]) -> str:
    """Every user once: in which finding, and for each whether a peer, one who got on, one who moved on."""
    columns = ", ".join(
        f"coalesce({one.peers.sql()}, false) as peer_{n}, coalesce(({one.peers.sql()}) and ({one.reached.sql()}), false) as got_{n},"
        f" coalesce({one.moved_on.sql()}, false) as moved_{n}"
        for n, one in enumerate(told)
    )
    return (
        f"with {_people(rules, told)} select user_no, equity_usdt, net_revenue_90d_usdt, value, {_finding_of(rules, told)},"
        f" {columns} from people"
    )


def _figures_query(told: Sequence[FindingRule]) -> str:
    """One row, nine figures for each finding. What one who got on is worth leaves the top 1 % out: a whale is nobody's like."""
    figures = []
    for n, one in enumerate(told):
        usual = f"s.got_{n} and coalesce(s.value, '') <> 'top1'"
        figures += [
            f"count(case when s.finding = '{one.key}' then 1 end) as users_{n}",
            f"cast(coalesce(sum(case when s.finding = '{one.key}' then s.equity_usdt end), 0) as bigint) as equity_{n}_usdt",
            f"cast(coalesce(sum(case when s.finding = '{one.key}' then s.net_revenue_90d_usdt end), 0) as bigint) as revenue_{n}_usdt",
            f"count(case when s.peer_{n} then 1 end) as peers_{n}",
            f"count(case when s.got_{n} then 1 end) as reached_{n}",
            f"count(case when {usual} then 1 end) as usual_{n}",
            f"cast(coalesce(sum(case when {usual} then s.net_revenue_90d_usdt end), 0) as bigint) as usual_{n}_usdt",
            f"count(case when b.finding = '{one.key}' then 1 end) as before_{n}",
            f"count(case when b.finding = '{one.key}' and s.moved_{n} then 1 end) as moved_{n}",
        ]
    return f"select {', '.join(figures)} from sized as s left join stuck_before as b on s.user_no = b.user_no"


def _finding(
    rules: DiagnosisRules,
    one: FindingRule,
    figures: tuple[int, ...] | None,
    missing: Mapping[str, str],
    lacking: str | None,
    *,
    is_kept: bool,
) -> Finding:
    if figures is None:
        nothing = Words("Not available: an input is missing.", "无法估算：缺少输入数据。")
        return Finding(one.key, one.problem, one.title, rules.stuck(one), nothing, lacking)
    users, equity, revenue, peers, reached, usual, usual_usdt, before, moved = figures
    anyway = users * moved // before if is_kept and before else None
    reason = None
    if peers < rules.least_peers:
        reason = f"only {peers} users are like them, and {rules.least_peers} are needed"
    elif not reached:
        reason = "none of their like got on"
    elif "net_revenue_90d_usdt" in missing:
        reason = f"net_revenue_90d_usdt: {missing['net_revenue_90d_usdt']}"
    rate = None if peers < rules.least_peers else reached / peers
    would = None if peers < rules.least_peers else users * reached // peers
    value = yearly = None
    if reason is None and usual and would is not None:
        value = (usdt(usual_usdt) / usual * YEAR_OF_90_DAYS).quantize(Decimal("0.01"))
        yearly = (max(0, would - (anyway or 0)) * value).quantize(Decimal("0.01"))
    return Finding(
        one.key,
        one.problem,
        one.title,
        rules.stuck(one),
        _assumption(one, peers, reached, would, anyway, value),
        reason,
        users,
        None if "equity_usdt" in missing else usdt(equity),
        None if "net_revenue_90d_usdt" in missing else usdt(revenue),
        peers,
        rate,
        would,
        anyway,
        value,
        yearly,
    )


def _assumption(
    one: FindingRule, peers: int, reached: int, would: int | None, anyway: int | None, value: Decimal | None
) -> Words:
    if would is None or value is None:
        return Words(
            "No sizing: their like are too few, or what they bring is not known.", "无法估算：同类用户太少，或其贡献未知。"
        )
    share = f"{100 * reached / peers:.1f} %"
    taken_en = (
        f" {anyway:,} are taken off, who would do so anyway: as many of those did who were stuck thirty days ago."
        if anyway is not None
        else " What they would do anyway is not taken off: the snapshot of thirty days ago is not kept."
    )
    taken_zh = (
        f"其中 {anyway:,} 人按三十天前同类停滞用户的自然比例会自行推进，已扣除。"
        if anyway is not None
        else "未扣除自然推进的部分：没有保留三十天前的快照。"
    )
    return Words(
        f"At the rate of their like, {would:,} would get on: {reached:,} of {peers:,} ({share}) of those with {one.peers.text}"
        f" did ({one.reached.text}).{taken_en} Each is taken to bring {value:,.2f} USDT a year, the mean of those who got on"
        " without the top 1 %.",
        f"按同类用户的比例，将有 {would:,} 人推进：满足 {one.peers.text} 的 {peers:,} 人中有 {reached:,} 人（{share}）做到了"
        f"（{one.reached.text}）。{taken_zh}每人每年按 {value:,.2f} USDT 计，即已推进者的平均值（不含最高 1 %）。",
    )


def _problem(key: str, title: Words, findings: Sequence[Finding]) -> Problem:
    def total(name: str) -> Any:
        known = [value for one in findings if (value := getattr(one, name)) is not None]
        return sum(known[1:], known[0]) if known else None

    ranked = tuple(sorted(findings, key=lambda one: (-(one.yearly_usdt or 0), -(one.users or 0))))
    return Problem(key, title, total("users"), total("equity_usdt"), total("yearly_usdt"), ranked)
