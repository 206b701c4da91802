"""A made-up exchange as files: the input tables that Springtide imports, and apart from them what is true."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from springtide.kernel.errors import BadInput
from springtide.simulator import campaigns as past
from springtide.simulator import cast, fills, people, play, rows, service
from springtide.simulator.arrivals import Arrivals, identity
from springtide.simulator.chance import Chance, as_pair
from springtide.simulator.export import Export, Names, as_time, keyed
from springtide.simulator.fills import Columns, size, stack
from springtide.simulator.market import ASSETS, DAY_MICROS, EPOCH, make_market
from springtide.simulator.people import NEVER, People, make_people
from springtide.simulator.wallets import OUTSIDE
from springtide.simulator.world import World

DEFAULT_LAST_DAY = date(2025, 12, 31)
MOST_USERS, MOST_DAYS = 1 << 26, 4000
BY_DAY_FROM_USERS = 200_000  # from here on the big tables come as one file a day, below as one a month
_BIG = ("spot_trades", "contract_trades", "transfers", "sessions", "balances")
_TRADES = ("spot_trades", "contract_trades")
_MONTHLY = ("reward_entries", "other_income", "commissions", "events", "surveys", "messages", "tickets")
_WHOLE = ("restrictions", "user_status_history")


@dataclass(frozen=True)
class Simulated:
    """What was written: rows per table (truth tables begin with `truth/`), the days covered, and how long it took."""

    rows: Mapping[str, int]
    first_day: date
    last_day: date
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "rows": dict(self.rows),
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "seconds": round(self.seconds, 3),
        }


def simulate(
    *,
    users: int,
    days: int,
    seed: int,
    out: Path,
    through: date | None = None,
    memory_limit: str = "4GB",
    progress: Callable[[str, float], None] | None = None,
) -> Simulated:
    """Make up an exchange of `users` registrations that opens `days` days before the end of `through` (default 2025-12-31).

    writes     out/exchange/<table>/*.parquet, out/exchange/README.md, out/truth/*.parquet
    refuses    bad_size      users, days or seed out of range
               not_empty     `out` holds an exchange already
    The same seed, users, days and last day give the same rows, whatever the machine; another number of users leaves what the first
    users do as it is. `progress` hears what is being done and the share done, 0 to 1.
    """
    began = time.perf_counter()
    last_day = through or DEFAULT_LAST_DAY
    _check(users, days, seed, last_day, out)
    last = (last_day - EPOCH).days
    first = last - days + 1
    tell = progress or (lambda step, share: None)

    tell("users", 0.0)
    chance = Chance(seed)
    market = make_market(chance, first, last)
    who = make_people(chance, market, users, first, last)
    tasks = past.make_campaigns(chance, first, last)
    world = World(chance, market, who, tasks, first, last)
    export = Export(out, memory_limit)
    try:
        _export_days(world, export, tell)
        tell("tables of users", 0.98)
        _export_people(world, export)
        _export_rest(world, export)
        export.finish()
        tell("done", 1.0)
    finally:
        export.close()
    first_day = EPOCH + timedelta(days=first)
    _write_readme(out, seed, users, first_day, last_day, export.written)
    return Simulated(dict(sorted(export.written.items())), first_day, last_day, time.perf_counter() - began)


def _check(users: int, days: int, seed: int, last_day: date, out: Path) -> None:
    for name, value, least, most in (
        ("users", users, 1, MOST_USERS),
        ("days", days, 1, MOST_DAYS),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if not least <= value <= most:
            raise BadInput(f"{name} is {value}.", f"It must be from {least} to {most}.", code="bad_size")
    if (last_day - EPOCH).days - days < (date(2016, 6, 1) - EPOCH).days:
        raise BadInput(
            f"{days} days before {last_day} begin before the made-up market does.",
            "Let them begin after 2016-06-01.",
            code="bad_size",
        )
    if (out / "exchange").exists() and any((out / "exchange").iterdir()):
        raise BadInput(f"{out} holds an exchange already.", "Name an empty folder, or delete that one first.", code="not_empty")


# ── the days ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _export_days(world: World, export: Export, tell: Callable[[str, float], None]) -> None:
    names = Names(world.chance, world.people.count)
    by_day = world.people.count >= BY_DAY_FROM_USERS
    arrivals = {table: Arrivals(world.chance, table) for table in _TRADES}
    held: dict[str, list[Columns]] = defaultdict(list)
    held["restrictions"].append(service.standing_restrictions(world.chance, world.people, world.last))
    held["user_status_history"].extend(_attribute_changes(world.chance, world.people, world.last))

    def flush(tables: tuple[str, ...], name: str) -> None:
        for table in tables:
            parts = held.pop(table, [])
            if parts:
                export.put(table, name, _named(world, names, table, stack(parts)))

    def late(day: int, *, rest: bool = False) -> None:
        for table, waiting in arrivals.items():
            arrived = waiting.due(day, rest=rest)
            if arrived is not None:
                export.put(
                    table, f"late-{EPOCH + timedelta(days=day)}{'-end' if rest else ''}", _named(world, names, table, arrived)
                )

    for day in range(world.first, world.last + 1):
        late(day)
        for table, parts in play.play(world, day).items():
            filled = [part for part in parts if size(part)]
            if not filled:
                continue
            columns = stack(filled)
            if table in _TRADES:
                columns = arrivals[table].split(columns)
            elif table in ("balances", "sessions"):
                columns = dict(columns, on=np.full(size(columns), day, np.int32))
            held[table].append(columns)
        date_ = EPOCH + timedelta(days=day)
        month_ends = day == world.last or (date_ + timedelta(days=1)).day == 1
        if by_day:
            flush(_BIG, f"{date_}")
        elif month_ends:
            flush(_BIG, f"{date_:%Y-%m}")
        if month_ends:
            flush(_MONTHLY, f"{date_:%Y-%m}")
        tell(f"{date_}", 0.98 * ((day - world.first + 1) / (world.last - world.first + 1)))
    late(world.last, rest=True)
    flush(_WHOLE, "all")


def _named(world: World, names: Names, table: str, raw: Columns) -> Columns:
    """The raw columns with the user's id, the row's number, times and days as DuckDB reads them."""
    columns = dict(raw)
    who = columns.pop("user")
    columns["account"] = names.of(who)
    if "ordinal" in columns:
        if "id" not in columns:
            columns["id"] = identity(raw)
        del columns["ordinal"]
    if "on" in columns:
        columns["day"] = columns.pop("on")
    ends = (world.last + 1) * DAY_MICROS
    for name in ("at", "from", "to", "replied", "resolved"):
        if name in columns:
            times = columns[name]
            if name == "replied" or name == "resolved":
                times = np.where(times < ends, times, NEVER)  # what has not come by the last day is not known
            columns[name] = as_time(times)
    if table == "tickets":
        unsolved = np.isnat(columns["resolved"])
        columns["state"] = np.where(unsolved, np.where(np.isnat(columns["replied"]), 0, 1), raw["state"])
        columns["score"] = np.where(unsolved, 0, raw["score"])
        columns["reopened"] = raw["reopened"] & ~unsolved
    if table == "transfers":
        farmed = world.people.cluster_kind[who] == people.FARM
        columns["address"] = keyed(world.chance, "link.withdrawal_address", np.where(farmed, world.people.cluster[who], who))
    if table == "reward_entries":
        kinds = np.array([campaign.reward_type for campaign in world.campaigns], np.int8)
        columns["reward_type"] = kinds[raw["campaign"]]
    return columns


def _attribute_changes(chance: Chance, who: People, last: int) -> list[Columns]:
    """KYC levels as they were passed, and the few who changed their mind about marketing."""
    passed, again = np.flatnonzero(who.kyc < NEVER), np.flatnonzero(who.kyc_again < NEVER)
    _, changed, since = _consent(chance, who, last)
    changed = np.flatnonzero(changed)
    now = (_consent(chance, who, last)[0][changed] == 1).astype(np.int64)
    return [
        rows.status(passed, rows.KYC_LEVEL, who.kyc[passed], 0, 1),
        rows.status(again, rows.KYC_LEVEL, who.kyc_again[again], 1, 2),
        rows.status(changed, rows.CONSENT, since[changed], 1 - now, now),
    ]


def _consent(chance: Chance, who: People, last: int) -> tuple[Any, Any, Any]:
    """Today's consent (1, 0, or -1 for never asked), who changed it, and when."""
    draw, when = as_pair(chance.bits("people.consent", who.no))
    consent = np.where(draw < 0.80, 1, np.where(draw < 0.92, 0, -1))
    since = who.registered + ((1 + 90 * when) * DAY_MICROS).astype(np.int64)
    changed = (chance.uniform("people.changed_consent", who.no) < 0.03) & (consent >= 0) & (since < (last + 1) * DAY_MICROS)
    return consent, changed, since


# ── tables of users ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _export_people(world: World, export: Export) -> None:
    chance, who, state = world.chance, world.people, world.state
    account = Names(chance, who.count).account
    kind = np.zeros(who.count, np.int8)  # retail
    for code, archetypes in (
        (1, (cast.DAY_TRADER, cast.ARBITRAGEUR)),
        (2, (cast.INSTITUTION,)),
        (3, (cast.MARKET_MAKER,)),
        (4, (cast.EMPLOYEE,)),
        (5, (cast.TEST,)),
    ):
        kind[np.isin(who.archetype, archetypes)] = code
    frozen = world.frozen_on <= world.last
    export.put(
        "users",
        "all",
        {
            "account": account,
            "registered": as_time(who.registered),
            "vip": state.vip,
            "country": who.country,
            "kyc_level": (who.kyc < NEVER).astype(np.int8) + (who.kyc_again < NEVER),
            "kyc": as_time(who.kyc),
            "user_type": kind,
            "master": np.where(who.master >= 0, account[who.master], 0),
            "channel": who.channel,
            "referrer": np.where(who.referrer >= 0, account[who.referrer], 0),
            "status": np.where(frozen, rows.FROZEN, np.where(state.closed, rows.CLOSED, rows.ACTIVE)).astype(np.int8),
            "consent": _consent(chance, who, world.last)[0].astype(np.int8),
        },
    )
    _export_links(world, export, account)
    invited = np.flatnonzero(who.referrer >= 0)
    export.put(
        "referrals",
        "all",
        {"account": account[invited], "inviter": account[who.referrer[invited]], "at": as_time(who.registered[invited])},
    )
    linked = np.flatnonzero(who.cluster >= 0)
    export.put(
        "truth/users",
        "all",
        {
            "account": account,
            "archetype": who.archetype,
            "channel": who.channel,
            "wealth": who.wealth,
            "active": who.active,
            "trades": who.trades,
            "contract": who.contract,
            "leaves": who.leaves,
            "leverage": who.leverage,
            "first_deposit": as_time(who.first_deposit),
            "first_trade": as_time(who.first_trade),
        },
    )
    export.put(
        "truth/clusters",
        "all",
        {"account": account[linked], "head": account[who.cluster[linked]], "kind": who.cluster_kind[linked]},
    )


def _export_links(world: World, export: Export, account: Any) -> None:
    """What accounts share: a farm its devices and its way out, a family its home, strangers an address of thousands."""
    who, state = world.people, world.state
    farm = who.cluster_kind == people.FARM
    alone = who.cluster < 0
    seen_last = np.maximum(who.registered, np.minimum(state.not_before, (world.last + 1) * DAY_MICROS - 1))
    funded = state.phase != OUTSIDE
    everyone = np.ones(who.count, np.bool_)
    hubs = 1 << 40  # numbers no user has
    shared = (
        ("device", everyone, np.where(farm, who.cluster + (who.no % 8) // 3, np.where(alone, who.no, who.cluster))),
        ("ip24", everyone, np.where(who.hub >= 0, hubs + who.hub.astype(np.int64), np.where(alone, who.no, who.cluster))),
        ("payment", funded & (who.no % 5 < 3), np.where(farm, who.cluster + (who.no % 8) // 4, who.no)),
        ("withdrawal_address", world.withdrew, np.where(farm, who.cluster, who.no)),
        ("api_key", funded & (who.via == people.API), who.no),
    )
    parts = []
    for code, (link_type, has, number) in enumerate(shared):
        holders = np.flatnonzero(has)
        parts.append(
            {
                "account": account[holders],
                "link_type": np.full(holders.size, code, np.int8),
                "link": keyed(world.chance, f"link.{link_type}", number[holders]),
                "first_seen": as_time(who.registered[holders]),
                "last_seen": as_time(seen_last[holders]),
            }
        )
    export.put("links", "all", stack(parts))


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _export_rest(world: World, export: Export) -> None:
    market = world.market
    export.put("channels", "all", _channel_days(world))
    days, assets = market.close.shape
    priced = np.arange(market.begins, market.begins + days)
    export.put(
        "prices",
        "all",
        {
            "day": np.repeat(priced, assets),
            "asset": np.tile(np.arange(assets, dtype=np.int8), days),
            "close": market.close.ravel(),
        },
    )
    levels = np.arange(play.VIP_SPOT.size)
    export.put(
        "vip_tiers",
        "all",
        {
            "level": levels,
            "since": np.full(levels.size, world.first),
            "spot": play.VIP_SPOT,
            "contract": play.VIP_CONTRACT,
            "assets": play.VIP_ASSETS,
            "spot_maker_bps": fills.SPOT_MAKER / 100,
            "spot_taker_bps": fills.SPOT_TAKER / 100,
            "contract_maker_bps": fills.CONTRACT_MAKER / 100,
            "contract_taker_bps": fills.CONTRACT_TAKER / 100,
        },
    )
    tasks = world.campaigns
    refs = np.array([task.ref for task in tasks], object)
    if tasks:
        export.put(
            "campaign_tasks",
            "all",
            {
                "campaign_ref": refs,
                "name": np.array([task.name for task in tasks], object),
                "trades": np.array([task.minimum_trades or 0 for task in tasks]),
                "volume": np.array([task.minimum_volume_usdt or 0 for task in tasks]),
                "starts": as_time(np.array([task.starts for task in tasks], np.int64) * DAY_MICROS),
                "ends": as_time(np.array([task.ends + 1 for task in tasks], np.int64) * DAY_MICROS),
                "unlock": as_time(np.array([task.unlocks for task in tasks], np.int64) * DAY_MICROS + 2 * people.HOUR),
            },
        )
        export.put(
            "truth/campaign_effects",
            "all",
            {
                "campaign_ref": refs,
                "effect": np.array([task.effect for task in tasks]),
                "days": np.full(len(tasks), past.EFFECT_DAYS),
            },
        )
    export.put(
        "truth/market",
        "all",
        {
            "day": priced,
            "regime": market.regime,
            "volatility": market.volatility,
            "mood": market.mood,
            "appetite": market.appetite,
            "interest": market.interest,
        },
    )


def _channel_days(world: World) -> Columns:
    """What every channel cost and brought, day by day, as its partner reports it."""
    days, channels = world.last - world.first + 1, len(cast.CHANNELS)
    slot = (world.people.registered // DAY_MICROS - world.first) * channels + world.people.channel
    brought = np.bincount(slot, minlength=days * channels)
    channel = np.tile(np.arange(channels, dtype=np.int8), days)
    noise = 0.85 + 0.3 * world.chance.uniform("channels.noise", np.arange(brought.size) + world.first * channels)
    cost = np.array([each.cost_usdt for each in cast.CHANNELS])[channel]
    clicks = np.array([each.clicks for each in cast.CHANNELS])[channel]
    return {
        "channel": channel,
        "day": np.repeat(np.arange(world.first, world.last + 1), channels),
        "spend": np.rint(cost * brought * noise * 100).astype(np.int64) * 10_000,
        "clicks": np.rint(clicks * brought * noise).astype(np.int64),
        "installs": np.rint(1.25 * brought * noise).astype(np.int64),
        "registrations": brought,
    }


def _write_readme(out: Path, seed: int, users: int, first_day: date, last_day: date, counts: Mapping[str, int]) -> None:
    days = (last_day - first_day).days + 1
    listed = "\n".join(f"| {table} | {count:,} |" for table, count in sorted(counts.items()) if not table.startswith("truth/"))
    (out / "exchange" / "README.md").write_text(
        f"""# A made-up exchange

{users:,} users, {first_day} to {last_day}, made by

    springtide simulate --users {users} --days {days} --through {last_day} --seed {seed} --out DIR

Nobody in it is real. Files named `late-<day>` hold what arrived on that day: trades of earlier days, corrected rows (`version` 2) and
voided rows. The {len(ASSETS) - 1} coins are quoted in USDT; times are UTC, and so is the reporting zone of the daily tables.

| table | rows |
|---|---:|
{listed}
""",
        encoding="utf-8",
    )
