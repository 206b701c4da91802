"""`springtide`: the commands, in the order of a first day's work."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from springtide.cli import (
    asking,
    campaigns,
    changes,
    delivery,
    evidence,
    metrics,
    people,
    reading,
    rewards,
    risk,
    segments,
    sql,
    strategy,
    writing,
)
from springtide.kernel.errors import SpringtideError


class Verbs(click.Group):
    """Lists commands as they were added, and turns our errors into three lines or one JSON object and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except SpringtideError as error:
            if "--json" in (kwargs.get("args") or sys.argv[1:]):
                click.echo(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
            else:
                click.secho(error.message, fg="red", err=True)
                if error.hint:
                    click.echo(error.hint, err=True)
            sys.exit(error.exit_code)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--home",
    "home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="SPRINGTIDE_HOME",
    default=Path("springtide-home"),
    show_default=True,
    help="The exchange's folder (or SPRINGTIDE_HOME).",
)
@click.version_option(package_name="springtide")
@click.pass_context
def springtide(ctx: click.Context, home: Path) -> None:
    """User operations for a trading exchange: close the day, see every user's stratum, and work on growth.

    Every command also takes --home after its own name; every reading command takes --json. Exit codes: 2 what was given
    cannot be taken, 3 nothing to do yet, 1 a fault of ours.
    """
    ctx.obj = home


for command in (
    *writing.COMMANDS,
    *reading.COMMANDS,
    *asking.COMMANDS,
    *metrics.COMMANDS,
    *changes.COMMANDS,
    *evidence.COMMANDS,
    *segments.COMMANDS,
    *strategy.COMMANDS,
    *campaigns.COMMANDS,
    *rewards.COMMANDS,
    *risk.COMMANDS,
    *delivery.COMMANDS,
    *sql.COMMANDS,
    *people.COMMANDS,
):
    springtide.add_command(command)


def main() -> None:
    """The console script."""
    springtide(prog_name="springtide")
