"""What leaves the house: `springtide message`, `springtide template` and `springtide connector`."""

from __future__ import annotations

import base64
import csv
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from springtide.cli.options import as_json, say, show
from springtide.cli.people import with_desk
from springtide.kernel import clock
from springtide.kernel.errors import BadInput

if TYPE_CHECKING:  # Django is not every command's business
    from springtide.operations.delivery.reads import ConnectorHealth, MessageSeen
    from springtide.operations.delivery.settings import Delivery


@click.group()
def message() -> None:
    """Messages to users: what was sent, what it said, and what nobody knows."""


@message.command(name="list")
@click.argument("user_id")
@as_json
@with_desk
def message_list(path: Path, user_id: str, wants_json: bool) -> None:
    """The latest messages to a user, the newest first."""
    from springtide.operations.delivery.reads import messages_to

    _tell_messages(f"Messages to {user_id}", messages_to(user_id), wants_json)


@message.command(name="show")
@click.argument("key")
@as_json
@with_desk
def message_show(path: Path, key: str, wants_json: bool) -> None:
    """What a message says, rendered again from its template and variables."""
    from springtide.operations.delivery.reads import said

    _tell_text(asdict(said(key)), wants_json)


@message.command(name="funnel")
@click.argument("campaign")
@as_json
@with_desk
def message_funnel(path: Path, campaign: str, wants_json: bool) -> None:
    """The messages of a campaign by state, why those that did not go out did not, and what was told of the others."""
    from springtide.operations.delivery import reads

    found = reads.message_funnel(campaign)
    if wants_json:
        say(asdict(found))
        return
    for title, counts in (("state", found.states), ("reason", found.reasons), ("told later", found.outcomes)):
        show(f"Messages of {campaign}", (title, "messages"), [(name, n) for name, n in counts.items() if n])


@message.command(name="doubt")
@as_json
@with_desk
def message_doubt(path: Path, wants_json: bool) -> None:
    """Messages that may have gone out and that no machine sends again: those worth money first."""
    from springtide.operations.delivery.reads import in_doubt

    _tell_messages("In doubt", in_doubt(), wants_json)


@message.command(name="settle")
@click.argument("key")
@click.option("--sent/--again", "was_sent", required=True, help="It went out; or send it again.")
@with_desk
def message_settle(path: Path, key: str, was_sent: bool) -> None:
    """Say of a message in doubt that it went out, or send it again."""
    from springtide.operations.delivery.actions import settle_unknown

    settle_unknown(key, was_sent=was_sent, acting=None, now=clock.now())
    click.echo(f"{key} {'went out' if was_sent else 'is sent again'}.")


@click.group()
def template() -> None:
    """Templates of messages, in Liquid: versions, languages, previews."""


