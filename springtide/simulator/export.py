"""From raw columns to Parquet: one select per table gives the contract's names, words and decimals; DuckDB writes the files.

Codes become words by position in a list, ids by a keyed bijection of the user number; nothing here is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from springtide.simulator import campaigns, cast, fills, people, rows, service, wallets
from springtide.simulator.chance import Chance, Whole, scramble
from springtide.simulator.fills import Columns, size
from springtide.simulator.market import ASSETS
from springtide.simulator.people import NEVER

_QUEUE = 2  # files waiting to be written: enough to keep both cores busy, few enough to stay small
PLATFORMS = ("android", "web", "ios")
LINK_TYPES = ("device", "ip24", "payment", "withdrawal_address", "api_key")


def _words(values: Sequence[str], code: str) -> str:
    """SQL for the word of a code; an empty word is null."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" if value else "null" for value in values)
    return f"([{listed}]::varchar[])[{code}::integer + 1]"


def _money(column: str) -> str:
    return f"({column} / 1e6)::decimal(18, 6)"


def _event(source: str) -> str:
    return f"'{source}' as source, id::varchar as event_id, version::integer as version, is_void"


_DAY = "date '1970-01-01' + day::integer as day"
_USER = "'u' || account::varchar as user_id"
_ONCE = "1::integer as version, false as is_void"
_BASE = _words([asset.name for asset in ASSETS], "asset")
_FILL = f"""{_USER}, "at" as executed_at, {{market}} as market, {_BASE} as base, 'USDT' as quote,
    case when buys then 'buy' else 'sell' end as side, case when maker then 'maker' else 'taker' end as role,
    price, units / 1e8 as quantity, {_money("notional")} as notional_usdt, {_money("fee")} as fee_usdt,
    {_words(people.VIAS, "via")} as via"""
_SPOT_MARKET = f"{_BASE} || 'USDT'"
_CONTRACT_MARKET = f"{_BASE} || case when dated then '-DATED' else '-PERP' end"

