"""Filters over `springtide.desk.figures`, links that carry the filters along, and the line of a trend."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from springtide.analytics.facts import Problem, contract
from springtide.analytics.facts.checking import sentence
from springtide.desk import figures, rules, words
from springtide.desk.figures import Amount
from springtide.desk.tiles import UserPage
from springtide.home.refused import BrokenRule, RefusedRow
from springtide.operations.jobs.reads import JobSeen

register = template.Library()

for name in (
    "count", "short", "exact_money", "ratio", "signed_ratio", "signed", "signed_short", "day", "hours", "duration"
):  # fmt: skip
    register.filter(name, getattr(figures, name))
register.filter("file_size", figures.size)
register.filter("regime", words.regime)
register.filter("period", figures.period)
register.filter("as_query", urlencode)


@register.filter
def ratio_plain(number: float) -> str:
    """A ratio of two amounts: 1.24."""
    return f"{number:.2f}"


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """A value of a mapping by a key that is itself a variable."""
    return mapping.get(key)


@register.filter
def exactly(number: Amount, is_money: bool) -> str:
    """All digits; money with its decimals."""
    return figures.exact_money(number) if is_money else figures.count(number)


@register.filter
def difference(now: Amount, was: Amount) -> Amount:
    """What a figure moved by."""
    return Decimal(str(now)) - Decimal(str(was))


@register.filter
def title_of(labels: words.Labels, key: str) -> str:
    """The name of a stratification."""
    return labels.stratification(key)


@register.filter
def broken(row: BrokenRule | RefusedRow | Problem) -> str:
    """What is wrong with a refused row, in the member's language."""
    says = sentence(contract(row.table), row.column, row.rule) if isinstance(row, Problem) else row.says
    return words.broken(row.column, row.rule, says)


@register.filter
def as_taken(value: Any) -> str:
    """A value of a preview as it will be kept."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


@register.simple_tag
def told_of(error: Mapping[str, str]) -> words.Told:
    """A kept error (code, message, hint) in the member's language."""
    return words.told(error.get("code", ""), error.get("message", ""), error.get("hint", ""))


@register.simple_tag
def quarantine_link(rule: BrokenRule) -> str:
    """The rows of one file that break one rule."""
    return _address(reverse("quarantine"), {"table": rule.table, "file": rule.file, "rule": rule.rule})


@register.filter
def work_name(job: JobSeen) -> str:
    """What a job is, in words."""
    return words.work(job.kind, job.payload)


@register.filter
def approval_kind(key: str) -> str:
    """What kind of thing is approved."""
    return str(words.APPROVAL_KINDS.get(key) or words.plain(key))


@register.filter
def approval_state(key: str) -> str:
    """How an approval stands."""
    return str(words.APPROVAL_STATES.get(key) or words.plain(key))


@register.filter
def approval_line(key: str) -> str:
    """What a line of a difference is about."""
    return str(words.APPROVAL_LINES.get(key) or words.plain(key))


@register.simple_tag(takes_context=True)
def in_words(context: Mapping[str, Any], rule: str) -> str:
    """A rule's text in a person's words."""
    return rules.in_words(rule, context["shell"].labels)


@register.filter
def iso_day(text: str) -> str:
    """A day that was kept as text."""
    return figures.day(date.fromisoformat(text))


@register.filter
def unlocalize_number(number: Amount | None) -> str:
    """A number for an attribute that machines read."""
    return str(number or 0)


@register.filter
def percent_of(part: Amount | None, whole: Amount | None) -> str:
    """A width in per cent for a bar: a plain number with a point, whatever the language."""
    if not part or not whole:
        return "0"
    return f"{min(100.0, 100 * float(part) / float(whole)):.2f}"


@register.simple_tag(takes_context=True)
def instant(context: Mapping[str, Any], when: datetime | None) -> str:
    """A time in the reporting zone of the home."""
    return figures.instant(when, context["shell"].zone)


@register.simple_tag(takes_context=True)
def link(context: Mapping[str, Any], page: str, *args: Any, **query: Any) -> str:
    """The address of a page with the filters of the strip; named values are added, and an empty one takes a filter away."""
    return _address(reverse(page, args=args), {**context["shell"].strip.as_query(), **query})


@register.simple_tag(takes_context=True)
def tab(context: Mapping[str, Any], parameter: str, value: str) -> str:
    """The address of the Overview as it is, with one choice changed."""
    return _address(reverse("overview"), {**context["request"].GET.dict(), parameter: value})


@register.simple_tag
def tile_address(tile: str, parameter: str, value: str) -> str:
    """The address of a tile with one choice changed; what else the page's address says, the tile's view knows."""
    return f"{reverse('tile', args=[tile])}?{urlencode({parameter: value})}"


@register.simple_tag(takes_context=True)
def same_list(context: Mapping[str, Any], **changed: Any) -> str:
    """The address of the list that is open, with page or order changed."""
    request = context["request"]
    return _address(request.path, {**request.GET.dict(), **changed})


@register.simple_tag(takes_context=True)
def sort_link(context: Mapping[str, Any], key: str, page: UserPage) -> str:
    """The address of the open list sorted by a column: the largest first, at the second click the smallest."""
    falls = page.order != key or not page.descending
    return same_list(context, order=f"-{key}" if falls else key, page=None)


@register.simple_tag
def question_link(question: Mapping[str, Any]) -> str:
    """The address of Explore with a question."""
    return _address(reverse("explore"), {"q": json.dumps(question, separators=(",", ":"))})


@register.simple_tag
def cell_query(question: str, opens: Mapping[str, Any]) -> str:
    """What opens the users of a cell of an answer."""
    return urlencode({"question": question, "open": json.dumps(opens, separators=(",", ":"))})


@register.simple_tag
def where(text: str) -> str:
    """What opens the users whom a text takes."""
    return urlencode({"where": text})


@register.simple_tag
def where_segment(key: str) -> str:
    """What opens the users of a segment."""
    return where(f"segment('{key}')")


@register.filter
def share_of(part: Amount, whole: Amount) -> str:
    """A part as a share of the whole."""
    return figures.ratio(float(part) / float(whole)) if whole else figures.NONE


@register.simple_tag
def tile_query(question: str, number: int) -> str:
    """What a tile of a dashboard asks."""
    return urlencode({"q": question, "place": f"tile-{number}"})


@register.simple_tag
def spark(values: Sequence[Amount]) -> SafeString | str:
    """A small line without axes, for the eye; the figures stand beside it."""
    if len(values) < 2 or not any(values):
        return ""
    low, high = float(min(values)), float(max(values))
    span, width, height = (high - low) or 1.0, 64, 16
    points = " ".join(
        f"{n * width / (len(values) - 1):.1f},{height - (float(v) - low) / span * height if high > low else height / 2:.1f}"
        for n, v in enumerate(values)
    )
    return format_html(
        '<svg class="spark" width="{}" height="{}" viewBox="-1 -1 {} {}" aria-hidden="true">'
        '<polyline points="{}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/></svg>',
        width + 2, height + 2, width + 2, height + 2, points,
    )  # fmt: skip


def _address(path: str, query: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in query.items() if value not in (None, "")}
    return path + (f"?{urlencode(kept)}" if kept else "")
