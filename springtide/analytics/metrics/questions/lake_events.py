"""The lake's facts as a source of questions: every fact is an event of its user, sub-accounts rolled up to their master.

A fact that has a day and no time (a session, given aggregates) happens when the day begins in the reporting zone. Employees, tests
and market makers are left out unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import ACTIVE_DAYS, MOVES, PROFILES, USER_DAYS
from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.questions.calendar import DAY_US, EPOCH, OFFSETS, micros, offsets
from springtide.analytics.metrics.questions.form import Prop
from springtide.analytics.metrics.questions.stream import NEVER_US, Wanted
from springtide.analytics.metrics.reading import STRATA, STRATIFICATIONS, first_closed, is_weekly, kept_day, last_of
from springtide.kernel.days import days, period_start, start_of_day
from springtide.kernel.errors import BadInput, UnknownName, suggest

AT_START = "@start"  # after a stratification: the stratum on the day of the event
AT_NOW = "@now"
DAY_STARTS: Schema = (
    Column("day", "date", False),
    Column("starts_us", "bigint", False, "when the day begins in the reporting zone, in microseconds since 1970"),
)
_TIME = "epoch_us({0})"


@dataclass(frozen=True)
class Fact:
    """An event of the lake: the rows of a table that meet a condition.

    at         its time; null where the table has days only
    key        what orders events of one instant
    columns    its properties: name → column, where they differ from the table's own
    """

    event: str
    table: str
    where: str = "true"
    at: str | None = "happened_at"
    key: str = "event_id"
    columns: tuple[str, ...] = ()


_TRADE = ("market", "base", "quote", "side", "role", "via", "order_id", "price", "quantity", "notional_usdt", "fee_usdt")
_MOVED = ("asset", "rail", "quantity", "usdt")
_AGGREGATE = ("product", "trades", "volume_usdt", "fees_usdt", "net_revenue_usdt", "rewards_usdt")
# In the order in which events of one instant stand.
FACTS: tuple[Fact, ...] = (
    Fact("registered", "users", "user_no = master_no", "registered_at", "user_id", ("country", "language", "channel_id", "user_type")),
    Fact("kyc_passed", "users", "user_no = master_no and kyc_passed_at is not null", "kyc_passed_at", "user_id", ("kyc_level",)),
    Fact("deposited", "transfers", "kind = 'deposit' and status = 'completed'", columns=_MOVED),
    Fact("withdrew", "transfers", "kind = 'withdrawal' and status = 'completed'", columns=_MOVED),
    Fact("traded_spot", "spot_trades", at="executed_at", columns=_TRADE),
    Fact(
        "traded_contracts", "contract_trades", "fill_type = 'normal'", "executed_at",
        columns=(*_TRADE, "contract_type", "position_side", "reduce_only", "leverage", "realised_pnl_usdt"),
    ),
    Fact("liquidated", "liquidation_orders", at="executed_at", key="order_key", columns=("market", "base", "notional_usdt")),
    Fact("session", "sessions", at=None, key="platform", columns=("platform", "sessions", "seconds")),
    Fact("rewarded", "reward_entries", "action = 'grant'", columns=("campaign_ref", "reward_type", "usdt")),
    # Where an exchange gives aggregates, the row of a user, day and product is the event.
    Fact(
        "traded_spot", "given_user_days",
        "((product = 'spot' and is_active) or (product <> 'contract' and is_trading and trades > 0))",
        None, columns=_AGGREGATE,
    ),
    Fact("traded_contracts", "given_user_days", "product = 'contract' and (is_active or trades > 0)", None, columns=_AGGREGATE),
)  # fmt: skip
GIVEN = Fact("", "given_user_days", "product not in ('spot', 'contract') and is_active", None, columns=_AGGREGATE)
NAMES = tuple(dict.fromkeys(fact.event for fact in FACTS))
_IN_FACTS = ("spot", "contract")  # products of given aggregates whose rows are events of FACTS

# One liquidation may take many fills: the order is the event, at its first fill.
_LIQUIDATIONS = """
select
    user_no, coalesce(order_id, event_id) as order_key, min(executed_at) as executed_at, max(market) as market, max(base) as base,
    cast(sum(notional_usdt) as bigint) as notional_usdt