SELECTS = {
    "spot_trades": f"select {_event('spot')}, {_FILL.format(market=_SPOT_MARKET)} from raw",
    "contract_trades": f"""select {_event("contracts")}, {_FILL.format(market=_CONTRACT_MARKET)},
        case when dated then 'dated' else 'perpetual' end as contract_type,
        case when long then 'long' else 'short' end as position_side, closes as reduce_only, leverage::double as leverage,
        case when closes then {_money("pnl")} end as realised_pnl_usdt, {_words(fills.FILL_TYPES, "kind")} as fill_type
        from raw""",
    "transfers": f"""select 'wallet' as source, id::varchar as event_id, {_ONCE}, {_USER}, "at",
        case when status = {rows.COMPLETED} then "at" + interval 7 minute end as completed_at,
        {_words(rows.KINDS, "kind")} as kind, {_words(rows.RAILS, "rail")} as rail, {_BASE} as asset,
        units / 1e8 as quantity, {_money("usdt")} as usdt, {_words(rows.STATUSES, "status")} as status,
        case when kind = {rows.WITHDRAWAL} and rail = {rows.CRYPTO} then lpad(to_hex(address), 16, '0') end as address_hash
        from raw""",
    "balances": f"""select {_USER}, {_DAY}, {_BASE} as asset, {_words(wallets.PRODUCTS, "product")} as product,
        units / 1e8 as quantity, {_money("usdt")} as usdt from raw""",
    "sessions": f"""select {_USER}, {_DAY}, {_words(PLATFORMS, "platform")} as platform,
        sessions::integer as sessions, seconds::integer as seconds from raw""",
    "reward_entries": f"""select 'rewards' as source, id::varchar as event_id, {_ONCE}, {_USER},
        'past-' || lpad((campaign + 1)::varchar, 2, '0') as campaign_ref, {_words(campaigns.REWARD_TYPES, "reward_type")} as reward_type,
        {_words(campaigns.ACTIONS, "action")} as action, {_money("usdt")} as usdt, "at" from raw""",
    "other_income": f"""select 'income' as source, id::varchar as event_id, {_ONCE}, {_USER}, "at",
        {_words(rows.INCOME_KINDS, "kind")} as kind, {_money("usdt")} as usdt from raw""",
    "commissions": f"""select 'commissions' as source, id::varchar as event_id, {_ONCE}, {_USER}, "at",
        {_words(rows.COMMISSION_KINDS, "kind")} as kind, {_money("usdt")} as usdt from raw""",
    "events": f"""select 'app' as source, id::varchar as event_id, {_ONCE}, {_USER}, "at", {_words(rows.EVENTS, "kind")} as name,
        case when usdt <> 0 then '{{"usdt": "' || {_money("usdt")} || '"}}' end as properties from raw""",
    "surveys": f"""select 'surveys' as source, id::varchar as event_id, {_ONCE}, {_USER}, "at",
        {_words(service.QUESTIONS, "question")} as question, score::integer as score, {_words(service.REASONS, "reason")} as reason
        from raw""",
    "messages": f"""select id::varchar as message_id, {_USER}, "at", {_words(service.MESSAGE_CHANNELS, "channel")} as channel,
        'past-' || lpad((campaign + 1)::varchar, 2, '0') as campaign_ref, {_words(service.OUTCOMES, "outcome")} as outcome from raw""",
    "tickets": f"""select id::varchar as ticket_id, {_USER}, "at" as opened_at, {_words(service.TOPICS, "topic")} as topic,
        {_words(service.SEVERITIES, "severity")} as severity, {_words(service.TICKET_STATES, "state")} as status,
        replied as first_replied_at, resolved as resolved_at, reopened, case when score > 0 then score::integer end as csat from raw""",
    "restrictions": f"""select {_USER}, {_words(rows.RESTRICTIONS, "kind")} as kind, "from" as valid_from, "to" as valid_to,
        'risk' as source from raw""",
    "user_status_history": f"""select {_USER}, {_words(rows.ATTRIBUTES, "attribute")} as attribute, "at" as valid_from,
        case attribute when {rows.STATUS} then {_words(rows.ACCOUNT_STATES, "old")}
            when {rows.CONSENT} then {_words(("false", "true"), "old")} else old::varchar end as old,
        case attribute when {rows.STATUS} then {_words(rows.ACCOUNT_STATES, "new")}
            when {rows.CONSENT} then {_words(("false", "true"), "new")} else new::varchar end as new
        from raw order by valid_from, user_id, attribute""",
    "users": f"""select {_USER}, registered as registered_at, vip::integer as vip_level,
        {_words([row[0] for row in cast.COUNTRIES], "country")} as country,
        {_words([row[5] for row in cast.COUNTRIES], "country")} as jurisdiction,
        {_words([row[1] for row in cast.COUNTRIES], "country")} as language,
        {_words([row[2] for row in cast.COUNTRIES], "country")} as timezone,
        kyc_level::integer as kyc_level, kyc as kyc_passed_at,
        {_words(("retail", "pro", "institution", "market_maker", "employee", "test"), "user_type")} as user_type,
        case when master > 0 then 'u' || master::varchar end as master_user_id,
        {_words([each.key for each in cast.CHANNELS], "channel")} as channel_id,
        case when referrer > 0 then 'u' || referrer::varchar end as referrer_user_id,
        {_words(rows.ACCOUNT_STATES, "status")} as status,
        case consent when 1 then true when 0 then false end as marketing_consent
        from raw""",
    "links": f"""select {_USER}, {_words(LINK_TYPES, "link_type")} as link_type, lpad(to_hex(link), 16, '0') as link_hash,
        first_seen as first_seen_at, last_seen as last_seen_at from raw""",
    "referrals": """select 'u' || account::varchar as invitee_id, 'u' || inviter::varchar as inviter_id,
        'r' || (inviter % 10000000)::varchar as code, "at", 'standard' as scheme from raw""",
    "channels": f"""select {_words([each.key for each in cast.CHANNELS], "channel")} as channel_id, {_DAY},
        {_words([each.name for each in cast.CHANNELS], "channel")} as name, null::varchar as sub_channel,
        {_words([each.partner for each in cast.CHANNELS], "channel")} as partner, {_money("spend")} as spend_usdt,
        clicks::bigint as clicks, installs::bigint as installs, registrations::bigint as registrations from raw""",
    "vip_tiers": """select 'standard' as scheme, level::integer as level, date '1970-01-01' + since::integer as valid_from,
        spot::decimal(18, 6) as spot_volume_30d, contract::decimal(18, 6) as contract_volume_30d, assets::decimal(18, 6) as asset_usdt,
        'any' as logic, spot_maker_bps, spot_taker_bps, contract_maker_bps, contract_taker_bps from raw""",
    "prices": f"select {_BASE} as asset, {_DAY}, close as close_usdt from raw",
    "campaign_tasks": """select campaign_ref, name, case when trades > 0 then trades::integer end as minimum_trades,
        case when volume > 0 then volume::decimal(18, 6) end as minimum_volume_usdt,
        starts as starts_at, ends as ends_at, unlock as unlock_at from raw""",
    # What is true: written apart, never imported.
    "truth/users": f"""select {_USER}, {_words(cast.NAMES, "archetype")} as archetype,
        {_words([each.key for each in cast.CHANNELS], "channel")} as channel_id, wealth as wealth_usdt, active as active_ratio,
        trades as trades_per_day, contract as contract_ratio, leaves as leaving_ratio, leverage, first_deposit as meant_deposit_at,
        first_trade as meant_trade_at from raw""",
    "truth/clusters": f"""select {_USER}, 'u' || head::varchar as cluster_id, {_words(people.CLUSTER_KINDS, "kind")} as kind from raw""",
    "truth/market": f"""select {_DAY}, {_words(("flat", "bull", "bear"), "regime")} as regime,
        volatility, mood, appetite, interest from raw""",
    "truth/campaign_effects": "select campaign_ref, effect as activity_factor, days::integer as days from raw",
}


