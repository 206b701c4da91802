"""The daily brief: what a manager reads first in the morning, in sentences that can be read aloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from springtide.analytics.metrics.headline import HeadlineNumber
from springtide.analytics.strata import Words
from springtide.reports import words
from springtide.reports.sections import Section, Strata, movement_said, restated_figures, sections
from springtide.reports.snapshot import Missing, ReportSnapshot
from springtide.reports.speech import Speech, language, letters
from springtide.reports.tables import Table

RESTATED_DAYS = 5  # days and figures of restatements that are said; the rest is counted
RESTATED_FIGURES = 3


@dataclass(frozen=True)
class Part:
    """A heading and what is said under it. `points`: (name, sentence); the name may be empty."""

    title: str
    points: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Brief:
    """The brief in one language. Where `warnings` is not empty it stands before everything else."""

    title: str
    warnings: tuple[str, ...]
    opening: tuple[str, ...]
    parts: tuple[Part, ...]
    footer: tuple[str, ...]


def brief(snapshot: ReportSnapshot, language_name: str = "en", made: dict[str, Section] | None = None) -> Brief:
    """The brief of a snapshot.

    refuses    unknown_language
    """
    say = Speech(language(language_name))
    made = made or sections(snapshot)
    told = [_numbers(say, snapshot), _movements(say, snapshot), _lists(say, snapshot), _restated(say, snapshot)]
    parts = [*(part for part in told if part.points), _not_available(say, made)] if snapshot.as_of else told[:0]
    return Brief(
        title=" · ".join(" ".join(text.split()) for text in (snapshot.exchange, title(say, snapshot)) if text.strip()),
        warnings=tuple(warnings(say, snapshot)),
        opening=tuple(opening(say, snapshot)),
        parts=tuple(part for part in parts if part.points),
        footer=tuple(name + say(": ", "：") + value for name, value in about(say, snapshot)),
    )


def title(say: Speech, snapshot: ReportSnapshot) -> str:
    """What the report is called, with its day."""
    day = say.day(snapshot.as_of)
    return say("Daily brief for {day}", "{day}日报", day=day) if snapshot.as_of else say("Daily brief", "日报")


def warnings(say: Speech, snapshot: ReportSnapshot) -> Iterator[str]:
    """What must be known before any figure is read: nothing closed, old facts, days not closed, a look back."""
    if snapshot.as_of is None:
        yield say(
            "Nothing is closed yet, so there is no figure to report. Import facts, then run: springtide close",
            "尚未关账任何一天，没有可报告的数据。请先导入数据，再运行：springtide close",
        )
        return
    closed, through = snapshot.freshness.closed_through, snapshot.freshness.facts_through
    if snapshot.is_stale:
        yield say(
            "Do not rely on these figures: the last facts are of {facts}, {days} days before the day reported. Import what is missing,"
            " then close again.",
            "请勿依赖以下数据：最新数据截至{facts}，比报告日早 {days} 天。请补充导入后重新关账。",
            facts=say.day(through),
            days=snapshot.facts_behind,
        )
    if snapshot.open_days:
        yield say(
            "{days} day(s) with facts are not closed yet: closed through {closed}, facts through {facts}.",
            "有 {days} 天的数据尚未关账：已关账至{closed}，数据截至{facts}。",
            days=snapshot.open_days,
            closed=say.day(closed),
            facts=say.day(through),
        )
    if snapshot.as_of != closed:
        yield say(
            "This is a look back: days up to {closed} are closed.", "这是历史回看：已关账至{closed}。", closed=say.day(closed)
        )


def opening(say: Speech, snapshot: ReportSnapshot) -> Iterator[str]:
    """The answer in a sentence, and the market that it must be read against."""
    numbers = figures(say, snapshot)
    known = [each for each in numbers if each.change_ratio is not None]
    told = [
        *numbers[:1],
        *sorted(known[1:] if known[:1] == numbers[:1] else known, key=lambda each: -abs(each.change_ratio or 0))[:1],
    ]
    if told:
        said = (say("{name}: {said}", "{name}：{said}", name=each.name, said=each.said(say)) for each in told)
        yield say("; ", "；").join(said) + say(".", "。")
    if snapshot.as_of:
        yield regime(say, snapshot)


def regime(say: Speech, snapshot: ReportSnapshot) -> str:
    """The market on the as-of day, as a sentence."""
    found = snapshot.regime
    if found is None or found.regime is None:
        return say("The market regime is not known, so changes cannot be read against it.", "行情未知，无法对照行情解读变化。")
    said = say(
        "The market is {regime}: BTC {change} in 30 days",
        "行情{regime}：BTC 30 天 {change}",
        regime=say.words(words.REGIMES[found.regime]),
        change=say.signed_ratio(found.return_30d_ratio),
    )
    if found.is_high_volatility:
        said += say(", and unusually volatile", "，且波动异常偏高")
    return said + say(". Read every change against it.", "。请对照行情解读各项变化。")


@dataclass(frozen=True)
class Figure:
    """One of the five numbers in words: its value, and what it is compared with.

    `direction`: 1 up, -1 down, 0 the same or not known.
    """

    name: str
    value: str
    compared: str
    direction: int
    change_ratio: float | None
    is_missing: bool = False  # then `compared` says why

    def said(self, say: Speech) -> str:
        """'2,310, 1.2% less than in the 7 days before (2,338)'."""
        between = say(": ", "：") if self.is_missing else say(", ", "，")
        return self.value + between + self.compared if self.compared else self.value


def figures(say: Speech, snapshot: ReportSnapshot) -> list[Figure]:
    """The five numbers, those that cannot be told with the reason."""
    return [] if isinstance(snapshot.headline, Missing) else [_figure(say, each) for each in snapshot.headline.rows]


def _figure(say: Speech, number: HeadlineNumber) -> Figure:
    name = say.words(words.NUMBERS[number.key][0])
    if number.value is None:
        why = say.reason(number.reason or "").rstrip(".。")
        return Figure(name, say("not available", "暂不可用"), why[:1].lower() + why[1:], 0, None, is_missing=True)
    value = say.figure(number.value, number.unit)
    if number.before is None:
        return Figure(name, value, say("nothing to compare with yet", "暂无可比数据"), 0, None)
    before = say.figure(number.before, number.unit)
    is_of_a_day = number.key == "assets"
    against = say("7 days earlier", " 7 天前") if is_of_a_day else say("in the 7 days before", "之前 7 天")
    if number.change_ratio is None:
        return Figure(
            name, value, say("after {before} {against}", "{against}为 {before}", before=before, against=against), 0, None
        )
    change = round(number.change_ratio, 3)
    size = say.ratio(abs(change))
    direction = (change > 0) - (change < 0)
    en, zh = {
        1: ("{size} more than {against} ({before})", "比{against}增加 {size}（{before}）"),
        -1: ("{size} less than {against} ({before})", "比{against}减少 {size}（{before}）"),
        0: ("as {against}", "与{against}持平"),
    }[direction]
    compared = say(en, zh, size=size, against=against, before=before)
    return Figure(name, value, compared, direction, number.change_ratio)


def _numbers(say: Speech, snapshot: ReportSnapshot) -> Part:
    heading = say("Five numbers", "五个数字")
    if isinstance(snapshot.headline, Missing):
        return Part(heading, (("", say.reason(snapshot.headline.reason)),))
    return Part(heading, tuple((each.name, each.said(say) + say(".", "。")) for each in figures(say, snapshot)))


def _movements(say: Speech, snapshot: ReportSnapshot) -> Part:
    heading = say("What moved in the last seven days", "最近七天的重要变动")
    found = snapshot.movements
    if isinstance(found, Missing):
        return Part(heading, (("", say.reason(found.reason)),))
    if not found.rows:
        return Part(heading, (("", say("Nobody moved between strata.", "没有用户在分层之间迁移。")),))
    strata = Strata(snapshot)
    weighed = {
        "net_revenue_90d_usdt": ("Worth {money} of net revenue in 90 days.", "对应 90 天净收入 {money}。"),
        "equity_usdt": ("Worth {money} of assets.", "对应资产 {money}。"),
    }
    points = []
    for each in found.rows:
        said = movement_said(say, each, strata)
        if each.value_usdt is not None and found.measured_by in weighed:
            said += say(" ", "") + say(*weighed[found.measured_by], money=say.money(each.value_usdt))
        points.append(("", said))
    return Part(heading, tuple(points))


def _lists(say: Speech, snapshot: ReportSnapshot) -> Part:
    heading = say("Lists worth working today", "今日值得跟进的名单")
    found = snapshot.worklists
    if isinstance(found, Missing):
        return Part(heading, (("", say.reason(found.reason)),))
    points = []
    for each in found.rows:
        name, who, what = (say.words(text) for text in words.listed(each.key, each.asks))
        if each.reason:
            said = say("not available: ", "暂不可用：") + say.reason(each.reason)
        elif not each.users:
            said = say("nobody today.", "今日无人。")
        else:
            said = say.users(each.users)
            if each.value_usdt is not None:
                of = words.VALUES.get(each.value_of) or words.plain(each.value_of)
                said += say(", {money} of {of}", "，{of} {money}", money=say.money(each.value_usdt), of=say.words(of))
            said += say(". They {who}. {what}", "：{who}。{what}", who=who, what=what)
        points.append((name, said.strip()))
    return Part(heading, tuple(points))


def _restated(say: Speech, snapshot: ReportSnapshot) -> Part:
    heading = say("Figures that were restated", "数据重述")
    points = []
    for each in list(snapshot.restated)[:RESTATED_DAYS]:
        figures = list(each["figures"].items())
        moved = []
        for figure, pair in figures[:RESTATED_FIGURES]:
            was, now = restated_figures(figure, pair)
            kind = "usdt" if figure.endswith("_usdt") else "count"
            name = say.words(words.FIGURES.get(figure) or words.plain(figure))
            moved.append(f"{name} {say.figure(was, kind)} → {say.figure(now, kind)}")
        if len(figures) > RESTATED_FIGURES:
            moved.append(say("and {n} more", "另有 {n} 项", n=len(figures) - RESTATED_FIGURES))
        day = say.day(date.fromisoformat(str(each["day"])))
        points.append((day, say("closed again: ", "重新关账：") + say(", ", "，").join(moved) + say(".", "。")))
    if len(snapshot.restated) > RESTATED_DAYS:
        points.append(("", say("And {n} more days.", "另有 {n} 天。", n=len(snapshot.restated) - RESTATED_DAYS)))
    return Part(heading, tuple(points))


def _not_available(say: Speech, made: dict[str, Section]) -> Part:
    table = made["not_available"]
    assert isinstance(table, Table)
    lost: dict[str, list[str]] = {}  # why, and what would mend it → what is lost by it
    for row in table.rows:
        what, why, remedy = (say.words(cell) if isinstance(cell, Words) else "" for cell in row)
        lost.setdefault(say("{why} {how}", "{why}{how}", why=why, how=remedy).strip(), []).append(what)
    points = (
        ("", say("{why} Without it: {what}.", "{why}缺少：{what}。", why=why, what=say("; ", "、").join(what)))
        for why, what in lost.items()
    )
    return Part(say("Not available", "暂不可用"), tuple(points))


def about(say: Speech, snapshot: ReportSnapshot) -> list[tuple[str, str]]:
    """What a report carries about itself: as of, freshness, rows, versions, checksum."""
    freshness = snapshot.freshness
    sizes = None if isinstance(snapshot.sizes, Missing) else snapshot.sizes
    users = sum(row.users for row in sizes.rows if row.stratification == sizes.rows[0].stratification) if sizes else None
    versions = [f"{each.key} {each.version}" for each in sizes.stratifications if each.version] if sizes else []
    told = [
        (
            say("As of", "截至"),
            say("{day}, days in {zone}", "{day}（{zone} 时区）", day=say.day(snapshot.as_of), zone=snapshot.zone),
        ),
        (say("Closed through", "已关账至"), say.day(freshness.closed_through)),
        (say("Facts through", "数据截至"), say.day(freshness.facts_through)),
        (say("Users counted", "计入用户"), say.count(users)),
        (say("Rows of facts", "数据行数"), say.count(sum(table.rows for table in freshness.tables))),
        (say("Rows in quarantine", "隔离行数"), say.count(freshness.quarantined)),
        (say("Strata, version", "分层版本"), ", ".join(versions) or say("none", "无")),
        (say("Checksum", "校验码"), snapshot.checksum),
    ]
    return told


# Text and Markdown


def brief_text(snapshot: ReportSnapshot, language_name: str = "en") -> str:
    """The brief as plain text, for a terminal or a message."""
    say, told = Speech(language(language_name)), brief(snapshot, language_name)
    lines = [told.title, "=" * min(72, letters(told.title)), ""]
    for warning in told.warnings:
        lines += [f"!! {warning}", ""]
    for sentence in told.opening:
        lines += [sentence]
    for part in told.parts:
        lines += ["", part.title, "-" * letters(part.title)]
        lines += [
            f"  {number}. {name}{say(': ', '：')}{said}" if name else f"  {number}. {said}"
            for number, (name, said) in enumerate(part.points, 1)
        ]
    return "\n".join([*lines, "", *told.footer, ""])


def brief_markdown(snapshot: ReportSnapshot, language_name: str = "en") -> str:
    """The brief as Markdown; what came from data cannot become markup."""
    say, told = Speech(language(language_name)), brief(snapshot, language_name)
    lines = [f"# {_escaped(told.title)}", ""]
    for warning in told.warnings:
        lines += [f"> **⚠ {_escaped(warning)}**", ""]
    lines += ["  \n".join(map(_escaped, told.opening)), ""] if told.opening else []
    for part in told.parts:
        lines += [f"## {_escaped(part.title)}", ""]
        lines += [
            f"1. **{_escaped(name)}**{say(': ', '：')}{_escaped(said)}" if name else f"1. {_opened(said)}"
            for name, said in part.points
        ]
        lines += [""]
    return "\n".join([*lines, "---", "", "  \n".join(map(_escaped, told.footer)), ""])


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*<>\[\]|~])", r"\\\1", text)


def _opened(text: str) -> str:
    """The same at the beginning of a line, where more letters are markup."""
    return re.sub(r"^([#+=-]|\d+[.)](?=\s))", r"\\\1", _escaped(text))
