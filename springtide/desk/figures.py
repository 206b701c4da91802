"""Figures as people read them: grouped, short where short is enough, in the member's language. Pure but for the language."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _

Amount = int | float | Decimal
NONE = "–"  # stands where there is no figure; never a zero

_SHORT_EN = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K"))
_SHORT_ZH = ((Decimal(10) ** 12, "万亿"), (Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万"))
_MINUS = "−"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _in_chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


def count(number: Amount | None) -> str:
    """All digits, grouped: 48,210."""
    return NONE if number is None else f"{number:,.0f}".replace("-", _MINUS)


def short(number: Amount | None) -> str:
    """Three figures and a unit: 1.24M, or 124万; below ten thousand all digits."""
    if number is None:
        return NONE
    size = abs(Decimal(str(number)))
    sign = _MINUS if number < 0 else ""
    if size < 10_000:
        digits = 0 if size == size.to_integral_value() or size >= 100 else 2
        return f"{sign}{size:,.{digits}f}"
    for unit, name in _SHORT_ZH if _in_chinese() else _SHORT_EN:
        # 999,600 is 1.00M, not 1000K: the unit is chosen after rounding.
        if size >= unit * Decimal("0.9995"):
            scaled = size / unit
            digits = 2 if scaled < Decimal("9.995") else 1 if scaled < Decimal("99.95") else 0
            return f"{sign}{scaled:,.{digits}f}{name}"
    return f"{sign}{size:,.0f}"


def money(usdt: Amount | None) -> str:
    """Short money; the unit stands in the label or beside it."""
    return short(usdt)


def exact_money(usdt: Amount | None) -> str:
    """Money with two decimals, grouped."""
    return NONE if usdt is None else f"{usdt:,.2f}".replace("-", _MINUS)


def ratio(share: float | None, digits: int = 1) -> str:
    """A share of one as a percentage."""
    return NONE if share is None else f"{share * 100:,.{digits}f}%".replace("-", _MINUS)


def signed_ratio(share: float | None) -> str:
    """A relative change: +4.2%. Beyond tenfold it is said as a multiple."""
    if share is None:
        return NONE
    if share >= 10:
        return f"×{share + 1:,.0f}"
    if abs(share) < 0.0005:
        return ratio(0.0)
    return ("+" if share > 0 else "") + ratio(share)


def signed(number: Amount | None) -> str:
    """A difference with its sign, all digits."""
    return NONE if number is None else ("+" if number > 0 else "") + count(number)


def signed_short(number: Amount | None) -> str:
    """A difference with its sign, short."""
    return NONE if number is None else ("+" if number > 0 else "") + short(number)


def day(when: date | None) -> str:
    """9 Jul 2025, or 2025年7月9日."""
    if when is None:
        return NONE
    if _in_chinese():
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def short_day(when: date) -> str:
    """9 Jul, or 7月9日: where the year is said elsewhere."""
    return f"{when.month}月{when.day}日" if _in_chinese() else f"{when.day} {_MONTHS[when.month - 1]}"


def span(since: date, until: date) -> str:
    """Days from one to another, or the one day."""
    return day(since) if since == until else _("%(since)s to %(until)s") % {"since": day(since), "until": day(until)}


def period(start: date, unit: str) -> str:
    """A day, a week by its Monday, or a month."""
    if unit != "month":
        return day(start)
    return f"{start.year}年{start.month}月" if _in_chinese() else f"{_MONTHS[start.month - 1]} {start.year}"


def instant(when: datetime | None, zone: ZoneInfo) -> str:
    """A time of day in the reporting zone."""
    if when is None:
        return NONE
    local = when.astimezone(zone)
    return f"{day(local.date())} {local:%H:%M}"


def hours(number: float | None) -> str:
    """A time between two steps: 35 min, 6.4 h, 12 days."""
    if number is None:
        return NONE
    if number < 1:
        return _("%(minutes)d min") % {"minutes": round(number * 60)}
    if number < 72:
        return _("%(hours)s h") % {"hours": f"{number:.1f}" if number < 10 else f"{number:.0f}"}
    return _("%(days)s days") % {"days": f"{number / 24:.0f}"}


def duration(seconds: float | None) -> str:
    """How long a piece of work took."""
    if seconds is None:
        return NONE
    if seconds < 60:
        return _("%(seconds)s s") % {"seconds": f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"}
    whole = timedelta(seconds=round(seconds))
    return str(whole)


def size(octets: int | None) -> str:
    """A file's size: 1.2 MB."""
    if octets is None:
        return NONE
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if octets >= unit:
            return f"{octets / unit:.1f} {name}"
    return f"{octets} B"
