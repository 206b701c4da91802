"""What the exchange says of the rewards that we asked for: taken over where it tells of their use, and compared where it differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from springtide.analytics.engine import Engine, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.kernel.days import day_bounds
from springtide.kernel.errors import NothingYet
from springtide.kernel.money import usdt
from springtide.operations.rewards import actions, states
from springtide.operations.rewards.models import Payout, Reward
from springtide.operations.rewards.naming import among

PACKAGE: Final = "springtide.operations.rewards"
AT_ONCE: Final = 20_000


@dataclass(frozen=True)
class Told:
    """What the exchange's entries of one reference say."""

    granted: int
    used: int
    is_active: bool
    is_expired: bool
    is_revoked: bool
    last_at: datetime


@dataclass(frozen=True)
class TakenOver:
    """How many rewards followed the exchange's entries."""

    active: int = 0
    used: int = 0
    expired: int = 0
    revoked: int = 0


@dataclass(frozen=True)
class Difference:
    """A reward of which the exchange and we say different things. Amounts in USDT; null where one side has nothing.

    what    missing_there: we say it was paid, the exchange has no entry of it
            missing_here: the exchange has an entry of a reference that we never gave
            other_amount: what was granted differs
            other_use: more was used there than was granted
            unexpected: the exchange has it, and we say that it was not paid
    """

    reference: str
    what: str
    user_id: str
    ours_usdt: Decimal | None
    theirs_usdt: Decimal | None


@dataclass(frozen=True)
class Reconciliation:
    """Everything that was compared, by the end of a day: how many agree, and each that does not."""

    as_of: date
    agree: int
    differences: tuple[Difference, ...]


def take_over(engine: Engine, snapshot: Snapshot, *, zone: ZoneInfo, now: datetime) -> TakenOver:
    """Let open rewards follow what the exchange says of their use. Done twice, it changes nothing.

    refuses    nothing_closed, no_references
    """
    told = entries(engine, snapshot, zone)
    done = {"active": 0, "used": 0, "expired": 0, "revoked": 0}
    for some in _some(told):
        ours = list(Reward.objects.filter(among("key", some), state__in=states.OPEN))
        active = [each.key for each in ours if each.state == "granted" and told[each.key].is_active]
        used = {each.key: more for each in ours if (more := told[each.key].used - each.used_usdt) > 0}
        done["active"] += len(actions.activate(active, now=now))
        done["used"] += len(actions.consume(used, now=now))
        done["revoked"] += len(
            actions.revoke((each.key for each in ours if told[each.key].is_revoked), now=now, reason="revoked by the exchange")
        )
        done["expired"] += len(actions.expire((each.key for each in ours if told[each.key].is_expired), now=now))
    return TakenOver(**done)


def reconcile(engine: Engine, snapshot: Snapshot, *, zone: ZoneInfo) -> Reconciliation:
    """Compare every reward that was paid by the end of the last closed day with the exchange's entries, by their reference.

    refuses    nothing_closed, no_references
    """
    as_of = snapshot.require_closed()
    until = day_bounds(as_of, zone)[1].replace(tzinfo=None)
    told = entries(engine, snapshot, zone)
    differences, agree, seen = [], 0, set[str]()
    asked = Payout.objects.filter(way="pay").select_related("reward").order_by("key")
    for each in asked.iterator(chunk_size=10_000):
        theirs = told.get(each.key)
        was_paid = each.state == "paid" and each.ended_at is not None and each.ended_at.replace(tzinfo=None) < until
        if theirs is None and not was_paid:
            continue
        seen.add(each.key)
        what = _difference(each, theirs)
        if what:
            ours = usdt(each.amount_usdt) if each.state == "paid" else None
            given = None if theirs is None else usdt(theirs.used if what == "other_use" else theirs.granted)
            differences.append(Difference(each.key, what, each.reward.user_id, ours, given))
        else:
            agree += 1
    unknown = sorted(told.keys() - seen)
    differences += [Difference(key, "missing_here", "", None, usdt(told[key].granted)) for key in unknown]
    return Reconciliation(as_of, agree, tuple(differences))


def entries(engine: Engine, snapshot: Snapshot, zone: ZoneInfo) -> dict[str, Told]:
    """Reference → what the exchange's entries say, up to the end of the last closed day.

    refuses    nothing_closed
               no_references    no entries were given, or they carry no reference
    """
    as_of = snapshot.require_closed()
    snapshot.attach(engine, "reward_entries", fact_schema("reward_entries"), until=as_of)
    if not snapshot.has("reward_entries") or "reference" not in engine.rows("select * from reward_entries limit 0").columns:
        raise NothingYet(
            "The exchange's reward entries carry no reference.",
            "Give reward_entries with the column reference: the key under which the reward was asked for.",
            code="no_references",
        )
    rows = engine.rows(definition(PACKAGE, "entries").text, to_at=day_bounds(as_of, zone)[1])
    return {reference: Told(*figures) for reference, *figures in rows.values}


def _difference(payout: Payout, theirs: Told | None) -> str:
    if theirs is None:
        return "missing_there"
    if payout.state != "paid":
        return "unexpected"
    if theirs.granted != payout.amount_usdt:
        return "other_amount"
    return "other_use" if theirs.used > theirs.granted else ""


def _some(told: Mapping[str, Told]) -> Iterable[list[str]]:
    keys = sorted(told)
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))