from contract_trades
where fill_type = 'liquidation'
group by user_no, coalesce(order_id, event_id)
"""


@dataclass(frozen=True)
class LakeEvents:
    """The facts of one snapshot."""

    snapshot: Snapshot
    zone: ZoneInfo
    is_everyone: bool = False

    def for_everyone(self) -> LakeEvents:
        return replace(self, is_everyone=True)

    def bounds_us(self, engine: Engine) -> tuple[int, int]:
        """From the first registration or fact to the last day of facts, with a day on either side."""
        tables = {fact.table for fact in FACTS} | {"events", "contract_trades"}
        firsts = [day for table in tables if (day := self.snapshot.first_day(table))]
        lasts = [day for table in tables if (day := self.snapshot.last_day(table))]
        self.snapshot.attach(engine, "users", fact_schema("users"))
        low, high = engine.rows("select min(registered_at) as low_at, max(registered_at) as high_at from users").values[0]
        low_day = min([*firsts, *([low.date()] if low else [])], default=EPOCH.date())
        high_day = max([*lasts, *([high.date()] if high else [])], default=EPOCH.date())
        return _midnight_us(low_day - timedelta(days=1)), _midnight_us(high_day + timedelta(days=2))

    def extent(self, engine: Engine, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The closed days, from the first to the end of the last."""
        ends = (
            start_of_day(first_closed(self.snapshot), self.zone),
            start_of_day(self.closed_through() + timedelta(days=1), self.zone),
        )
        first, last = (end.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for end in ends)
        return first, last

    def closed_through(self) -> date:
        """The last closed day; of a source that counts by week, the last day of its week."""
        day = self.snapshot.require_closed()
        return last_of(period_start(day, "week"), "week") if is_weekly(self.snapshot) else day

    def user_ids(self, engine: Engine, user_nos: Sequence[int]) -> list[str]:
        self.snapshot.attach(engine, "users", fact_schema("users"))
        wanted: Schema = (Column("user_no", "bigint", False),)
        engine.table("wanted_users", wanted, [(number,) for number in user_nos])
        told = engine.rows("select u.user_no, u.user_id from users as u inner join wanted_users as w on u.user_no = w.user_no")
        ids = dict(told.values)
        return [ids[number] for number in user_nos]

    def event_names(self, engine: Engine) -> tuple[str, ...]:
        """Every name that an event of the lake has: those of facts, of given products and of `events`."""
        names = list(NAMES)
        for table, column in self._naming(engine):
            told = engine.rows(f"select distinct {column} as name from {table} order by name nulls last")
            names += [name for (name,) in told.values if name not in (None, *_IN_FACTS)]
        return tuple(dict.fromkeys(names))

    def _missing(self, engine: Engine, names: Sequence[str]) -> list[str]:
        """Those that no row is named by: of each name the first row is enough."""
        naming = list(self._naming(engine))
        if not names or not naming:
            return list(names)
        looks = (
            " or ".join(f"exists (select 1 as one from {table} where {column} = {literal(name)})" for table, column in naming)
            for name in names
        )
        [there] = engine.rows(f"select {', '.join(f'{look} as is_there_{n}' for n, look in enumerate(looks))}").values
        return [name for name, is_there in zip(names, there, strict=True) if not is_there or name in _IN_FACTS]

    def _naming(self, engine: Engine) -> Iterator[tuple[str, str]]:
        """The tables whose rows name their event, attached, each with the column that does."""
        for table, column in (("given_user_days", "product"), ("events", "name")):
            if self.snapshot.has(table):
                self.snapshot.attach(engine, table, fact_schema(table))
                yield table, column

    # the query

    def attach(self, engine: Engine, wanted: Wanted) -> str:
        """refuses    unknown_event, unknown_property    the lake has no event or property of this name"""
        for name in self._missing(engine, sorted((wanted.events or frozenset()) - set(NAMES))):
            raise UnknownName(f"No event is called '{name}'.", suggest(name, self.event_names(engine)), code="unknown_event")
        event_props = [prop for prop in (*wanted.texts, *wanted.numbers) if prop.scope == "event"]
        since, until = _day_of(wanted.first_us, -1), _day_of(wanted.until_us, 1)
        parts = list(self._parts(engine, wanted, since, until))
        self._check(parts, event_props)
        selects = [self._select(fact, schema, rank, wanted) for rank, (fact, schema) in enumerate(parts)]
        if not selects:
            selects = [self._nothing(wanted)]
        tables = [("happened", "\nunion all\n".join(selects))]
        source = "happened as h"
        if not self.is_everyone:
            self.attach_profiles(engine)
            tables.append(("outside", "select user_no from profiles where not is_counted"))
            source += " left join outside as x on h.user_no = x.user_no"
        source += self._user_joins(engine, wanted, tables)
        outside = "" if self.is_everyone else " where x.user_no is null"
        number = (
            "h.event_no"
            if not wanted.in_order
            else ("row_number() over (partition by h.user_no order by h.at_us nulls last, h.rank_no, h.key_ref nulls last)")
        )
        texts = (self._user_text(prop) if prop.scope == "user" else f"h.text_{n}" for n, prop in enumerate(wanted.texts, 1))
        sums = (
            self._user_number(prop) if prop.scope == "user" else f"h.number_{n}" for n, prop in enumerate(wanted.numbers, 1)
        )
        columns = ["h.user_no", "h.at_us", f"{number} as event_no", "h.event"]
        columns += [f"{text} as text_{n}" for n, text in enumerate(texts, 1)]
        columns += [f"{amount} as number_{n}" for n, amount in enumerate(sums, 1)]
        named = ", ".join(f"{name} as ({text})" for name, text in tables)
        return f"with {named} select {', '.join(columns)} from {source}{outside}"

    def _parts(
        self, engine: Engine, wanted: Wanted, since: date | None, until: date | None
    ) -> Iterator[tuple[Fact, Mapping[str, str]]]:
        """The facts that are wanted and there, attached, each with the types of its columns."""
        for fact in FACTS:
            stored = "contract_trades" if fact.table == "liquidation_orders" else fact.table
            if (wanted.events is None or fact.event in wanted.events) and self.snapshot.has(stored):
                if stored == "users":
                    self.snapshot.attach(engine, stored, fact_schema(stored))
                else:
                    self._attach_days(engine, stored, since, until)
                yield fact, {column.name: column.type for column in fact_schema(stored)}
        others = None if wanted.events is None else sorted(wanted.events - set(NAMES))
        if others == []:
            return
        listed = "" if others is None else f" in ({', '.join(map(literal, others))})"
        if self.snapshot.has("given_user_days"):
            self._attach_days(engine, "given_user_days", since, until)
            types = {column.name: column.type for column in fact_schema("given_user_days")}
            yield replace(GIVEN, where=f"{GIVEN.where} and product{listed}" if listed else GIVEN.where), types
        if self.snapshot.has("events"):
            self._attach_days(engine, "events", since, until)
            keys = {f"key_{n}": prop.name for n, prop in enumerate(_event_props(wanted), 1)}
            engine.unpack("events_unpacked", "events", "properties", keys)
            yield Fact("", "events_unpacked", f"name{listed}" if listed else "true"), {}

    def _attach_days(self, engine: Engine, table: str, since: date | None, until: date | None) -> None:
        self.snapshot.attach(engine, table, fact_schema(table), since=since, until=until)
        if table == "contract_trades":
            engine.define("liquidation_orders", _LIQUIDATIONS)
        first, last = self.snapshot.first_day(table), self.snapshot.last_day(table)
        if table in ("sessions", "given_user_days") and first and last:
            starts = [(day, micros(start_of_day(day, self.zone))) for day in days(first, last)]
            engine.table(f"{table}_starts", DAY_STARTS, starts)

    def _select(self, fact: Fact, types: Mapping[str, str], rank: int, wanted: Wanted) -> str:
        """The rows of one fact in the shape of the stream."""
        at = f"epoch_us(f.{fact.at})" if fact.at else "d.starts_us"
        event = literal(fact.event) if fact.event else "f.name" if fact.table == "events_unpacked" else "f.product"
        props = _event_props(wanted)
        texts, numbers = [], []
        for n, prop in enumerate(wanted.texts, 1):
            texts.append(f"{_text(fact, prop, types, props)} as text_{n}")
        for n, prop in enumerate(wanted.numbers, 1):
            numbers.append(f"{_decimal(fact, prop, types, props)} as number_{n}")
        order = [f"{rank} as rank_no", f"cast(f.{fact.key} as varchar) as key_ref"] if wanted.in_order else []
        columns = ["f.user_no", f"{at} as at_us", f"{rank} as event_no", f"{event} as event", *order, *texts, *numbers]
        joined = "" if fact.at else f" inner join {fact.table}_starts as d on f.day = d.day"
        return f"select {', '.join(columns)} from {fact.table} as f{joined} where {fact.where}"

    def _nothing(self, wanted: Wanted) -> str:
        texts = [f"cast(null as varchar) as text_{n}" for n, _ in enumerate(wanted.texts, 1)]
        numbers = [f"cast(null as decimal(38, 12)) as number_{n}" for n, _ in enumerate(wanted.numbers, 1)]
        order = ["0 as rank_no", "cast('' as varchar) as key_ref"] if wanted.in_order else []
        columns = ["user_no", "epoch_us(registered_at) as at_us", "0 as event_no", "'' as event", *order, *texts, *numbers]
        return f"select {', '.join(columns)} from users where false"

    def _check(self, parts: Sequence[tuple[Fact, Mapping[str, str]]], props: Sequence[Prop]) -> None:
        """Every property belongs to one of the events; those of `events` are whatever its JSON holds."""
        if any(fact.table == "events_unpacked" for fact, _ in parts):
            return
        known = {column for fact, _ in parts for column in fact.columns}
        for prop in props:
            if parts and prop.name not in known:
                raise UnknownName(
                    f"None of these events has a property '{prop.name}'.", suggest(prop.name, known), code="unknown_property"
                )

    # what the close has derived

    def attach_created(self, engine: Engine) -> str:
        self.snapshot.attach(engine, "users", fact_schema("users"))
        return "select user_no, epoch_us(registered_at) as at_us from users where user_no = master_no"

    def attach_days(self, engine: Engine, events: frozenset[str] | None, zone: ZoneInfo) -> str | None:
        """From `active_days`, `users` and `user_days`, where each event that is asked for is kept by day of the reporting zone."""
        if events is None or not events or zone.key != self.zone.key or self.snapshot.closed_through is None:
            return None
        sources = [self._days_of(engine, event) for event in sorted(events)]
        if None in sources:
            return None
        parts = " union all ".join(str(source) for source in sources)
        at = "(datediff('day', cast('1970-01-01' as date), d.day)) * " + str(DAY_US)
        if self.is_everyone:
            return f"with dated as ({parts}) select d.user_no, {at} as at_us, 0 as event_no, d.event from dated as d"
        self.attach_profiles(engine)
        return (
            f"with dated as ({parts}), outside as (select user_no from profiles where not is_counted)"
            f" select d.user_no, {at} as at_us, 0 as event_no, d.event from dated as d"
            " left join outside as x on d.user_no = x.user_no where x.user_no is null"
        )

    def is_closed(self) -> bool:
        """Everything that was given is closed: what the closes derived stands for the facts."""
        through = self.snapshot.closed_through
        return through is not None and not self._has_later_facts()

    def product_of(self, events: tuple[str, ...] | None) -> str | None:
        """The product whose activity days are those of the events together; null where there is none."""
        if events is None:
            return None
        if set(events) == {"traded_spot", "traded_contracts"} and not self.snapshot.has("given_user_days"):
            return "trading"
        if len(events) > 1:
            return None
        product = {"traded_spot": "spot", "traded_contracts": "contract"}.get(events[0])
        if product is None and events[0] not in NAMES and self._is_product(events[0]):
            return events[0]
        return product

    def _days_of(self, engine: Engine, event: str) -> str | None:
        """Who had the event on which closed day; null where only the facts tell."""
        if event == "registered":
            self.snapshot.attach(engine, "users", fact_schema("users"))
            return "select user_no, registered_on as day, 'registered' as event from users where user_no = master_no"
        product = self.product_of((event,))
        if product is not None and self.is_closed():
            self.snapshot.attach(engine, "active_days", ACTIVE_DAYS)
            return f"select user_no, day, {literal(event)} as event from active_days where product = {literal(product)}"
        column = {"deposited": "deposits", "withdrew": "withdrawals"}.get(event)
        if column is not None and self.is_closed():
            self.snapshot.attach(engine, "user_days", USER_DAYS)
            return f"select user_no, day, {literal(event)} as event from user_days where {column} > 0"
        return None

    def _is_product(self, event: str) -> bool:
        """Given aggregates have products of their own; `trading` and `platform` are sums of others, and `events` may have the name too."""
        is_given = self.snapshot.has("given_user_days") and not self.snapshot.has("events")
        return is_given and event not in ("trading", "platform")

    def _has_later_facts(self) -> bool:
        """Facts of days that are not closed yet, or that changed after they were closed: then only the facts are up to date."""
        manifest = self.snapshot.manifest
        for table in ("spot_trades", "contract_trades", "transfers", "given_user_days"):
            revisions = manifest.revisions.get(table, {})
            if any(
                manifest.closed.get(day, {}).get("revisions", {}).get(table, 0) != number for day, number in revisions.items()
            ):
                return True
        return False

    # properties of users

    def attach_profiles(self, engine: Engine) -> None:
        day = self.snapshot.closed_through
        if day is None:  # nothing is closed: the types of the users say who counts
            self.snapshot.attach(engine, "users", fact_schema("users"))
            engine.define(
                "profiles", "select user_no, user_type not in ('employee', 'test', 'market_maker') as is_counted from users"
            )
        else:
            self.snapshot.attach(engine, "profiles", PROFILES, since=day, until=day)

    def _user_joins(self, engine: Engine, wanted: Wanted, tables: list[tuple[str, str]]) -> str:
        """The joins that bring columns of users to the events; each only where one is asked for."""
        joins = ""
        props = [prop for prop in (*wanted.texts, *wanted.numbers) if prop.scope == "user"]
        if any(prop.name in _PROFILE_TYPES for prop in props):
            self.snapshot.require_closed()
            self.attach_profiles(engine)
            joins += " left join profiles as p on h.user_no = p.user_no"
        if any(_stratification(prop) and not prop.name.endswith(AT_START) for prop in props):
            day = kept_day(self.snapshot)
            self.snapshot.attach(engine, "strata", STRATA, since=day, until=day)
            joins += " left join strata as s on h.user_no = s.user_no"
        for key in sorted({str(_stratification(prop)) for prop in props if prop.name.endswith(AT_START)}):
            self.snapshot.attach(engine, "moves", MOVES)
            low, high = self.bounds_us(engine)
            engine.table("reporting_offsets", OFFSETS, offsets(self.zone, low, high))
            stood = (
                f"select user_no, becomes, day as from_day, lead(day, 1, null) over (partition by user_no order by day) as until_day"
                f" from moves where kind = 'stratum' and key = '{key}'"
            )
            # The day ends when the next begins: events are compared with instants, not with days.
            bounds = (
                f"select m.user_no, m.becomes, (datediff('day', cast('1970-01-01' as date), m.from_day)) * {DAY_US} as from_local_us,"
                f" (datediff('day', cast('1970-01-01' as date), m.until_day)) * {DAY_US} as until_local_us from stood_{key} as m"
            )
            tables += [(f"stood_{key}", stood), (f"bounds_{key}", bounds)]
            if "reporting_offsets as z" not in joins:
                joins += " inner join reporting_offsets as z on h.at_us >= z.from_us and h.at_us < z.until_us"
            joins += (
                f" left join bounds_{key} as at_{key} on h.user_no = at_{key}.user_no and h.at_us + z.offset_us >= at_{key}.from_local_us"
                f" and (at_{key}.until_local_us is null or h.at_us + z.offset_us < at_{key}.until_local_us)"
            )
        for prop in props:
            self._known_user_property(prop)
        return joins

    def _known_user_property(self, prop: Prop) -> None:
        if prop.name not in _PROFILE_TYPES and _stratification(prop) is None:
            known = [*_PROFILE_TYPES, *STRATIFICATIONS, *(f"{key}{AT_START}" for key in STRATIFICATIONS)]
            raise UnknownName(f"Users have no property '{prop.name}'.", suggest(prop.name, known), code="unknown_property")

    def _user_text(self, prop: Prop) -> str:
        if key := _stratification(prop):
            return f"at_{key}.becomes" if prop.name.endswith(AT_START) else f"s.{key}"
        self._known_user_property(prop)
        return _as_text(f"p.{prop.name}", _PROFILE_TYPES[prop.name], prop.name)

    def _user_number(self, prop: Prop) -> str:
        self._known_user_property(prop)
        return _as_decimal(f"p.{prop.name}", _PROFILE_TYPES.get(prop.name, "varchar"), prop.name)

    def places(self, prop: Prop) -> int:
        return 6 if _is_money(prop.name) else 0


