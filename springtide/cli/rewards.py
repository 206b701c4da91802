"""Budgets and rewards: `springtide budget …` and `springtide reward …`.

They speak for somebody at the machine's own command line, whom no right stops and the audit chain names as nobody.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from springtide.analytics.metrics.answer import plain
from springtide.cli.options import as_json, say, show
from springtide.cli.people import with_desk
from springtide.kernel import clock
from springtide.kernel.money import typed


def _amount(context: click.Context, parameter: click.Parameter, text: str) -> int:
    return typed(text)


@click.group()
def budget() -> None:
    """What may be given away, budget inside budget."""


@budget.command(name="list")
@as_json
@with_desk
def budget_list(path: Path, wants_json: bool) -> None:
    """Every budget, each followed by those inside it: what it was given, and what is used, owed, promised and left."""
    from springtide.operations.rewards.reads import budgets

    seen = budgets()
    if wants_json:
        say(plain(seen))
        return
    rows = [
        (
            "  " * each.depth + each.title,
            each.key,
            each.kind,
            each.given_usdt,
            each.consumed_usdt,
            each.granted_usdt,
            each.reserved_usdt,
            each.left_usdt,
        )
        for each in seen
    ]
    show("Budgets, in USDT", ("budget", "key", "kind", "given", "used", "owed", "promised", "left"), rows)


@budget.command(name="open")
@click.argument("key")
@click.argument("amount", callback=_amount)
@click.option("--kind", default="plan", show_default=True, help="plan, campaign, stratum or day.")
@click.option("--inside", default=None, help="The key of the budget around it.")
@click.option("--title", default="", help="The name that screens show.")
@as_json
@with_desk
def budget_open(path: Path, key: str, amount: int, kind: str, inside: str | None, title: str, wants_json: bool) -> None:
    """Open a budget of AMOUNT in USDT."""
    from springtide.operations.rewards import budgets, reads

    budgets.open_budget(key, title=title, kind=kind, parent=inside, amount_usdt=amount, acting=None, now=clock.now())
    _told(reads.budget(key), wants_json)


@budget.command(name="change")
@click.argument("key")
@click.argument("amount", callback=_amount)
@click.option("--reason", required=True)
@as_json
@with_desk
def budget_change(path: Path, key: str, amount: int, reason: str, wants_json: bool) -> None:
    """Give a budget another AMOUNT in USDT; never less than is taken."""
    from springtide.operations.rewards import budgets, reads

    budgets.change_budget(key, amount_usdt=amount, acting=None, now=clock.now(), reason=reason)
    _told(reads.budget(key), wants_json)


@budget.command(name="verify")
@as_json
@with_desk
def budget_verify(path: Path, wants_json: bool) -> None:
    """Add up every posting anew, and compare with the balances. Exit code 1: something does not fit."""
    from springtide.operations.rewards.reads import ledger_state

    state = ledger_state()
    if wants_json:
        say({**plain(state), "is_whole": state.is_whole})
    elif state.is_whole:
        click.echo(f"The ledger adds up: {state.postings:,} postings.")
    else:
        for fault in state.faults:
            click.secho(fault, fg="red", err=True)
    if not state.is_whole:
        raise click.exceptions.Exit(1)


@click.group()
def reward() -> None:
    """What users were promised and got."""


@reward.command(name="show")
@click.argument("key")
@as_json
@with_desk
def reward_show(path: Path, key: str, wants_json: bool) -> None:
    """One reward and its whole story, posting by posting."""
    from springtide.operations.rewards.reads import reward as one

    seen, user, story = one(key)
    if wants_json:
        say({**plain(seen), "user_id": user, "postings": plain(story)})
        return
    click.echo(f"{seen.offer} for {user}: {seen.amount_usdt} USDT, {seen.state}")
    rows = [(each.at.isoformat(), each.move, each.out_of, each.into, each.amount_usdt, each.by, each.reason) for each in story]
    show("Postings", ("at", "move", "out of", "into", "USDT", "by", "why"), rows)


@reward.command(name="of")
@click.argument("user")
@as_json
@with_desk
def reward_of(path: Path, user: str, wants_json: bool) -> None:
    """The rewards of one user, the newest first."""
    from springtide.operations.rewards.reads import rewards_of

    seen = rewards_of(user)
    if wants_json:
        say(plain(seen))
        return
    rows = [(each.key, each.offer, each.kind, each.state, each.amount_usdt, each.left_usdt, each.payout) for each in seen]
    show(f"Rewards of {user}", ("key", "offer", "kind", "state", "USDT", "left", "payout"), rows)


@reward.command(name="owed")
@as_json
@with_desk
def reward_owed(path: Path, wants_json: bool) -> None:
    """The open liability by kind, what ends within a week, and payouts that are not done."""
    from springtide.operations.rewards.reads import money

    seen = money(now=clock.now())
    if wants_json:
        told = plain(seen)
        say({key: told[key] for key in ("liability", "expiries", "payouts", "balances")})
        return
    show("Open liability", ("kind", "rewards", "USDT"), [(each.kind, each.rewards, each.usdt) for each in seen.liability])
    rows = [(state, count, usdt) for state, (count, usdt) in seen.payouts.items()]
    show("Payouts that are not done", ("state", "payouts", "USDT"), rows)


@reward.command(name="compare")
@as_json
@with_desk
def reward_compare(path: Path, wants_json: bool) -> None:
    """Our rewards against the exchange's entries, by reference."""
    from springtide.cycle.rewarding import reconciliation
    from springtide.home import Home

    found = reconciliation(Home(path))
    if wants_json:
        say(plain(found))
        return
    counts = Counter(each.what for each in found.differences)
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items()) or "none differ"
    click.echo(f"As of {found.as_of}: {found.agree:,} agree; {told}.")
    rows = [(each.reference, each.what, each.user_id, each.ours_usdt, each.theirs_usdt) for each in found.differences[:100]]
    show("Differences", ("reference", "what", "user", "ours", "theirs"), rows)


def _told(seen: Any, wants_json: bool) -> None:
    if wants_json:
        say(plain(seen))
    else:
        click.echo(f"Budget {seen.key} has {seen.given_usdt:,} USDT, of which {seen.left_usdt:,} are left.")


COMMANDS: tuple[click.Command, ...] = (budget, reward)
