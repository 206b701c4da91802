"""Commands about change: why a metric moved, what broke out of its usual, what happened beside it, and what was found."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from springtide.analytics.metrics.changes import Span, Split
from springtide.cli.options import DAY, as_json, said, say, show, with_home
from springtide.cli.people import with_desk
from springtide.home import Home
from springtide.kernel import clock


class SpanType(click.ParamType[Span]):
    """Days written as 2026-03-01..2026-03-07."""

    name = "from..to"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span:
        return value if isinstance(value, Span) else Span.parse(value)


SPAN = SpanType()


@click.command()
@click.argument("metric")
@click.option("--then", type=SPAN, required=True, help="The period before, as 2026-02-01..2026-02-28.")
@click.option("--now", type=SPAN, required=True, help="The period that is another.")
@click.option(
    "--by",
    help="A stratification (default lifecycle), channel_id, country, language, user_type; product, factors, parts, flows.",
)
@click.option("--movers", is_flag=True, help="By who stayed in a stratum, who moved from which to which, and who is new.")
@as_json
@with_home
def why(home: Home, metric: str, then: Span, now: Span, by: str | None, movers: bool, wants_json: bool) -> None:
    """Why METRIC changed between two periods: contributions that add up to the change, to the last digit."""
    found = home.why(metric, then=then, now=now, by=by, movers=movers)
    if wants_json:
        say(found.as_dict())
        return
    if not isinstance(found.split, Split):
        click.echo(f"This cannot be told: {found.split.reason}.")
        return
    is_ratio = found.unit == "ratio"
    rows = [
        (row.group or "all", row.effect, row.then, row.now, float(row.amount) if is_ratio else row.amount) for row in found.rows
    ]
    told = [float(each) if is_ratio else each for each in (found.split.then, found.split.now, found.split.change)]
    change = "{}: {} → {}, a change of {}".format(metric, *map(said, told))
    show(change, ("group", "effect", "then", "now", "contribution"), rows)
    for name, regimes in (("then", found.regimes_then), ("now", found.regimes_now)):
        if regimes:
            click.echo(f"The market {name}: {', '.join(f'{days} days {regime}' for regime, days in regimes.items())}.")
    for note in found.beside:
        click.echo(f"{note.since} to {note.until}: {note.title} ({note.kind}).")


why.help = f"{why.help}\n\nMETRIC is any of those that `springtide metrics` lists."


@click.command()
@click.option("--metric", help="Only of this one.")
@click.option("--from", "since", type=DAY, help="Only those still seen on this day or later.")
@click.option("--open", "open_only", is_flag=True, help="Only those that nobody has answered.")
@as_json
@with_home
def signals(home: Home, metric: str | None, since: date | None, open_only: bool, wants_json: bool) -> None:
    """Which metrics broke out of what was usual, the newest first."""
    found = home.signals(metric=metric, since=since, open_only=open_only)
    if wants_json:
        say(found.as_dict())
        return
    rows = [
        (
            row.signal.day,
            " ".join(filter(None, (row.signal.metric, row.signal.group))),
            row.signal.direction,
            row.signal.value,
            row.signal.expected,
            f"{row.signal.low:,.4g} to {row.signal.high:,.4g}",
            row.signal.rule,
            row.state,
            row.owner,
            ", ".join(note.title for note in row.beside),
        )
        for row in found.rows
    ]
    columns = ("day", "metric", "", "seen", "expected", "usual", "rule", "state", "owner", "beside")
    show(f"Signals as of {found.as_of}", columns, rows)


@click.command()
@click.argument("title")
@click.option("--kind", required=True, help="campaign, listing, outage, release, market, rules, data, other")
@click.option("--from", "since", type=DAY, required=True, help="First day.")
@click.option("--to", "until", type=DAY, help="Last day; by default the first.")
@click.option("--metric", "metrics", multiple=True, help="What it may have moved; by default anything. Repeat it for several.")
@click.option("--group", "groups", multiple=True, help="Whom it touched, as channel_id=ads; by default everybody.")
@click.option("--text", default="", help="A few words more.")
@with_desk
def annotate(
    path: Path,
    title: str,
    kind: str,
    since: date,
    until: date | None,
    metrics: tuple[str, ...],
    groups: tuple[str, ...],
    text: str,
) -> None:
    """Note what happened on some days: TITLE stands beside the charts and changes of those days."""
    from springtide.operations.definitions import signals as actions  # Django is not every command's business

    key = actions.annotate(
        title, kind=kind, since=since, until=until, metrics=metrics, groups=groups, text=text, acting=None, now=clock.now()
    )
    click.echo(f"Noted as {key}: {title} ({since} to {until or since}).")


@click.command()
@click.argument("metric")
@click.argument("day", type=DAY)
@click.argument("direction", type=click.Choice(["up", "down"]))
@click.option("--as", "answered", type=click.Choice(["acknowledged", "explained", "none_found"]), required=True)
@click.option("--group", help="The group it is of, as channel_id=ads.")
@click.option("--note", default="", help="What was found.")
@click.option("--annotation", help="The key of the note that explains it.")
@click.option("--baseline-from", type=DAY, help="Explained: the level is another from this day on, and so is what is usual.")
@with_desk
def answer(
    path: Path,
    metric: str,
    day: date,
    direction: str,
    answered: str,
    group: str | None,
    note: str,
    annotation: str | None,
    baseline_from: date | None,
) -> None:
    """Answer the signal of METRIC that was seen on DAY: acknowledged, explained, or looked into and nothing found."""
    from springtide.analytics.metrics.signals import SignalAnswer
    from springtide.operations.definitions.reads import hash_in_force
    from springtide.operations.definitions.signals import answer_signal

    given = SignalAnswer(metric, group, day, direction, answered, note, annotation, baseline_from)
    answer_signal(given, acting=None, now=clock.now(), seen=hash_in_force("signal_answer", given.key))
    anew = f" The next close judges by a baseline from {baseline_from} on." if baseline_from else ""
    click.echo(f"Answered: {answered.replace('_', ' ')}.{anew}")


COMMANDS = (why, signals, annotate, answer)