_PROFILE_TYPES: Mapping[str, str] = {column.name: column.type for column in PROFILES if column.name != "user_no"}


def _is_money(name: str) -> bool:
    return name == "usdt" or name.endswith("_usdt")


def _stratification(prop: Prop) -> str | None:
    """The stratification that a property names: `activity`, `activity@now` or `activity@start`."""
    key, at, when = prop.name.partition("@")
    return key if key in STRATIFICATIONS and at + when in ("", AT_NOW, AT_START) else None


def _event_props(wanted: Wanted) -> list[Prop]:
    return list(dict.fromkeys(prop for prop in (*wanted.texts, *wanted.numbers) if prop.scope == "event"))


def _text(fact: Fact, prop: Prop, types: Mapping[str, str], props: Sequence[Prop]) -> str:
    if prop.scope == "event" and fact.table == "events_unpacked":
        return f"f.key_{props.index(prop) + 1}"
    if prop.scope == "user" or prop.name not in fact.columns:
        return "cast(null as varchar)"
    return _as_text(f"f.{prop.name}", types[prop.name], prop.name)


def _decimal(fact: Fact, prop: Prop, types: Mapping[str, str], props: Sequence[Prop]) -> str:
    if prop.scope == "event" and fact.table == "events_unpacked":
        number = f"f.key_{props.index(prop) + 1}_number"
        if _is_money(prop.name):  # a whole number of 1e-6, as all money of the lake
            return f"cast(cast(floor(cast({number} as double) * 1000000e0 + 0.5e0) as bigint) as decimal(38, 12))"
        return number
    if prop.scope == "user" or prop.name not in fact.columns:
        return "cast(null as decimal(38, 12))"
    return _as_decimal(f"f.{prop.name}", types[prop.name], prop.name)


def _as_text(column: str, kind: str, name: str) -> str:
    """refuses    not_comparable    an amount has no text by which it could be compared or named"""
    if kind == "varchar":
        return column
    if kind == "boolean":
        return f"case when {column} then 'true' when not {column} then 'false' end"
    if kind == "date" or (kind in ("integer", "bigint", "smallint") and not _is_money(name)):
        return f"cast({column} as varchar)"
    raise BadInput(f"'{name}' is an amount: it can be summed, not compared.", "Name another property.", code="not_comparable")


def _as_decimal(column: str, kind: str, name: str) -> str:
    """refuses    not_a_number    the property cannot be summed"""
    if kind in ("integer", "bigint", "smallint") or kind.startswith("decimal"):
        return f"cast({column} as decimal(38, 12))"
    raise BadInput(f"'{name}' is no number.", "Sum a property that is one.", code="not_a_number")


def _midnight_us(day: date) -> int:
    return micros(datetime(day.year, day.month, day.day))


def _day_of(at_us: int, further: int) -> date | None:
    """The UTC day of an instant and one more in a direction, so that no file of any zone's day is passed over."""
    if abs(at_us) >= NEVER_US:
        return None
    return (EPOCH + timedelta(microseconds=at_us)).date() + timedelta(days=further)
