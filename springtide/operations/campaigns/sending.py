"""Sending what is due, batch by batch: decision, cap count, reservation and message in one transaction, so that a kill loses nothing.

A batch moves the run's position along the numbers of its users. Who is restarted goes on behind it; who was overtaken finds it moved.
A run that is paused is left where it is; one whose campaign has ended is stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import transaction

from springtide.analytics.engine import Engine
from springtide.home import Home
from springtide.kernel.errors import Refused
from springtide.kernel.ids import content_hash
from springtide.kernel.money import micro, usdt
from springtide.operations.campaigns import states
from springtide.operations.campaigns.candidates import Pass, attach_decisions, people, variables
from springtide.operations.campaigns.models import Campaign, Decision, Run, Traveller, Turn
from springtide.operations.campaigns.waiting import arrival
from springtide.operations.delivery.actions import NewMessage, put
from springtide.operations.inserting import insert_many
from springtide.operations.members.actions import audit
from springtide.operations.rewards.actions import grant, reserve
from springtide.operations.rewards.caps import NewReward
from springtide.operations.work.items import NewItem, open_items

FIXED: Final = ("user_no", "user_id", "person_id", "language", "arm", "due_at", "left_in_caps")
DECIDED: Final = (
    *("key", "run_id", "step", "user_id", "user_no", "arm", "verdict", "check_no", "reason", "risk_reasons", "has_passed"),
    *("channel", "message_class", "due_at", "decided_at"),
)
TRAVELLING: Final = (
    "run_id",
    "user_id",
    "user_no",
    "person_id",
    "entry_key",
    "arm",
    "step",
    "wake_at",
    "waits_for",
    "entered_at",
)


class Due(NamedTuple):
    """Somebody whom a pass let through. `left_in_caps`: how many contacts more their caps allow; `values`: what templates ask."""

    user_no: int
    user_id: str
    person_id: str
    language: str
    arm: str
    due_at: datetime | None
    left_in_caps: int
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Sent:
    """What became of a batch: keys that go out, and why the others do not: (check, reason)."""

    keys: Sequence[str]
    refused: Mapping[str, tuple[int, str]]


def send_due(
    home: Home, engine: Engine, run: Run, *, now: Callable[[], datetime], report: Callable[[Mapping[str, Any]], None]
) -> None:
    """Send what is due of a decided run, behind its position.

    writes     in one transaction a batch: decisions, rewards, messages or travellers, the run's position, audit rows
    """
    definition = Pass(home, engine, home.lake.snapshot(), run, None, now()).definition
    this = Pass(home, engine, home.lake.snapshot(), run, None if definition.is_journey else definition.steps[0], now())
    attach_decisions(engine, this.snapshot, [run.pk], name="decided_rows")
    names = _fill(this, "decided_rows", "d.verdict = 'due' and d.user_no > $position", position=run.position)
    while True:
        rows = _next(engine, run.position, names, most=states.BATCH)
        with transaction.atomic():
            if not _may_go_on(run, now()):
                return
            if not rows:
                _end(run, "send", now())
                return
            _one_batch(this, run, rows, names, now())
        report({"what": "sending", "done": run.position, "users": run.due})


def write_sends(
    this: Pass, rows: Sequence[Due], keys: Sequence[str], names: Sequence[str], now: datetime, *, campaign: str = ""
) -> Sent:
    """Decide those due of one step for good, in the caller's transaction: caps once more, budget, message, decision.

    `campaign`: within which a linked cluster gets one reward; the campaign itself where it is empty.
    """
    step, definition, run = this.step, this.definition, this.run
    assert step is not None
    refused: dict[str, tuple[int, str]] = {}
    if this.channel and definition.message_class != "service":
        fresh = _contacts_since(run, rows)
        refused = {
            key: (13, "capped_meanwhile")
            for key, row in zip(keys, rows, strict=True)
            if fresh.get(row.user_no, 0) >= row.left_in_caps and row.user_no in fresh
        }
    wanted = _rewards(this, ((key, row) for key, row in zip(keys, rows, strict=True) if key not in refused), campaign)
    if wanted:
        reserved = reserve(wanted, now=now)
        refused |= {key: (14, reason) for key, reason in reserved.refused.items()}
        if step.do == "reward":
            grant([each.key for each in wanted if each.key not in refused], now=now)
    going = [(key, row) for key, row in zip(keys, rows, strict=True) if key not in refused]
    if step.do == "message":
        put(_messages(this, going, names, now), now=now)
    elif step.do == "task":
        open_items(_items(this, going, now), now=now)
    insert_many(Decision, DECIDED, _decisions(this, zip(keys, rows, strict=True), refused, now))
    return Sent([key for key, _ in going], refused)


def _one_batch(this: Pass, run: Run, rows: Sequence[Due], names: Sequence[str], now: datetime) -> None:
    """One batch of a run, in the caller's transaction."""
    if this.step is None:
        insert_many(Traveller, TRAVELLING, _travellers(this, rows, now))
        keys = [str(row.user_no) for row in rows]
        told = Counter((16, "", row.arm, "entered") for row in rows)
    else:
        run_no = run.pk
        keys = [
            f"{run_no}.0.{row.user_no}" for row in rows
        ]  # of the message and the reward too: the receiver's idempotency key
        sent = write_sends(this, rows, keys, names, now)
        told = Counter(
            (*sent.refused.get(key, (16, "")), row.arm, "refused" if key in sent.refused else "sent")
            for key, row in zip(keys, rows, strict=True)
        )
    position = rows[-1].user_no
    late = Counter({tuple(name): users for *name, users in run.late})
    late.update(told)
    run.late = [[*name, users] for name, users in sorted(late.items()) if users]
    if not Run.objects.filter(pk=run.pk, position=run.position).update(position=position, late=run.late):
        raise Refused("Another worker has sent this batch.", "Stop; it is in other hands.", code="lease_lost")
    run.position = position
    details = {"run": run.pk, "through": position, "users": len(rows), "keys": content_hash(keys)}
    audit("send_batch", subject=f"campaign {this.campaign.key}", acting=None, now=now, details=details)


