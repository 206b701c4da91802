"""How far users are with what their rewards ask, read from the facts after a close, and what follows from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q

from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.kernel.days import day_bounds, day_of, start_of_day
from springtide.kernel.errors import UnknownName
from springtide.kernel.money import micro
from springtide.operations.members.actions import audit
from springtide.operations.members.models import Member
from springtide.operations.rewards import actions, payouts, states
from springtide.operations.rewards.models import Offer, Reward

PACKAGE: Final = "springtide.operations.rewards"
AT_ONCE: Final = 50_000  # rewards that one transaction moves
OPEN_REWARDS: Schema = (
    Column("reward_no", "bigint", False),
    Column("offer_no", "bigint", False),
    Column("user_no", "integer", False),
    Column("product", "varchar", False, "spot, contract, or empty for both"),
    Column("has_markets", "boolean", False, "does volume count on listed markets only?"),
    Column("since_on", "date", False, "the day of the promise"),
    Column("since_from", "timestamp", False, "when that day began"),
    Column("granted_on", "date", True),
    Column("granted_from", "timestamp", True),
    Column("lock_until_on", "date", True),
)
LISTED_MARKETS: Schema = (Column("offer_no", "bigint", False), Column("market", "varchar", False))


@dataclass(frozen=True)
class Standing:
    """How far one holder is: amounts in whole 1e-6 USDT since the promise, `wagered` since it was granted.

    `lowest` is the least net deposit at a day's end while the lock held; null where it does not hold yet.
    """

    kyc_level: int
    net_deposit: int
    lowest: int | None
    volume: int
    wagered: int


@dataclass(frozen=True)
class Advanced:
    """What a pass came to, in rewards."""

    as_of: date
    looked_at: int = 0
    granted: int = 0
    lapsed: int = 0
    used: int = 0
    expired: int = 0
    taken_back: int = 0


@transaction.atomic
def claim(key: str, user_id: str, *, now: datetime, acting: Member | None = None) -> bool:
    """A user wants a reward that must be claimed. True the first time.

    writes     the reward's moment of claim; one audit row
    refuses    unknown_reward    the user has no such reward
    """
    theirs = Reward.objects.filter(key=key, user_id=user_id)
    if not theirs.exists():
        raise UnknownName(f"User {user_id} has no reward '{key}'.", "Look at the user's page.", code="unknown_reward")
    is_new = bool(theirs.filter(state="reserved", claimed_at=None, qualify_by__gt=now).update(claimed_at=now))
    if is_new:
        audit("claim_reward", subject=f"reward {key}", acting=acting, now=now)
    return is_new


def advance(engine: Engine, snapshot: Snapshot, *, zone: ZoneInfo, now: datetime) -> Advanced:
    """Look at every open reward by the end of the last closed day, and let follow what its offer says.

    Who has met what was asked is granted; who has not in time gets nothing; who took the deposit out while it was locked loses the
    reward; what was traded often enough is the user's own; what was not used in time expires. A deadline counts as passed once the
    day on which it lay is closed: before that a late deposit may still be told. Done twice, it changes nothing. A promise that asks
    nothing is not waited for here: who made it grants it.

    writes     progress and moves of rewards, batch by batch; payouts that take back; audit rows
    refuses    nothing_closed    no day was closed yet
    """
    as_of = snapshot.require_closed()
    offers = {each.pk: each for each in Offer.objects.all()}
    rewards = list(_watched(offers.values()))
    standing = _standing(engine, snapshot, rewards, offers, zone, as_of)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "update rewards_reward set deposited_usdt = %s, traded_usdt = %s, seen_through = %s where id = %s",
            [
                (told.net_deposit, told.volume if each.state == "reserved" else told.wagered, as_of, each.pk)
                for each in rewards
                if (told := standing.get(each.pk))
            ],
        )
    met, late, broken = [], [], []
    for each in rewards:
        terms, told = offers[each.offer_id].conditions, standing.get(each.pk)
        if each.state == "reserved":
            if _qualifies(each, offers[each.offer_id], told):
                met.append(each.key)
            elif each.qualify_by and day_of(each.qualify_by, zone) <= as_of:
                late.append(each.key)
        elif told and told.lowest is not None and told.lowest < micro(terms.net_deposit_usdt):
            broken.append(each.key)
    owned = _wagered([each for each in rewards if each.state in states.OPEN], standing, offers)
    return Advanced(
        as_of=as_of,
        looked_at=len(rewards),
        granted=sum(len(actions.grant(some, now=now)) for some in _some(met)),
        lapsed=sum(len(actions.release(some, now=now, reason="not met in time")) for some in _some(late)),
        taken_back=sum(len(payouts.take_back(some, now=now, reason="cashed out while locked")) for some in _some(broken)),
        used=sum(len(actions.consume(dict.fromkeys(some), now=now)) for some in _some(owned)),
        expired=sum(len(actions.expire(some, now=now)) for some in _some(_overdue(zone, as_of))),
    )


def _watched(offers: Iterable[Offer]) -> Iterator[Reward]:
    """Open rewards of which the facts have something to say."""
    traded_for = [each.pk for each in offers if each.conditions.wagering_multiple]
    looked_at = (
        Q(state="reserved", qualify_by__isnull=False)
        | Q(state__in=states.OPEN, lock_until__isnull=False)
        | Q(state__in=states.OPEN, offer__in=traded_for)
    )
    return Reward.objects.filter(looked_at, ended_at=None).order_by("pk").iterator(chunk_size=10_000)


def _standing(
    engine: Engine, snapshot: Snapshot, rewards: Sequence[Reward], offers: dict[int, Offer], zone: ZoneInfo, as_of: date
) -> dict[int, Standing]:
    since = min((day_of(each.reserved_at, zone) for each in rewards), default=as_of)
    if not rewards or since > as_of:
        return {}
    lists = {pk: offer.conditions.markets for pk, offer in offers.items()}
    for table in ("users", "spot_trades", "contract_trades"):
        needs = table == "users" or any(lists[each.offer_id] for each in rewards)
        snapshot.attach(
            engine, table, fact_schema(table), since=None if table == "users" else since if needs else as_of, until=as_of
        )
    snapshot.attach(engine, "user_days", USER_DAYS, since=since, until=as_of)
    engine.table(
        "reward_holders",
        (Column("reward_no", "bigint"), Column("user_id", "varchar")),
        [(each.pk, each.user_id) for each in rewards],
    )
    holders = engine.rows(
        "select h.reward_no, u.master_no from reward_holders as h inner join users as u on h.user_id = u.user_id"
    )
    numbers = dict(holders.values)
    engine.table(
        "open_rewards",
        OPEN_REWARDS,
        [
            (
                each.pk,
                each.offer_id,
                numbers[each.pk],
                offers[each.offer_id].conditions.product,
                bool(lists[each.offer_id]),
                *_day_and_start(each.reserved_at, zone),
                *_day_and_start(each.granted_at, zone),
                each.lock_until and day_of(each.lock_until, zone),
            )
            for each in rewards
            if each.pk in numbers
        ],
    )
    engine.table("listed_markets", LISTED_MARKETS, [(pk, market) for pk, markets in lists.items() for market in markets])
    told = engine.rows(definition(PACKAGE, "progress").text, as_of=as_of, to_at=day_bounds(as_of, zone)[1])
    return {number: Standing(*figures) for number, *figures in told.values}


def _day_and_start(at: datetime | None, zone: ZoneInfo) -> tuple[date | None, datetime | None]:
    return (None, None) if at is None else (day := day_of(at, zone), start_of_day(day, zone))


def _qualifies(reward: Reward, offer: Offer, told: Standing | None) -> bool:
    terms = offer.conditions
    if terms.opt_in and reward.claimed_at is None:
        return False
    if told is None:  # the user, or the day of the promise, is in no closed day yet
        return terms.kyc_level == 0 and terms.net_deposit_usdt == 0 and terms.volume_usdt == 0
    is_deposited = told.net_deposit >= micro(terms.net_deposit_usdt)
    return told.kyc_level >= terms.kyc_level and is_deposited and told.volume >= micro(terms.volume_usdt)


def _wagered(rewards: Sequence[Reward], standing: dict[int, Standing], offers: dict[int, Offer]) -> list[str]:
    """Rewards traded for often enough: of several of one user, volume counts for the first in their stacking order, then the next."""
    of_user: dict[str, list[Reward]] = defaultdict(list)
    for each in rewards:
        if offers[each.offer_id].conditions.wagering_multiple and each.pk in standing:
            of_user[each.user_id].append(each)
    owned = []
    for held in of_user.values():
        held.sort(key=lambda each: (offers[each.offer_id].conditions.stacking_order, each.granted_at, each.pk))
        spent = 0
        for each in held:
            needs = micro(offers[each.offer_id].conditions.wagering_multiple * each.amount_usdt / 10**6)
            has = max(0, standing[each.pk].wagered - spent)
            if has >= needs:
                owned.append(each.key)
            spent += min(has, needs)
    return owned


def _overdue(zone: ZoneInfo, as_of: date) -> list[str]:
    due = Reward.objects.filter(state__in=states.OPEN, ended_at=None, use_by__lt=_aware(day_bounds(as_of, zone)[1]))
    return list(due.order_by("pk").values_list("key", flat=True))


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def _some(keys: Iterable[str]) -> Iterator[list[str]]:
    each = iter(keys)
    while some := list(islice(each, AT_ONCE)):
        yield some
