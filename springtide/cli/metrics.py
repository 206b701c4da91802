"""Commands about figures by period: which there are, one of them, and what it is made of."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from springtide.cli.options import DAY, as_json, home_path, say, show, with_home
from springtide.home import Home
from springtide.kernel.days import PERIODS


@click.group(invoke_without_command=True)
@as_json
@home_path
def metrics(path: Path, wants_json: bool) -> None:
    """The metrics that can be asked for by period, with what each asks and whether it can be told."""
    if click.get_current_context().invoked_subcommand:
        return  # which opens its own home
    found = Home(path).metrics()
    if wants_json:
        say(found.as_list())
        return
    for theme in dict.fromkeys(entry.theme for entry in found.rows):
        rows = [(one.key, one.asks, one.unit, one.reason or "") for one in found.rows if one.theme == theme]
        show(theme.capitalize(), ("metric", "asks", "unit", "not available"), rows)


@metrics.command()
@click.argument("root", default="net_revenue")
@click.option("--period", type=click.Choice(PERIODS), default="week", show_default=True)
@click.option("--on", "day", type=DAY, help="A day of the period; by default the last closed one.")
@as_json
@with_home
def tree(home: Home, root: str, period: str, day: date | None, wants_json: bool) -> None:
    """What ROOT is the sum or the product of, down to the last; the parts give the whole exactly."""
    found = home.metric_tree(root, period=period, on=day)
    if wants_json:
        say(found.as_dict())
        return
    rows = [
        (f"{'  ' * row.depth}{row.sign or ''} {row.key}".rstrip(), row.value, row.unit, row.reason or "") for row in found.rows
    ]
    show(f"{root} from {found.since} to {found.until}", ("metric", "value", "unit", "not available"), rows)


@click.command()
@click.argument("key")
@click.option("--by", help="A stratification, channel_id, country, language, user_type, or product.")
@click.option("--period", type=click.Choice(PERIODS), help="By default the shortest by which it is told.")
@click.option("--from", "since", type=DAY, help="The first day; by default 30 days, 13 weeks or a year back.")
@click.option("--to", "until", type=DAY, help="The last day; by default the last closed one.")
@click.option("--where", help="Only users of whom this holds, such as \"country = 'BR'\".")
@click.option("--now", "stands_now", is_flag=True, help="Users stand in their strata as they do now, not as they did then.")
@as_json
@with_home
def metric(
    home: Home,
    key: str,
    by: str | None,
    period: str | None,
    since: date | None,
    until: date | None,
    where: str | None,
    stands_now: bool,
    wants_json: bool,
) -> None:
    """The metric KEY by day, week or month, with its numerator and denominator."""
    stood = "now" if stands_now else "then"
    found = home.metric(key, by=by, period=period, since=since, until=until, where=where, stood=stood)
    if wants_json:
        say(found.as_dict())
    elif found.reason:
        click.echo(f"{key} is not available: {found.reason}.")
    else:
        columns = ("since", "until", *(("group",) if by else ()), "value", "numerator", "denominator", "is_complete", "reason")
        show(
            f"{key} by {found.period}, in {found.unit}",
            columns,
            [[getattr(row, name) for name in columns] for row in found.rows],
        )


COMMANDS = (metrics, metric)