def _may_go_on(run: Run, now: datetime) -> bool:
    """Take the turn to write, and look how the campaign stands. What a finished one decided is still sent; a killed one stops here."""
    Turn.objects.select_for_update().get_or_create(pk=1)
    state, killed_at = Campaign.objects.values_list("state", "killed_at").get(pk=run.campaign_id)
    if killed_at is not None:
        _end(run, "stop", now)
        return False
    return state in (states.LIVE, "measuring")


def _end(run: Run, move: str, now: datetime) -> None:
    becomes = next(to for start, name, to in states.RUN_MOVES if (start, name) == ("sending", move))
    if Run.objects.filter(pk=run.pk, state="sending").update(state=becomes, ended_at=now):
        details = {"run": run.pk, "slot": run.slot}
        audit(
            f"{move}_run", subject=f"campaign {run.campaign.key}", acting=None, now=now, was="sending", becomes=becomes,
            details=details,
        )  # fmt: skip


def due_of(this: Pass, table: str, condition: str) -> list[Due]:
    """Who of a table of decisions (`d`) a condition takes, by number, with what the templates of the step ask of them."""
    _fill(this, table, condition)
    return _next(this.engine, -1, variables(this.definition, this.step), most=2**31)


def newest_decision() -> int:
    """The last decision that was written: contacts behind it are counted once more before anything is sent."""
    return Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _fill(this: Pass, table: str, condition: str, **bound: Any) -> tuple[str, ...]:
    """Make `due_rows`: those of a table of decisions whom a condition takes, with what the templates ask of them; the names of that."""
    names = variables(this.definition, this.step)
    columns = ", ".join(f"d.{name}" for name in FIXED)
    opening, join, asked = "", "", ""
    if names:
        opening, _ = people(this, [])
        join = " left join people as p on d.user_no = p.user_no"
        asked = "".join(f", p.{name}" for name in names)
    this.engine.make("due_rows", f"{opening} select {columns}{asked} from {table} as d{join} where {condition}", **bound)
    return names


def _next(engine: Engine, position: int, names: Sequence[str], *, most: int) -> list[Due]:
    columns = ", ".join((*FIXED, *names))
    found = engine.rows(
        f"select {columns} from due_rows where user_no > $position order by user_no limit {most}", position=position
    )
    fixed = len(FIXED)
    return [Due._make((*row[:fixed], row[fixed:])) for row in found.values]


