"""Commands about figures by period: which there are, one of them, and what it is made of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from springtide.analytics.metrics import Mean, Share
from springtide.analytics.metrics.acquisition import LEAST_USERS
from springtide.analytics.metrics.asset_changes import FIGURES
from springtide.cli.options import DAY, as_json, home_path, say, show, with_home
from springtide.home import Home, Selection
from springtide.home.users import MOST_ROWS
from springtide.kernel.days import PERIODS
from springtide.kernel.errors import BadInput


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
@click.option("--users", "wants_users", is_flag=True, help="The users behind the value of one period, from --from to --to.")
@click.option(
    "--limit", type=click.IntRange(1, MOST_ROWS), default=50, show_default=True, help="With --users: so many of them."
)
@click.option("--group", help="With --users and --by: of this group.")
@click.option(
    "--of", "side", type=click.Choice(["numerator", "denominator"]), default="numerator", help="With --users: of which."
)
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
    wants_users: bool,
    limit: int,
    group: str | None,
    side: str,
    wants_json: bool,
) -> None:
    """The metric KEY by day, week or month, with its numerator and denominator; with --users, who stands behind one value."""
    asked: dict[str, Any] = {"by": by, "period": period, "where": where, "stood": "now" if stands_now else "then"}
    if wants_users:
        if since is None or until is None:
            raise BadInput(
                "Which value is not said.", "Give its period's first day and last day: --from, --to.", code="bad_cell"
            )
        behind = home.metric_users(key, since=since, until=until, group=group, side=side, **asked)
        users = home.users(Selection(chosen=behind.user_nos), limit=limit)
        say(users.as_dict()) if wants_json else show(f"{users.total:,} users", users.columns, users.rows)
        return
    found = home.metric(key, since=since, until=until, **asked)
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


@click.command()
@click.option("--from", "since", type=DAY, help="The first day of registration; by default 90 days before the last.")
@click.option("--to", "until", type=DAY, help="The last day of registration; by default the last whose 37 days have passed.")
@click.option("--least", type=click.IntRange(1), default=LEAST_USERS, show_default=True, help="Users that a rank needs.")
@as_json
@with_home
def acquisition(home: Home, since: date | None, until: date | None, least: int, wants_json: bool) -> None:
    """Channels ranked by what their users brought, with what they cost and how many were kept."""
    found = home.acquisition(since=since, until=until, least_users=least)
    if wants_json:
        say(found.as_dict())
        return
    columns = (
        "rank",
        "channel_id",
        "registrations",
        "first_deposits",
        "first_trades",
        "kept",
        "linked",
        "ltv_30",
        "cpa",
        "payback_days",
    )
    rows = [[_figure(getattr(row, name)) for name in columns] for row in found.rows]
    show(f"Users registered from {found.since} to {found.until}", columns, rows, note="In brackets: the likely range, 95 %.")
    for column, reason in found.reasons.items():
        click.echo(f"{column} is not available: {reason}.")


def _figure(figure: Any) -> Any:
    """`31.4 % (28.9–34.0)`, `4.20 (3.10–5.30)`, or the figure as it is."""
    match figure:
        case Share(value=float(value), low=float(low), high=float(high)):
            return f"{value:.1%} ({low * 100:.1f}–{high * 100:.1f})"
        case Share():
            return None
        case Mean(value=value, low=Decimal() as low, high=Decimal() as high):
            return f"{value:,.2f} ({low:,.2f}–{high:,.2f})"
        case Mean(value=value):
            return f"{value:,.2f}"
    return figure


@click.command("cohort-quality")
@click.option("--from", "since", type=DAY, help="A day of the first week; by default 26 weeks before the last.")
@click.option("--to", "until", type=DAY, help="A day of the last week; by default the last closed day.")
@click.option("--channel", "channel_id", help="Only users of this channel.")
@as_json
@with_home
def cohort_quality(home: Home, since: date | None, until: date | None, channel_id: str | None, wants_json: bool) -> None:
    """Of those who first traded in a week, who came back in one of the eight weeks after."""
    found = home.cohort_quality(since=since, until=until, channel_id=channel_id)
    if wants_json:
        say(found.as_dict())
        return
    rows = [(row.cohort, row.users, _figure(row.back), "" if row.is_complete else "so far") for row in found.rows]
    show(
        "Who came back at all, by week of the first trade",
        ("week", "users", "back", ""),
        rows,
        note="In brackets: the likely range, 95 %.",
    )


@click.command("asset-changes")
@click.option("--period", type=click.Choice(PERIODS), default="week", show_default=True)
@click.option("--from", "since", type=DAY, help="The first day; by default 30 days, 13 weeks or a year back.")
@click.option("--to", "until", type=DAY, help="The last day; by default the last closed one.")
@as_json
@with_home
def asset_changes(home: Home, period: str, since: date | None, until: date | None, wants_json: bool) -> None:
    """What moved the assets: net deposits, prices, trading, fees, rewards and the rest, which add up to the change."""
    found = home.asset_changes(period=period, since=since, until=until)
    if wants_json:
        say(found.as_dict())
        return
    columns = ("since", "until", "before", *FIGURES[3:], "after", "reason")
    show("What moved the assets", columns, [[getattr(row, name) for name in columns] for row in found.rows])


@click.command("concentration-trend")
@click.option("--from", "since", type=DAY, help="The first day; by default the first that is kept.")
@click.option("--to", "until", type=DAY, help="The last day; by default the last closed one.")
@as_json
@with_home
def concentration_trend(home: Home, since: date | None, until: date | None, wants_json: bool) -> None:
    """How concentration grew and shrank over the days whose snapshots are kept."""
    found = home.concentration_trend(since=since, until=until)
    if wants_json:
        say(found.as_dict())
        return
    columns = ("day", "measure", "users", "top_percent_ratio", "top_users_ratio", "gini", "hhi")
    show("Concentration by day", columns, [[getattr(row, name) for name in columns] for row in found.rows])


COMMANDS = (metrics, metric, acquisition, cohort_quality, asset_changes, concentration_trend)
