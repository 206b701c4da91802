"""Commands about the people and the machine behind the console: members, the audit chain, the worker.

They speak for somebody at the machine's own command line, whom no right stops and the audit chain names as nobody.
"""

from __future__ import annotations

import secrets
import signal
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from springtide.cli.options import as_json, home_path, say, show
from springtide.kernel import clock

P = ParamSpec("P")
R = TypeVar("R")


def with_desk(function: Callable[Concatenate[Path, P], R]) -> Callable[..., R]:
    """Give a command the folder of its home, with the console's database ready."""

    @home_path
    @wraps(function)
    def command(path: Path, /, *args: P.args, **kwargs: P.kwargs) -> R:
        from springtide.desk.serve import prepare  # Django is not every command's business

        prepare(path)
        return function(path, *args, **kwargs)

    return command


@click.command()
@with_desk
def worker(path: Path) -> None:
    """Do the work of the queue, and ask for that of the schedules, until stopped; the job at hand is finished first.

    `serve` has a worker beside it. Several may run, on several machines where the database is PostgreSQL.
    """
    from springtide.cycle import worker as work

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    click.echo(f"Working for {path}. Stop with Ctrl-C.")
    work.run(path, stop)


@click.group()
def audit() -> None:
    """The chain of what members did."""


@audit.command(name="verify")
@as_json
@with_desk
def audit_verify(path: Path, wants_json: bool) -> None:
    """Walk the audit chain from its first row and compare it with its head. Exit code 1: a row was changed or removed."""
    from springtide.operations.members.reads import audit_chain

    chain = audit_chain()
    if wants_json:
        say({"rows": chain.rows, "whole": chain.is_whole, "broken_at": chain.broken_at})
    elif chain.is_whole:
        click.echo(f"The audit chain is whole: {chain.rows:,} rows.")
    else:
        click.secho(f"Row {chain.broken_at:,} is not what it was when it was written, or is gone.", fg="red", err=True)
        click.echo("Compare with the last backup whose chain is whole; somebody had the database's own password.", err=True)
    if not chain.is_whole:
        raise click.exceptions.Exit(1)


@click.group()
def member() -> None:
    """The people who sign in."""


@member.command(name="list")
@as_json
@with_desk
def member_list(path: Path, wants_json: bool) -> None:
    """Every member with role, department and named rights."""
    from springtide.operations.members.reads import members

    found = members()
    if wants_json:
        say([each.as_dict() for each in found])
    else:
        rows = [
            (each.username, each.display_name, each.role, each.department, ", ".join(each.granted_rights), each.is_active)
            for each in found
        ]
        show("Members", ("name", "shown as", "role", "department", "rights by name", "active"), rows)


@member.command(name="add")
@click.argument("username")
@click.option("--role", required=True, help="manager, operator, analyst, qc_reviewer, approver, collaborator or admin.")
@click.option("--name", "display_name", default="", help="The name that screens show.")
@click.option("--department", default="", help="Of a collaborator: marketing, product, risk or channel.")
@click.option("--right", "rights", multiple=True, help="A right by name, such as see_money; may be given several times.")
@click.option("--language", default="en", show_default=True)
@as_json
@with_desk
def member_add(
    path: Path,
    username: str,
    role: str,
    display_name: str,
    department: str,
    rights: tuple[str, ...],
    language: str,
    wants_json: bool,
) -> None:
    """Add a member and print a password, once. The first approver of a home is made so; later ones are invited in the console."""
    from springtide.operations.members.actions import create_member

    password = secrets.token_urlsafe(12)
    create_member(
        username=username,
        display_name=display_name,
        role=role,
        department=department,
        granted_rights=rights,
        language=language,
        password=password,
        now=clock.now(),
    )
    _tell(username, password, wants_json)


@member.command(name="password")
@click.argument("username")
@as_json
@with_desk
def member_password(path: Path, username: str, wants_json: bool) -> None:
    """Give a member who forgot it a new password, and print it, once. Their sessions end."""
    from springtide.operations.members.actions import reset_password

    password = secrets.token_urlsafe(12)
    reset_password(username, password, now=clock.now())
    _tell(username, password, wants_json)


def _tell(username: str, password: str, wants_json: bool) -> None:
    if wants_json:
        say({"username": username, "password": password})
    else:
        click.echo(f"Sign in as {username} with the password {password}")


COMMANDS: tuple[click.Command, ...] = (worker, member, audit)
