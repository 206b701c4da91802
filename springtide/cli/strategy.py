"""What every group of users gets, and where growth leaks: `springtide strategy` and `springtide diagnosis`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from springtide.cli.options import DAY, as_json, say, show, with_home
from springtide.home import Home


@click.command()
@click.option("--on", "day", type=DAY, help="A kept day; by default the last closed one.")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), help="Write the matrix to this Excel file as well.")
@click.option("--zh", "is_chinese", is_flag=True, help="Say names in Chinese.")
@as_json
@with_home
def strategy(home: Home, day: Any, xlsx: Path | None, is_chinese: bool, wants_json: bool) -> None:
    """What each group of users gets: how many they are, what is at stake, and what leaks away in a month."""
    found, matrix = home.engagement(day), home.strategy()
    language = "zh" if is_chinese else "en"
    if xlsx is not None:
        from springtide.reports.strategy import write_strategy  # XlsxWriter is not every command's business

        with xlsx.open("wb") as file:
            write_strategy(found, matrix, {s.key: s for s in home.stratifications()}, file, language=language)
    if wants_json:
        say(found.as_dict())
        return
    words = {kind: {key: label.within(language) for key, label in each.items()} for kind, each in matrix.words.items()}
    rows = [
        (
            f"{row.lifecycle} × {row.tier}" + (f", {row.override}" if row.override else ""),
            row.users,
            row.net_revenue_90d_usdt,
            row.change_7d,
            row.leak_users,
            row.leak_usdt,
            words["problem"][row.play.problem],
            words["playbook"][row.play.playbook],
        )
        for row in found.rows
        if row.users or row.leak_users
    ]
    columns = ("cell", "users", "revenue 90 d", "in 7 days", "leak, users", "leak a month", "problem", "playbook")
    show(f"Strategy version {found.version} as of {found.as_of}", columns, rows)


@click.command()
@click.option("--on", "day", type=DAY, help="A kept day; by default the last closed one.")
@click.option("--zh", "is_chinese", is_flag=True, help="Say names and assumptions in Chinese.")
@as_json
@with_home
def diagnosis(home: Home, day: Any, is_chinese: bool, wants_json: bool) -> None:
    """The four standing problems, the one worth most first: users, what they hold, a year's net revenue."""
    found = home.diagnosis(day)
    if wants_json:
        say(found.as_dict())
        return
    language = "zh" if is_chinese else "en"
    for problem in found.rows:
        rows = [
            (one.title.within(language), one.users, one.equity_usdt, one.would, one.anyway, one.yearly_usdt)
            for one in problem.findings
        ]
        columns = ("stuck", "users", "assets", "would, as their like", "would anyway", "a year")
        notes = "\n".join(
            f"{one.title.within(language)}: {one.reason or one.assumption.within(language)}" for one in problem.findings
        )
        show(f"{problem.title.within(language)} as of {found.as_of}", columns, rows, note=notes)


COMMANDS = (strategy, diagnosis)
