"""`springtide risk …`: what the gates would say, what stands against a user, and flags that hold at once.

These commands speak for somebody at the machine's own command line; a case of the queue is decided in the console, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from springtide.analytics.foresight.benefit import INSTRUMENTS, MESSAGE, REWARDS, Benefit
from springtide.cli.options import DAY, as_json, said, say, show
from springtide.cli.people import with_desk
from springtide.home import Home
from springtide.kernel import clock
from springtide.kernel.errors import BadInput

if TYPE_CHECKING:
    from springtide.operations.risk.reads import GateSeen

P = ParamSpec("P")
R = TypeVar("R")


def with_benefit(function: Callable[Concatenate[Path, Benefit, P], R]) -> Callable[..., R]:
    """Give a command the benefit that its options name."""

    @click.option("--reward", default=MESSAGE, show_default=True, help=f"{MESSAGE} or a reward: {', '.join(REWARDS)}.")
    @click.option("--on", "instrument", default="spot", show_default=True, help=f"The instrument: {', '.join(INSTRUMENTS)}.")
    @click.option("--amount", default="0", show_default=True, help="What each user would get, USDT.")
    @click.option("--payout", is_flag=True, help="Ask as when it is paid, not as when it is sent.")
    @wraps(function)
    def command(path: Path, /, reward: str, instrument: str, amount: str, payout: bool, *args: P.args, **kwargs: P.kwargs) -> R:
        benefit = Benefit(reward, instrument, _usdt(amount), "payout" if payout else "audience")
        return function(path, benefit, *args, **kwargs)

    return command


@click.group()
def risk() -> None:
    """Who must not get this."""


@risk.command()
@as_json
@with_desk
def gates(path: Path, wants_json: bool) -> None:
    """The gates in force, clause by clause."""
    from springtide.operations.risk.gates import gates_now

    in_force = gates_now()
    if wants_json:
        say(
            [
                {
                    "key": gate.key,
                    "version": gate.version,
                    "applies": gate.applies.text,
                    "unknown": gate.unknown,
                    "is_cleared_by_decision": gate.is_cleared_by_decision,
                    "clauses": [
                        {"code": each.code, "verdict": each.verdict, "rule": each.rule.text, "says": each.says.en}
                        for each in gate.clauses
                    ],
                }
                for gate in in_force
            ]
        )
        return
    rows = [
        (gate.title.en if first else "", gate.applies.text if first else "", each.verdict, each.code, each.rule.text)
        for gate in in_force
        for first, each in ((place == 0, each) for place, each in enumerate(gate.clauses))
    ]
    show("Gates", ("gate", "applies", "says", "code", "rule"), rows)


@risk.command(name="try")
@click.option("--where", "rule", default="true", help="Only users for whom a rule over their profiles holds.")
@click.option("--open-reviews", is_flag=True, help="Put what needs a look into the queue of risk control.")
@as_json
@with_desk
@with_benefit
def try_gates(path: Path, benefit: Benefit, rule: str, open_reviews: bool, wants_json: bool) -> None:
    """What the gates would say of everybody, counted by reason. Nothing is sent."""
    from springtide.operations.risk.actions import open_cases
    from springtide.operations.risk.gates import dry_run
    from springtide.operations.risk.reviews import reviews

    now = clock.now()
    with Home(path).reading() as (engine, snapshot):
        found = dry_run(engine, snapshot, benefit=benefit, as_of=now.date(), now=now, rule=rule)
        cases = reviews(engine, snapshot, "judged") if open_reviews else []
    opened = open_cases(cases, origin="a look at everybody", now=now) if open_reviews else 0
    if wants_json:
        hits = [
            {"gate": hit.gate, "code": hit.code, "verdict": hit.verdict, "users": hit.users, "says": hit.says.en}
            for hit in found.hits
        ]
        counts = {"users": found.users, "allowed": found.allowed, "reviewed": found.reviewed, "denied": found.denied}
        silent = [{"gate": hit.gate, "code": hit.code, "says": hit.says.en, "mend": hit.mend.en} for hit in found.silent]
        say({**counts, "sentence": found.sentence(), "hits": hits, "silent": silent, "opened": opened})
        return
    rows = [(hit.gate, hit.code, hit.verdict, hit.users, hit.says.en) for hit in found.hits]
    show(
        f"{found.users:,} users: {found.allowed:,} allowed, {found.reviewed:,} to be looked at, {found.denied:,} denied",
        ("gate", "code", "says", "users", "why"),
        rows,
        note=found.sentence(),
    )
    for hit in found.silent:
        click.echo(f"Gate {hit.gate} let everybody pass: {hit.says.en}. {hit.mend.en}")
    if open_reviews:
        click.echo(f"{opened:,} new cases wait for risk control.")


@risk.command()
@click.argument("user_id")
@as_json
@with_desk
@with_benefit
def why(path: Path, benefit: Benefit, user_id: str, wants_json: bool) -> None:
    """What each gate says of one user, and which values it saw."""
    from springtide.operations.risk.gates import explained
    from springtide.operations.risk.reads import gates_seen

    now = clock.now()
    with Home(path).reading() as (engine, snapshot):
        answered = explained(engine, snapshot, user_id, benefit=benefit, as_of=now.date(), now=now)
    verdict, codes = answered.verdict.says, answered.verdict.reasons
    told = gates_seen(answered.gates, None)
    if wants_json:
        say({"user_id": user_id, "verdict": verdict, "reasons": list(codes), "gates": [_gate(each) for each in told]})
        return
    rows = [(each.title.en, each.verdict, ", ".join(each.codes), _saw(each)) for each in told]
    show(f"{user_id}: {verdict}", ("gate", "says", "codes", "what it saw"), rows)


@risk.command()
@click.option("--kind", type=click.Choice(["review", "appeal"]), help="Only these.")
@click.option("--user", "user_id", default="", help="Only cases about a user.")
@click.option("--decided", is_flag=True, help="Those that were decided, instead of those that wait.")
@as_json
@with_desk
def queue(path: Path, kind: str | None, user_id: str, decided: bool, wants_json: bool) -> None:
    """What waits for a decision of risk control, holds first, then the oldest."""
    from springtide.operations.risk.reads import queue as read

    found = read(None, kind=kind or "", user_id=user_id, state="decided" if decided else "open")
    if wants_json:
        cases = [
            {
                "number": each.number,
                "kind": each.kind,
                "subject": each.subject,
                "users": list(each.users),
                "codes": list(each.codes),
                "is_hold": each.is_hold,
                "opened_at": each.opened_at.isoformat(),
                "says": each.says,
            }
            for each in found.cases
        ]
        say({"total": found.total, "waiting": dict(found.waiting), "cases": cases})
        return
    rows = [
        (each.number, each.kind, each.subject, len(each.users), ", ".join(each.codes), each.opened_at.date(), each.says)
        for each in found.cases
    ]
    show("Risk queue", ("case", "kind", "about", "users", "reasons", "since", "decided"), rows)


@risk.command()
@click.option("--user", "user_id", default="", help="Only those of a user.")
@as_json
@with_desk
def flags(path: Path, user_id: str, wants_json: bool) -> None:
    """Flags that stand, the newest first."""
    from springtide.operations.risk.reads import flags as read

    found = read(None, now=clock.now(), user_id=user_id, count=1000)
    names = ("number", "user_id", "kind", "source", "note", "begins_at", "ends_at")
    if wants_json:
        say([{name: _plain(getattr(each, name)) for name in names} for each in found])
    else:
        show("Flags", names, [[_plain(getattr(each, name)) for name in names] for each in found])


@risk.command()
@click.argument("user_id")
@click.argument("kind")
@click.option("--until", type=DAY, help="The first day on which it no longer holds (UTC). Default: until it is lifted.")
@click.option("--note", default="", help="A word why.")
@click.option("--source", default="command line", show_default=True, help="Who says so.")
@as_json
@with_desk
def flag(path: Path, user_id: str, kind: str, until: date | None, note: str, source: str, wants_json: bool) -> None:
    """Put up a flag of a user that holds at once: self_exclusion, cooling_off, sanctions, risk_hold, no_promo, vulnerable."""
    from springtide.operations.risk.actions import NewFlag, raise_flags

    ends_at = datetime(until.year, until.month, until.day, tzinfo=UTC) if until else None
    new = raise_flags([NewFlag(user_id, kind, source, note, ends_at=ends_at)], acting=None, now=clock.now())
    if wants_json:
        say({"new": new})
    else:
        click.echo(f"{user_id} is flagged: {kind}." if new else f"{user_id} was flagged already: {kind}.")


@risk.command()
@click.argument("number", type=click.IntRange(1))
@click.option("--note", required=True, help="A word why.")
@as_json
@with_desk
def lift(path: Path, number: int, note: str, wants_json: bool) -> None:
    """Take a flag down, by its number."""
    from springtide.operations.risk.actions import lift_flag

    lift_flag(number, note=note, acting=None, now=clock.now())
    if wants_json:
        say({"lifted": number})
    else:
        click.echo(f"Flag {number} is lifted.")


def _gate(each: GateSeen) -> dict[str, Any]:
    clauses = [
        {"code": clause.code, "holds": clause.holds, "seen": {name: _plain(value) for name, value in clause.seen}}
        for clause in each.clauses
    ]
    return {"gate": each.key, "version": each.version, "verdict": each.verdict, "codes": list(each.codes), "clauses": clauses}


def _saw(each: GateSeen) -> str:
    """The values behind what fired."""
    told = (f"{name} is {said(value)}" for clause in each.clauses if clause.holds is not False for name, value in clause.seen)
    return ", ".join(dict.fromkeys(told)) if each.codes else ""


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _usdt(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as bad:
        raise BadInput(f"'{text}' is no amount.", "Write it as 5 or 0.25.", code="bad_amount") from bad
    if not (amount.is_finite() and 0 <= amount <= 10**9):
        raise BadInput(f"{text} USDT cannot be given.", "Give an amount from 0 to 1,000,000,000.", code="bad_amount")
    return amount


COMMANDS: tuple[click.Command, ...] = (risk,)
