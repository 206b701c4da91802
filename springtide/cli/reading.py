"""Commands that read: strata, moves, growth, states, activation, the market, freshness, a rebuild, the brief and the report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from springtide.analytics.metrics.answer import Answer
from springtide.cli.options import DAY, as_json, progress_bar, say, show, with_home
from springtide.home import Home, Selection

since_until = (
    click.option("--from", "since", type=DAY, help="First day."),
    click.option("--to", "until", type=DAY, help="Last day."),
)


def _range(command: Any) -> Any:
    for option in reversed(since_until):
        command = option(command)
    return command


def _answer(title: str, answer: Answer, *, hide: tuple[str, ...] = ()) -> None:
    """An answer as a table: a column for every field of its rows."""
    rows = answer.as_list()
    columns = [name for name in (rows[0] if rows else {}) if name not in hide]
    show(title, columns, [[getattr(row, name) for name in columns] for row in answer.rows])


@click.command()
@click.option("--on", "day", type=DAY, help="A kept day: one of the last 35, or a month's end. Default: the last closed day.")
@click.option("--everyone", is_flag=True, help="Count employees, tests and market makers too.")
@as_json
@with_home
def strata(home: Home, day: date | None, everyone: bool, wants_json: bool) -> None:
    """How many users stand in each stratum."""
    found = home.strata(day, everyone=everyone)
    if wants_json:
        say(found.as_dict())
        return
    for each in found.stratifications:
        title = f"{each.key} (version {each.version}) on {found.as_of}"
        if each.reason:
            click.echo(f"{title}: not available: {each.reason}.")
        else:
            rows = [(row.stratum, row.users, row.change) for row in found.rows if row.stratification == each.key]
            show(title, ("stratum", "users", f"since {found.before}" if found.before else "change"), rows)


@click.command()
@_range
@click.option("--stratification", help="Only this one.")
@as_json
@with_home
def moves(home: Home, since: date | None, until: date | None, stratification: str | None, wants_json: bool) -> None:
    """Who moved from which stratum to which; by default on the last closed day."""
    found = home.moves(since=since, until=until, stratification=stratification)
    if wants_json:
        say(found.as_dict())
        return
    rows = [(flow.stratification, flow.from_stratum or "(new)", flow.to_stratum, flow.users) for flow in found.rows]
    show(f"Moves from {found.since} to {found.until}", ("stratification", "from", "to", "users"), rows)


@click.command()
@click.option("--unit", type=click.Choice(["users", "assets", "revenue"]), default="users", show_default=True)
@click.option("--period", type=click.Choice(["day", "week", "month"]), default="week", show_default=True)
@click.option("--product", help="trading (default), spot, contract, platform, or a product of given aggregates.")
@_range
@as_json
@with_home
def growth(
    home: Home, unit: str, period: str, product: str | None, since: date | None, until: date | None, wants_json: bool
) -> None:
    """Of those active: who is new, who stayed, who came back; and who left."""
    found = home.growth(unit=unit, period=period, product=product, since=since, until=until)
    if wants_json:
        say(found.as_list())
    else:
        _answer(f"Growth accounting: {unit} by {period}, as of {found.as_of}", found)


@click.command()
@click.option("--product", default="trading", show_default=True)
@_range
@as_json
@with_home
def states(home: Home, product: str, since: date | None, until: date | None, wants_json: bool) -> None:
    """The seven daily states, and DAU, WAU and MAU that they add up to."""
    found = home.daily_states(product=product, since=since, until=until)
    if wants_json:
        say(found.as_dict())
    else:
        _answer(f"Daily states in {product}", found)


@click.command()
@click.option("--on", "day", type=DAY, help="As of a day; by default the last closed one.")
@as_json
@with_home
def activation(home: Home, day: date | None, wants_json: bool) -> None:
    """From registration to the first contract trade: how many of those old enough took each step in time."""
    found = home.activation(day)
    if wants_json:
        say(found.as_dict())
    else:
        _answer("Activation chain", found)


@click.command()
@as_json
@with_home
def concentration(home: Home, wants_json: bool) -> None:
    """How much of assets, volume and revenue lies with how few."""
    found = home.concentration()
    if wants_json:
        say(found.as_dict())
    else:
        _answer("Concentration", found)


@click.command()
@_range
@as_json
@with_home
def market(home: Home, since: date | None, until: date | None, wants_json: bool) -> None:
    """The market's regime by day: bull, bear or flat, and whether it was unusually volatile."""
    found = home.market(since=since, until=until)
    if wants_json:
        say(found.as_dict())
    else:
        _answer("Market", found)