class Names:
    """Opaque ids of users: a keyed bijection of 32 bits, so that ids are unique and tell nothing of the order of registration."""

    def __init__(self, chance: Chance, users: int) -> None:
        key = np.uint64(int(chance.key("names")) & 0xFFFFFFFF)
        low = np.uint64(0xFFFFFFFF)
        z = np.arange(users, dtype=np.uint64) ^ key
        for factor in (0x9E3779B1, 0x85EBCA6B):
            z = (z * np.uint64(factor)) & low
            z ^= z >> np.uint64(15)
        self.account: Whole = z.astype(np.int64) + 5_000_000_000

    def of(self, users: NDArray[np.int64]) -> Whole:
        found: Whole = self.account[users]
        return found


def as_time(micros: Whole) -> NDArray[np.datetime64]:
    """Timestamps of microseconds since 1970; `NEVER` is null."""
    times = micros.astype("datetime64[us]")
    never = micros >= NEVER
    if never.any():
        times[never] = np.datetime64("NaT")
    return times


def keyed(chance: Chance, purpose: str, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Keyed hashes of what two accounts may share."""
    return scramble(numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + chance.key(purpose))


class Export:
    """Writes raw columns as Parquet files, in order, beside the one who plays the next day."""

    def __init__(self, out: Path, memory_limit: str) -> None:
        self.out = out
        self.written: dict[str, int] = {}
        self.connection = duckdb.connect(
            config={"memory_limit": memory_limit, "autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        self.connection.execute("set enable_progress_bar = false")
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="export")
        self.waiting: list[Future[None]] = []

    def put(self, table: str, name: str, columns: Columns) -> None:
        """Queue one file of `table`; waits when the queue is full, and raises what an earlier file died of."""
        self.written[table] = self.written.get(table, 0) + size(columns)
        folder = self.out / table if table.startswith("truth/") else self.out / "exchange" / table
        path = folder.with_suffix(".parquet") if table.startswith("truth/") else folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        while len(self.waiting) >= _QUEUE:
            self.waiting.pop(0).result()
        self.waiting.append(self.worker.submit(self._write, SELECTS[table], path, columns))

    def _write(self, select: str, path: Path, columns: Columns) -> None:
        self.connection.register("raw", columns)
        target = str(path).replace("'", "''")
        self.connection.execute(f"copy ({select}) to '{target}' (format parquet, compression zstd)")
        self.connection.unregister("raw")

    def finish(self) -> None:
        while self.waiting:
            self.waiting.pop(0).result()

    def close(self) -> None:
        self.worker.shutdown(wait=True, cancel_futures=True)
        self.connection.close()
