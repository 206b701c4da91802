"""How a report speaks: its sentences in English or 简体中文, side by side, and figures as people of that language read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from springtide.analytics.strata import Words
from springtide.kernel.errors import UnknownName, suggest

Language = Literal["en", "zh-hans"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-hans")
Amount = int | float | Decimal

NONE = "–"  # stands where there is no figure; never a zero
_MINUS = "−"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT_EN = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))
_SHORT_ZH = ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万"))


def language(name: str) -> Language:
    """The language of that name, in any case.

    refuses    unknown_language
    """
    for known in LANGUAGES:
        if name.lower() == known:
            return known
    raise UnknownName(f"Reports do not speak '{name}'.", suggest(name.lower(), LANGUAGES), code="unknown_language")


@dataclass(frozen=True)
class Speech:
    """One language. Called with a sentence in both, it says its own; `{names}` are filled in."""

    language: Language

    @property
    def is_chinese(self) -> bool:
        return self.language == "zh-hans"

    def __call__(self, en: str, zh: str, /, **parts: object) -> str:
        return (zh if self.is_chinese else en).format(**parts)

    def words(self, words: Words) -> str:
        """A text that carries both languages."""
        return words.within(self.language)

    # Figures

    def count(self, number: Amount | None) -> str:
        """All digits, grouped: 48,210."""
        return NONE if number is None else f"{number:,.0f}".replace("-", _MINUS)

    def short(self, number: Amount | None) -> str:
        """Three figures and a unit: 1.24M, or 124万; below ten thousand all digits, small amounts with two decimals."""
        if number is None:
            return NONE
        size, sign = abs(Decimal(str(number))), _MINUS if number < 0 else ""
        if size < 10_000:
            whole = size == size.to_integral_value() or size >= 100
            return f"{sign}{size:,.0f}" if whole else f"{sign}{size:,.2f}"
        for unit, name in _SHORT_ZH if self.is_chinese else _SHORT_EN:
            # 999,600 is 1.00M, not 1000K: the unit is chosen after rounding.
            if size >= unit * Decimal("0.9995"):
                scaled = size / unit
                return f"{sign}{scaled:,.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}{name}"
        return f"{sign}{size:,.0f}"

    def money(self, usdt: Amount | None) -> str:
        """Short money with its currency."""
        return NONE if usdt is None else f"{self.short(usdt)} USDT"

    def figure(self, value: Amount | None, kind: str) -> str:
        """A count or an amount of money, as the kind of its column says."""
        if kind == "ratio":
            return self.ratio(None if value is None else float(value))
        if kind == "usdt":
            return self.money(value)
        is_small_mean = isinstance(value, float) and abs(value) < 100  # two traders a day may be 1.6 or 2.4
        return f"{value:,.1f}".replace("-", _MINUS) if is_small_mean else self.count(value)

    def users(self, number: int) -> str:
        """So many users: '1 user', '48,210 users'."""
        return self("{n} user" if number == 1 else "{n} users", "{n} 名用户", n=self.count(number))

    def ratio(self, share: float | None, digits: int = 1) -> str:
        """A share of one as a percentage."""
        return NONE if share is None else f"{share * 100:,.{digits}f}%".replace("-", _MINUS)

    def signed_ratio(self, share: float | None) -> str:
        """A share with its sign, such as a return: +4.2%."""
        return NONE if share is None else ("+" if share > 0 else "") + self.ratio(share)

    def day(self, when: date | None) -> str:
        """9 Jul 2025, or 2025年7月9日."""
        if when is None:
            return NONE
        if self.is_chinese:
            return f"{when.year}年{when.month}月{when.day}日"
        return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"

    def hours(self, number: float | None) -> str:
        """A time between two steps: 35 min, 6.4 h, 12 days."""
        if number is None:
            return NONE
        if number < 1:
            return self("{n} min", "{n} 分钟", n=round(number * 60))
        if number < 72:
            return self("{n} h", "{n} 小时", n=f"{number:.1f}" if number < 10 else f"{number:.0f}")
        return self("{n} days", "{n} 天", n=f"{number / 24:.0f}")

    def reason(self, reason: str) -> str:
        """Why something is not available, as a sentence without the column it was found out by.

        Analytics give reasons in English; the usual ones are known in Chinese.
        """
        reason = re.sub(r"^(This is not available: )?([a-z0-9_]+: )?", "", reason)
        if self.is_chinese:
            for pattern, chinese in _REASONS:
                reason = re.sub(pattern, chinese, reason)
        reason = reason.rstrip(".。")
        return reason and reason[:1].upper() + reason[1:] + self(".", "。")


def letters(text: str) -> int:
    """How many columns of a terminal or a sheet the text takes: Chinese letters take two."""
    return max((sum(2 if ord(letter) > 0x2E7F else 1 for letter in line) for line in text.split("\n")), default=0)


# What analytics say when something cannot be told; applied one after the other, so a reason may be made of several.
_REASONS: tuple[tuple[str, str], ...] = (
    (r"Import what is missing, then close\.", "补充导入所缺数据，然后关账。"),
    (r"given aggregates \(user_days\)", "聚合表 user_days"),
    (r"\bno (.+?) was given", r"未提供 \1"),
    (r"(\w+) is unknown in (\w[^;,.]*)", r"\2 中 \1 未知"),
    (r"the source counts by week, so days within it are not known", "数据源按周汇总，不知道周内各天"),
    (r"Import prices of BTC, then close\.", "导入 BTC 价格，然后关账。"),
    (r"Import (.+?), then close\.", r"导入 \1，然后关账。"),
    (r"Give the column (\w+) of (\w[^.]*)\.", r"在 \2 中提供列 \1。"),
    (r"users are derived from their activity, so when they registered is not known", "用户由活动数据推导，不知道注册时间"),
    (r"nobody registered from (\S+) to (\S+)", r"\1 至 \2 无人注册"),
    (r"no prices of BTC are known for these days", "没有这些日期的 BTC 价格"),
    (r"it is told of the last closed day only", "仅提供最后关账日的数据"),
    (r"Ask as of (\S+)\.", r"请查看 \1。"),
    (r"There is no snapshot of (\S+)\.", r"没有 \1 的快照。"),
    (
        r"Snapshots are kept for 35 days and at month ends; the nearest is (\S+)\.",
        r"快照保留 35 天及每月月末；最近的一份是 \1。",
    ),
    (r"Ask by week or by month\.", "请按周或按月查看。"),
    (r"No day is closed yet\.", "尚未关账任何一天。"),
    (r"Import facts, then run: springtide close", "先导入数据，再运行：springtide close"),
    (r"(?<=\S) or (?=\S)", " 或 "),
    (r"(?<=\w): (?=\S)", "："),
)