@click.command()
@click.argument("rule", default="true")
@click.option("--on", "day", type=DAY, help="A kept day; by default the last closed one.")
@click.option("--limit", type=click.IntRange(0, 100_000), default=20, show_default=True)
@as_json
@with_home
def users(home: Home, rule: str, day: date | None, limit: int, wants_json: bool) -> None:
    """Users of whom RULE holds, such as "lifecycle = 'lapsing' and equity_usdt >= 1000"."""
    found = home.users(Selection(rule=rule, as_of=day), limit=limit)
    if wants_json:
        say(found.as_dict())
    else:
        show(f"{found.total:,} users as of {found.as_of}", found.columns, found.rows)


@click.command()
@click.argument("user_id")
@click.option("--on", "day", type=DAY, help="A kept day; by default the last closed one.")
@click.option("--from", "since", type=DAY, help="Where the timeline begins; by default 90 days before.")
@as_json
@with_home
def user(home: Home, user_id: str, day: date | None, since: date | None, wants_json: bool) -> None:
    """One user: where they stand and by which rule, and what happened with them."""
    found = home.user(user_id, as_of=day, since=since)
    if wants_json:
        say(found.as_dict())
        return
    rows = [
        (each.stratification, each.stratum or "not available", each.since, each.why.replace("; ", "\n"))
        for each in found.stands
    ]
    show(f"{found.user_id} as of {found.as_of}", ("stratification", "stratum", "since", "why"), rows)
    told = [(each.happened_at, each.kind, each.what, each.detail, each.amount_usdt, each.times) for each in found.timeline]
    show(f"Since {found.timeline_since}", ("when", "what", "", "", "USDT", "times"), told)


@click.command()
@as_json
@with_home
def freshness(home: Home, wants_json: bool) -> None:
    """What is known until when, what is not available and why, and what was restated."""
    found = home.freshness()
    if wants_json:
        say(found.as_dict())
        return
    rows = [(t.name, t.rows, t.first_day, t.last_day, ", ".join(t.unknown)) for t in found.tables]
    show(f"Closed through {found.closed_through}", ("table", "rows", "first day", "last day", "unknown"), rows)
    for key, reason in found.unavailable.items():
        click.echo(f"{key} is not available: {reason}.")
    if found.quarantined:
        click.echo(f"{found.quarantined:,} rows are in quarantine.")


@click.command()
@as_json
@with_home
def verify(home: Home, wants_json: bool) -> None:
    """Rebuild everything from all history and compare it row for row with what the closes published."""
    with progress_bar() as bar:
        task = bar.add_task("Rebuilding", total=None, said="")

        def progress(day: date, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"Rebuilding {day}", said=f"{done} of {total} days")

        found = home.verify(progress=progress)
    if wants_json:
        say(found.as_dict())
    else:
        rows = [(n, t.published, t.rebuilt, t.only_published, t.only_rebuilt) for n, t in found.tables.items()]
        show(f"Rebuilt through {found.through}", ("table", "published", "rebuilt", "only published", "only rebuilt"), rows)
        click.echo("Everything is equal, row for row." if found.is_equal else "They differ: say so to whoever runs Springtide.")
    if not found.is_equal:
        raise click.exceptions.Exit(1)


language = click.option("--language", type=click.Choice(["en", "zh-hans"]), default="en", show_default=True)


@click.command()
@language
@as_json
@with_home
def brief(home: Home, language: str, wants_json: bool) -> None:
    """The daily brief: what a manager reads first in the morning."""
    from springtide import reports  # Excel and its fonts are not every command's business

    snapshot = reports.gather(home)
    say({**snapshot.as_dict(), "checksum": snapshot.checksum}) if wants_json else click.echo(
        reports.brief_text(snapshot, language)
    )


@click.command()
@click.option("--format", "form", type=click.Choice(["xlsx", "html", "csv", "md"]), default="xlsx", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; by default springtide-DAY.FORMAT here.")
@language
@as_json
@with_home
def report(home: Home, form: str, out: Path | None, language: str, wants_json: bool) -> None:
    """Write the workbook, a page, tables or the brief of the last closed day; all show the same numbers."""
    from springtide import reports

    snapshot = reports.gather(home)
    path = out or Path(f"springtide-{snapshot.as_of}.{form}")
    path = reports.render(snapshot, form, path, language)
    if wants_json:
        say({"path": str(path), "as_of": str(snapshot.as_of), "checksum": snapshot.checksum})
    else:
        click.echo(f"Wrote {path}")


COMMANDS = (
    strata, moves, growth, states, activation, concentration, market, users, user, freshness, verify, brief, report,
)  # fmt: skip
