"""Commands that write: make a home, simulate an exchange, import its facts, close its days, serve its console."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from springtide.analytics.facts import Progress as Seen
from springtide.cli.options import DAY, as_json, home_path, progress_bar, said, say, show, with_home
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.errors import BadInput
from springtide.kernel.money import usdt
from springtide.kernel.settings import HomeSettings


@click.command()
@click.option("--exchange", default="My exchange", show_default=True, help="The exchange's name.")
@click.option("--zone", default="UTC", show_default=True, help="The reporting zone, where a day begins; fixed from then on.")
@click.option("--no-contracts", is_flag=True, help="The exchange has no contracts.")
@as_json
@home_path
def init(path: Path, exchange: str, zone: str, no_contracts: bool, wants_json: bool) -> None:
    """Make a home for an exchange."""
    home = Home.create(path, HomeSettings(exchange=exchange, reporting_zone=zone, has_contracts=not no_contracts))
    if wants_json:
        say({"home": str(home.path), "exchange": exchange, "zone": zone})
    else:
        click.echo(f"Made {path}: days begin in {zone}. Next: springtide --home {path} import FILES")


@click.command(name="import")
@click.argument("source")
@click.option("--mapping", help="How a foreign layout is read: the name of a shipped mapping or of one in HOME/mappings.")
@click.option("--table", help="Which table a file is, where neither its name nor a mapping says so.")
@as_json
@with_home
def import_(home: Home, source: str, mapping: str | None, table: str | None, wants_json: bool) -> None:
    """Import a file, a folder, or postgresql://… with #table or ?query."""
    with progress_bar() as bar:
        task = bar.add_task("Importing", total=None, said="")

        def progress(seen: Seen) -> None:
            bar.update(
                task, description=f"Importing {seen.file}", said=f"{seen.rows:,} rows, {seen.rows_per_second:,.0f} rows/s"
            )

        imported = home.import_path(source, mapping=mapping, table=table, now=clock.now(), progress=progress)
    if wants_json:
        say({**imported.as_dict(), "failures": [failure.__dict__ for failure in imported.failures]})
    else:
        columns = ("read", "taken", "duplicate", "corrected", "quarantined")
        tables = imported.as_dict()["tables"]
        show(
            "Imported",
            ("table", *columns),
            [(name, *(counts[column] for column in columns)) for name, counts in tables.items()],
        )
        for problem in imported.problems:
            click.echo(problem.says)
        for failure in imported.failures:
            click.secho(f"{failure.file}: {failure.says}", fg="red", err=True)
    if imported.failures:
        raise click.exceptions.Exit(BadInput.exit_code)


@click.command()
@click.option("--through", type=DAY, help="The last day to close; by default the last day of facts.")
@click.option("--spark", help="Close on this Spark, such as spark://host:7077; by default what springtide.toml says.")
@as_json
@with_home
def close(home: Home, through: date | None, spark: str | None, wants_json: bool) -> None:
    """Close every day up to a day: user days, state, profiles, strata and moves."""
    began = clock.now()
    with progress_bar() as bar:
        task = bar.add_task("Closing", total=None, said="")

        def progress(day: date, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"Closing {day}", said=f"{done} of {total} days")

        closed = home.close(through=through, now=began, progress=progress, spark=spark)
    seconds = (clock.now() - began).total_seconds()
    if wants_json:
        say({**closed.as_dict(), "seconds": round(seconds, 3)})
        return
    if not closed.days and not closed.restated:
        again = f"Derived {closed.through} again: users, restrictions, tiers, tasks, links or definitions changed."
        click.echo(again if closed.rows else f"Nothing changed: closed through {closed.through}.")
        return
    click.echo(f"Closed {len(closed.days)} day(s) through {closed.through} in {seconds:.1f} s.")
    for day in closed.restated:
        moved = ", ".join(f"{name} {_figure(name, was)} → {_figure(name, now)}" for name, (was, now) in day.figures.items())
        click.echo(f"Closed {day.day} again: {moved or 'no figure moved'}.")


def _figure(name: str, value: int) -> str:
    """A figure of a day as a person reads it; the lake's money is a whole number of 1e-6 USDT."""
    return said(usdt(value) if name.endswith("_usdt") else value)


@click.command()
@click.option("--users", type=click.IntRange(10), default=10_000, show_default=True)
@click.option("--days", type=click.IntRange(2), default=150, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--through", type=DAY, help="The last day; by default yesterday.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where exchange/ and truth/ are written.")
@as_json
def simulate(users: int, days: int, seed: int, through: date | None, out: Path, wants_json: bool) -> None:
    """Make up an exchange: its input tables under OUT/exchange, and what is true under OUT/truth."""
    from springtide.simulator import simulate as run  # numpy and its threads are not every command's business

    with progress_bar() as bar:
        task = bar.add_task("Simulating", total=1.0, said="")

        def progress(what: str, share: float) -> None:
            bar.update(task, completed=share, said=what)

        made = run(users=users, days=days, seed=seed, out=out, through=through or clock.yesterday(), progress=progress)
    if wants_json:
        say(
            {
                "out": str(out),
                "first_day": str(made.first_day),
                "last_day": str(made.last_day),
                "seconds": made.seconds,
                "rows": made.rows,
            }
        )
        return
    show(f"Made up {users:,} users from {made.first_day} to {made.last_day}", ("table", "rows"), made.rows.items())
    click.echo(f"Next: springtide import {out / 'exchange'}")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@with_home
def serve(home: Home, host: str, port: int) -> None:
    """Serve the console until it is stopped."""
    from springtide.desk.serve import run  # Django is not every command's business

    run(home.path, host=host, port=port)


COMMANDS = (init, import_, close, simulate, serve)
