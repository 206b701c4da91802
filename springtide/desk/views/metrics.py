"""Metrics: what is the figure, and how is it defined? The catalogue with what broke out, and a page for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from springtide.analytics.metrics.reading import first_closed
from springtide.analytics.metrics.served import Served, served
from springtide.analytics.metrics.signals import SignalAnswer
from springtide.analytics.metrics.signals.watched import BY_KEY as WATCHED
from springtide.desk import metrics, words
from springtide.desk import tree as metric_tree
from springtide.desk.access import MemberRequest, needs
from springtide.desk.shell import shell_of
from springtide.desk.strip import long_text, short_text
from springtide.desk.words import told_error
from springtide.kernel import clock
from springtide.kernel.days import PERIODS, Period, parse_day
from springtide.kernel.errors import SpringtideError, UnknownName, suggest
from springtide.operations.definitions import reads
from springtide.operations.definitions.signals import annotate, answer_signal, own_metric
from springtide.operations.members import states as rights
from springtide.operations.members.models import Member

WEEKS = 13


@require_GET
@needs(rights.SEE_OVERVIEW)
def catalogue(request: MemberRequest) -> HttpResponse:
    """Open signals first, then every metric by theme; each theme comes by itself."""
    shell = shell_of(request)
    shell.home.lake.snapshot().require_closed()
    found = [metrics.shown_signal(each, shell.labels) for each in shell.home.signals(open_only=True).rows]
    return render(request, "metrics/metrics.html", {"signals": found, "themes": metrics.THEMES})


@require_GET
@needs(rights.SEE_OVERVIEW)
def theme(request: MemberRequest, name: str) -> HttpResponse:
    """The metrics of a theme, as a fragment."""
    if name not in metrics.THEMES:
        raise UnknownName(f"There is no theme '{name}'.", suggest(name, metrics.THEMES), code="unknown_theme")
    shell = shell_of(request)
    until = shell.home.lake.snapshot().require_closed()
    since = until - timedelta(days=7 * WEEKS - 1)
    lines = []
    for asked in metrics.theme(name):
        period = "week" if "week" in asked.periods else asked.periods[0]
        lines.append(metrics.line(asked, shell.home.metric(asked.key, period=period, since=since, until=until)))
    return render(request, "metrics/theme.html", {"lines": lines, "title": metrics.THEMES[name]})


@require_GET
@needs(rights.SEE_OVERVIEW)
def tree(request: MemberRequest) -> HttpResponse:
    """What a metric is made of; the figures come by themselves."""
    root, period, on = _branch(request)
    roots = [(key, words.metric(key)) for key in metric_tree.ROOTS]
    asked = {"root": root, "period": period, "on": on, "query": request.GET.urlencode()}
    return render(request, "metrics/tree.html", {**asked, "roots": roots, "periods": words.PERIODS})


@require_GET
@needs(rights.SEE_OVERVIEW)
def tree_figures(request: MemberRequest) -> HttpResponse:
    """The nodes with their figures and changes, as a fragment."""
    now, before = metric_tree.trees(shell_of(request).home, *_branch(request))
    root = metric_tree.shown(now, before)
    why = {
        "metric": now.root,
        "span": "own",
        "then": f"{before.since}..{before.until}" if before else "",
        "now": f"{now.since}..{now.until}",
    }
    context = {"root": root, "now": now, "before": before, "says": metric_tree.sentence(root, now), "why": why}
    return render(request, "metrics/tree_figures.html", context)


def _branch(request: MemberRequest) -> tuple[str, Period, date]:
    """Which tree, and over which period; by default that of net revenue over the last whole week."""
    snapshot = shell_of(request).home.lake.snapshot()
    asked, day = short_text(request.GET, "period") or "week", short_text(request.GET, "on")
    period = next((each for each in PERIODS if each == asked), None)
    if period is None:
        raise UnknownName(f"There is no period '{asked}'.", suggest(asked, PERIODS), code="unknown_period")
    last = metric_tree.last_whole(snapshot.require_closed(), period, first_closed(snapshot))
    return short_text(request.GET, "root") or "net_revenue", period, parse_day(day) if day else last


@require_GET
@needs(rights.SEE_OVERVIEW)
def page(request: MemberRequest, key: str) -> HttpResponse:
    """One metric: what it asks and how it is reckoned; its figures and its chart come by themselves."""
    shell, asked = shell_of(request), served(key)
    period = _period(request, asked)
    splits = [(each, shell.labels.stratification(each)) for each in shell.labels.by_key]
    splits += [(each, words.column(each)) for each in ("channel_id", "country", "language", "user_type")]
    splits += [("product", _("Product"))] if asked.products else []
    return render(
        request,
        "metrics/metric.html",
        {
            "metric": asked,
            "name": words.metric(key),
            "unit": metrics.UNITS[asked.unit],
            "period": period,
            "periods": {each: words.PERIODS[each] for each in asked.periods},
            "by": short_text(request.GET, "by"),
            "splits": splits,
            "query": request.GET.urlencode(),
            "is_watched": key in WATCHED,
        },
    )


@require_GET
@needs(rights.SEE_OVERVIEW)
def figures(request: MemberRequest, key: str) -> HttpResponse:
    """The figures of a metric by period, and by group where it is split."""
    shell, asked = shell_of(request), served(key)
    question: dict[str, Any] = {"period": _period(request, asked)}
    by, where = short_text(request.GET, "by"), shell.strip.rule
    if by:
        question["by"] = by
    if where != "true":
        question["where"] = where
    if by or where != "true":
        question["stood"] = "now"
    values = shell.home.metric(key, **question)
    told = metrics.by_period(asked, values, shell.labels, dict(shell.strip.filters)) if not values.reason else {}
    reason = words.reason(values.reason) if values.reason else ""
    return render(request, "metrics/figures.html", {"reason": reason, "period": values.period, "by": by, **told})


def _period(request: MemberRequest, asked: Served) -> str:
    return short_text(request.GET, "period") or ("week" if "week" in asked.periods else asked.periods[0])


@require_GET
@needs(rights.SEE_OVERVIEW)
def watch(request: MemberRequest, key: str) -> HttpResponse:
    """The control chart of a watched metric with its signals, its owner and what happened."""
    shell = shell_of(request)
    found = shell.home.signal_chart(key)
    owner = reads.in_force("signal_owner", key)
    chart, may_answer = metrics.control(found), request.member.may(rights.ANSWER_SIGNALS)
    return render(
        request,
        "metrics/watch.html",
        {
            "key": key,
            "chart": chart,
            "not_yet": "" if chart else _("It is too young, or counts too few, to be judged."),
            "signals": [metrics.shown_signal(each, shell.labels) for each in found.signals],
            "beside": found.beside,
            "owner": owner.body.get("owner", "") if owner else "",
            "may_answer": may_answer,
            "members": [
                (each.username, each.display_name) for each in Member.objects.filter(is_active=True).order_by("display_name")
            ]
            if may_answer
            else [],
            "states": {name: word for name, word in metrics.STATES.items() if name != "open"},
            "kinds": metrics.ANNOTATIONS,
        },
    )


@require_POST
@needs(rights.ANSWER_SIGNALS)
def answer(request: MemberRequest, key: str) -> HttpResponseRedirect:
    """What was found about a signal: seen, explained, or nothing found."""
    sent, shell = request.POST, shell_of(request)

    def write() -> None:
        found = next((each for each in shell.home.signals(metric=key).rows if each.signal.key == sent.get("signal")), None)
        if found is None:
            raise UnknownName(_("This signal is not there any more."), _("Reload the page."), code="unknown_signal")
        signal = found.signal
        begins = signal.day if sent.get("answer") == "explained" and sent.get("baseline") == "1" else None
        said = SignalAnswer(
            signal.metric, signal.group, signal.day, signal.direction, sent.get("answer", ""), sent.get("note", "").strip()
        )
        seen = reads.hash_in_force("signal_answer", said.key)
        answer_signal(replace(said, baseline_since=begins), acting=request.member, now=clock.now(), seen=seen)

    return _written(request, key, write, _("The answer is kept. The next close judges by it."))


@require_POST
@needs(rights.ANSWER_SIGNALS)
def own(request: MemberRequest, key: str) -> HttpResponseRedirect:
    """Who looks after a metric's signals."""

    def write() -> None:
        own_metric(key, request.POST.get("owner", ""), acting=request.member, now=clock.now())

    return _written(request, key, write, _("The owner is kept."))


@require_POST
@needs(rights.ANSWER_SIGNALS)
def note(request: MemberRequest, key: str) -> HttpResponseRedirect:
    """Note what happened, beside the figures."""
    sent = request.POST

    def write() -> None:
        annotate(
            sent.get("title", "").strip(),
            kind=sent.get("kind", ""),
            since=parse_day(sent.get("since", "")),
            until=parse_day(sent["until"]) if sent.get("until") else None,
            metrics=[key] if sent.get("only") == "1" else [],
            text=long_text(sent, "text"),
            acting=request.member,
            now=clock.now(),
        )

    return _written(request, key, write, _("It is noted, and stands beside every change of those days."))


def _written(request: MemberRequest, key: str, write: Callable[[], None], said: str) -> HttpResponseRedirect:
    try:
        write()
        messages.success(request, said)
    except SpringtideError as refused:
        messages.error(request, str(told_error(refused)))
    return redirect("metric", key=key)