@template.command(name="list")
@as_json
@with_desk
def template_list(path: Path, wants_json: bool) -> None:
    """Every template in force."""
    from springtide.operations.definitions.reads import definitions
    from springtide.operations.delivery import templates

    made = [(seen, templates.of_body(seen.key, seen.body)) for seen in definitions(templates.KIND)]
    rows = [
        (seen.key, seen.version, seen.title, ", ".join(each.texts), ", ".join(templates.needed(each))) for seen, each in made
    ]
    columns = ("key", "version", "title", "languages", "needs")
    if wants_json:
        say([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show("Templates", columns, rows)


@template.command(name="put")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", help="Default: the file's name.")
@click.option("--title", default="", help="Default: the key.")
@as_json
@with_desk
def template_put(path: Path, file: Path, key: str | None, title: str, wants_json: bool) -> None:
    """Put a template in force from a YAML file with texts, fallback and variables; the version before stays on record."""
    import yaml

    from springtide.operations.definitions.actions import publish_definition
    from springtide.operations.definitions.reads import hash_in_force
    from springtide.operations.delivery.templates import KIND

    try:
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as bad:
        raise BadInput(f"{file} cannot be read: {bad}.", "Write it as YAML, in UTF-8.", code="bad_template") from bad
    if not isinstance(body, dict):
        raise BadInput(f"{file} is no template.", "Write texts, fallback and variables.", code="bad_template")
    key = key or file.stem
    put = publish_definition(
        KIND, key, title=title or key, body=body, acting=None, now=clock.now(), seen=hash_in_force(KIND, key)
    )
    if wants_json:
        say({"key": put.key, "version": put.version, "content_hash": put.content_hash})
    else:
        click.echo(f"Version {put.version} of {put.key} is in force.")


@template.command(name="preview")
@click.argument("key")
@click.option("--language", default="en", show_default=True)
@click.option("--with", "given", multiple=True, metavar="NAME=VALUE", help="A value in place of the template's example.")
@as_json
@with_desk
def template_preview(path: Path, key: str, language: str, given: tuple[str, ...], wants_json: bool) -> None:
    """What a user would read."""
    from springtide.operations.delivery import templates

    values = dict(each.split("=", 1) for each in given if "=" in each)
    _tell_text(asdict(templates.preview(templates.read(key), language, values)), wants_json)


@click.group()
def connector() -> None:
    """Ways out of the house, as delivery.toml names them."""


@connector.command(name="list")
@as_json
@with_desk
def connector_list(path: Path, wants_json: bool) -> None:
    """How every connector is, and what its channel has done in the last 24 hours."""
    from springtide.operations.delivery.reads import health

    now = clock.now()
    found = health(_delivery(path).connectors, since=now - timedelta(hours=24), now=now)
    if wants_json:
        say([_plain(each) for each in found])
        return
    rows = [
        (each.name, each.kind, each.channel, each.health, each.due, each.sent, each.failed, each.unknown, _error(each.error))
        for each in found
    ]
    show("Connectors", ("name", "kind", "channel", "health", "due", "sent", "failed", "unknown", "last failure"), rows)


@connector.command(name="check")
@with_desk
def connector_check(path: Path) -> None:
    """Read delivery.toml and say whether it can be used; nothing is called."""
    found = _delivery(path)
    for each in found.connectors:
        click.echo(f"{each.name}: {each.channel}, {'honours keys' if each.is_keyed else 'knows no keys'}.")
    if not found.public_url:
        click.echo("No public_url is set: messages carry no link to unsubscribe.")


@connector.command(name="switch")
@click.argument("name")
@click.option("--on/--off", "is_on", required=True)
@with_desk
def connector_switch(path: Path, name: str, is_on: bool) -> None:
    """Let a connector send, or stop it; its messages wait."""
    from springtide.operations.delivery.actions import switch_connector

    _delivery(path).connector(name)
    switch_connector(name, is_on=is_on, acting=None, now=clock.now())
    click.echo(f"{name} is {'on' if is_on else 'off'}.")


@connector.command(name="secret")
def connector_secret() -> None:
    """Make a secret with which calls are signed. It is printed once, and kept nowhere."""
    click.echo("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())


@connector.command(name="contacts")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@with_desk
def connector_contacts(path: Path, file: Any) -> None:
    """Load addresses from a CSV file with user_id, channel and address; they are sealed with the key of the settings."""
    from springtide.operations.delivery.actions import load_contacts

    key = _delivery(path).contacts_key
    if key is None:
        raise BadInput(
            "delivery.toml keeps no contacts.", 'Write [addresses] with kind = "contacts" and a key.', code="bad_setting"
        )
    click.echo(f"{load_contacts(_contacts(file), key=key, now=clock.now()):,} addresses are loaded.")


def _contacts(file: Any) -> Iterator[tuple[str, str, str]]:
    for row in csv.DictReader(file):
        try:
            yield row["user_id"], row["channel"], row["address"]
        except KeyError as lacking:
            raise BadInput(f"The file has no column {lacking}.", "Write user_id,channel,address.", code="bad_file") from lacking


def _delivery(path: Path) -> Delivery:
    from springtide.operations.delivery.settings import read_delivery

    return read_delivery(path)


def _tell_messages(title: str, found: tuple[MessageSeen, ...], wants_json: bool) -> None:
    if wants_json:
        say([_plain(each) for each in found])
        return
    rows = [
        (each.key, each.channel, f"{each.template} {each.template_version}", each.state, each.reason, ", ".join(each.outcomes))
        for each in found
    ]
    show(title, ("key", "channel", "template", "state", "reason", "told later"), rows)


def _tell_text(text: dict[str, str], wants_json: bool) -> None:
    if wants_json:
        say(text)
        return
    click.secho(text["subject"], bold=True)
    click.echo(text["text"])


def _plain(told: MessageSeen | ConnectorHealth) -> dict[str, Any]:
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in asdict(told).items()}


def _error(error: Any) -> str:
    return f"{error['code']}: {error['message']}" if error else ""


COMMANDS: tuple[click.Command, ...] = (message, template, connector)