def _messages(this: Pass, going: Iterable[tuple[str, Due]], names: Sequence[str], now: datetime) -> Iterable[NewMessage]:
    step, definition, campaign = this.step, this.definition, this.campaign.key
    assert step is not None
    by_arm = {arm.key: (step.template(arm.key), step.offer(arm.key)) for arm in definition.arms}
    offered = {
        key: {"offer_amount": f"{offer.amount_usdt:f}", "offer_type": offer.type} for key, offer in definition.offers.items()
    }
    for key, row in going:
        template, offer = by_arm[row.arm]
        if template is None:
            continue  # this arm gets no message in this step
        values = {name: _plain(name, value) for name, value in zip(names, row.values, strict=True) if value is not None}
        if offer:
            values |= offered[offer]
        yield NewMessage(
            key=key,
            user_id=row.user_id,
            channel=step.channel,
            message_class=definition.message_class,
            template=template,
            language=row.language or "",
            variables=values,
            due_at=row.due_at.replace(tzinfo=UTC) if row.due_at else now,
            campaign=campaign,
            step=step.key,
            carries_money=bool(offer),
            template_version=definition.template_versions.get(template),
        )


def _rewards(this: Pass, going: Iterable[tuple[str, Due]], campaign: str) -> list[NewReward]:
    """What those who go out are promised; `campaign`: within which a linked cluster gets one, else the campaign itself."""
    step, definition, budget = this.step, this.definition, this.campaign.key
    assert step is not None
    by_arm = {
        arm.key: (this.offer_hashes[offer], micro(definition.offers[offer].amount_usdt))
        for arm in definition.arms
        if (offer := step.offer(arm.key))
    }
    if not by_arm:
        return []
    within = campaign or budget
    return [
        NewReward(key, row.user_id, row.person_id, *promised, within, budget)
        for key, row in going
        if (promised := by_arm.get(row.arm))
    ]


def _items(this: Pass, going: Iterable[tuple[str, Due]], now: datetime) -> Iterable[NewItem]:
    step = this.step
    assert step is not None
    task = step.task or {}
    for key, row in going:
        yield NewItem(
            origin=f"campaign {this.campaign.key}",
            key=key,
            user_id=row.user_id,
            type=str(task["type"]),
            title=str(task["title"]),
            queue=str(task["queue"]),
            due_hours=step.hours,
        )


def _decisions(
    this: Pass, decided: Iterable[tuple[str, Due]], refused: Mapping[str, tuple[int, str]], now: datetime
) -> Iterable[Sequence[Any]]:
    step, run, channel, kind = this.step.key if this.step else "", this.run.pk, this.channel, this.definition.message_class
    for key, row in decided:
        check_no, reason = refused.get(key, (16, ""))
        verdict = "refused" if key in refused else "sent"
        due_at = row.due_at.replace(tzinfo=UTC) if row.due_at else None
        yield (
            key,
            run,
            step,
            row.user_id,
            row.user_no,
            row.arm,
            verdict,
            check_no,
            reason,
            "",
            True,
            channel,
            kind,
            due_at,
            now,
        )


def _travellers(this: Pass, rows: Iterable[Due], now: datetime) -> Iterable[Sequence[Any]]:
    first = this.definition.steps[0]
    wake_at, waits_for = arrival(first, now, reporting=this.home.settings.zone)
    for row in rows:
        yield (this.run.pk, row.user_id, row.user_no, row.person_id, "", row.arm, first.key, wake_at, waits_for, now)


def _contacts_since(run: Run, rows: Sequence[Due]) -> Counter[int]:
    """User → contacts that were written since the pass counted them; the rows are in order of number."""
    since = Decision.objects.filter(
        pk__gt=run.contacts_through, verdict="sent", user_no__gte=rows[0].user_no, user_no__lte=rows[-1].user_no
    )
    found = since.exclude(channel="").exclude(message_class="service").values_list("user_no", flat=True)
    return Counter(number for number in found if number is not None)


def _plain(name: str, value: Any) -> Any:
    """A value as a template shows it: money in USDT, days as texts."""
    if name.endswith("_usdt"):
        return f"{usdt(int(value)).normalize():f}"
    if isinstance(value, date | Decimal):
        return str(value)
    return value
