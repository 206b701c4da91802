"""A synthetic exchange, written straight into a lake by SQL: its users, a history of user days, and the facts of a few days.

Nothing here goes through import or through a hundred closes. User days, equity days and active days of the history are drawn,
the state they add up to is summed by the definitions of a rebuild, and the next days have facts to close. What a user does on a
day hangs on a hash of the two and of the seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.statements import statements
from springtide.analytics import strata
from springtide.analytics.daybook import tables
from springtide.analytics.daybook.inputs import DAY_FACTS, PACKAGE, attach_history
from springtide.analytics.daybook.spec import CloseSpec, StratificationSpec
from springtide.analytics.engine import DuckEngine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Lake, Publication
from springtide.kernel.days import days

NOW = datetime(2031, 1, 1, tzinfo=UTC)
HISTORY_ENDS = date(2026, 5, 30)
TRADING_SHARE = 0.45  # of all users; two thirds of them trade within a month
DAY_TABLES: dict[str, Schema] = {
    "user_days": tables.USER_DAYS,
    "equity_days": tables.EQUITY_DAYS,
    "active_days": tables.ACTIVE_DAYS,
}


@dataclass(frozen=True)
class Size:
    """How large an exchange is: `history_days` drawn days, then `fact_days` days whose facts wait to be closed.

    Of a sparse one only those days of the history are written which a close of the open days reads; its state is drawn.
    """

    users: int
    history_days: int = 100
    fact_days: int = 2
    seed: int = 1
    is_sparse: bool = False

    @property
    def written_days(self) -> list[date]:
        if not self.is_sparse:
            return list(days(self.first_day, HISTORY_ENDS))
        return sorted({day - timedelta(days=window) for day in self.open_days for window in tables.WINDOWS})

    @property
    def first_day(self) -> date:
        return HISTORY_ENDS - timedelta(days=self.history_days - 1)

    @property
    def open_days(self) -> list[date]:
        return [HISTORY_ENDS + timedelta(days=number) for number in range(1, self.fact_days + 1)]


def close_spec() -> CloseSpec:
    """The close as it ships, in UTC."""
    shipped = strata.load(None)
    return CloseSpec(
        ZoneInfo("UTC"),
        tuple(StratificationSpec(s.key, s.version, s.hash, s.columns) for s in shipped),
        strata.STRATA,
        partial(strata.strata_query, shipped),
        strata.POPULATION,
        strata.MOVES,
    )


def write_exchange(root: Path, size: Size, *, memory_limit: str = "5GB") -> Lake:
    """A lake at `root` whose history is closed and whose last `size.fact_days` days are not."""
    lake = Lake(root)
    engine = DuckEngine(memory_limit=memory_limit, temp=root / "spill")
    try:
        with lake.writing() as publication:
            _Exchange(publication, engine, size).write()
            publication.commit(now=NOW)
    finally:
        engine.close()
    return lake


class _Exchange:
    def __init__(self, publication: Publication, engine: DuckEngine, size: Size) -> None:
        self.publication = publication
        self.engine = engine
        self.size = size

    def write(self) -> None:
        engine, size = self.engine, self.size
        engine.connection.execute("create macro draw(a, b) as (hash(a * 1000003 + b) >> 11) / 9007199254740992.0")
        engine.make(
            "cast_list",
            statements("drawn")["cast_list"],
            users=size.users,
            seed=size.seed * 50_000_000,
            last_day=size.open_days[-1] if size.open_days else HISTORY_ENDS,
            trading_share=TRADING_SHARE,
        )
        for table in ("users", "user_status_history", "restrictions", "vip_tiers", "prices", "links", "campaign_tasks"):
            self._write(table, first_day=size.first_day - timedelta(days=400))
        for day in size.written_days:
            self._draw(day)
            for table in DAY_TABLES:
                self._write(table, day=day)
        for day in days(size.first_day, HISTORY_ENDS):
            self.publication.close_day(day, {"revisions": {}, "definitions": ""})
        self._write("bonus_marks", day=HISTORY_ENDS - timedelta(days=20))
        self._sum_up()
        for day in size.open_days:
            self._draw(day)
            for table in (*DAY_FACTS, "balances"):
                if table != "given_user_days" and self._write(table, day=day):
                    self.publication.touch(table, day)
        self.publication.note("stated", sorted({*DAY_FACTS, "balances"} - {"given_user_days"}))

    def _draw(self, day: date) -> None:
        """`today`: what the cast does on the day."""
        self.engine.make("today", statements("drawn")["today"], day=day, number=_number(day))

    def _write(self, table: str, *, day: date | None = None, **params: object) -> int:
        path = self.publication.new_path(table, str(day or "all"))
        rows = self.engine.write(statements("drawn")[table], path, day=day, number=_number(day) if day else 0, **params)
        self.publication.add(table, path, rows=rows, day=day)
        return rows

    def _sum_up(self) -> None:
        """State, firsts and activity as of the history's last day: by the definitions of a rebuild, or drawn."""
        engine, snapshot, day = self.engine, self.publication.snapshot, HISTORY_ENDS
        snapshot.attach(engine, "users", fact_schema("users"))
        to_at = datetime.combine(day + timedelta(days=1), datetime.min.time())
        for part in range((self.size.users - 1) // tables.PART + 1):
            attach_history(engine, snapshot, day)
            params = {"day": day, "to_at": to_at, "user_from": part * tables.PART, "user_to": (part + 1) * tables.PART}
            if self.size.is_sparse:
                self._drawn_part(part, params)
            else:
                self._summed_part(part, params)
        engine.drop("users_again", "firsts_again", "user_days", "active_days", "equity_days", "summed")

    def _summed_part(self, part: int, params: dict[str, object]) -> None:
        engine = self.engine
        engine.make("users_again", "select user_no from users where user_no >= $user_from and user_no < $user_to", **params)
        engine.make("firsts_again", definition(PACKAGE, "firsts_history").text, **params)
        self._publish("state", definition(PACKAGE, "state_history").text, part, params)
        self._publish("activity", definition(PACKAGE, "activity_history").text, part, params)
        for name, schema in (("firsts_before", tables.FIRSTS), ("user_days_now", tables.USER_DAYS)):
            engine.table(name, schema, ())
        engine.make("day_weights", "select day, 'now' as side, true as is_new from day_bits")
        self._publish("firsts", definition(PACKAGE, "firsts").text, part, params)

    def _drawn_part(self, part: int, params: dict[str, object]) -> None:
        self.engine.make("summed", definition(PACKAGE, "state_history").text, **params)
        told = statements("drawn")
        self._publish("state", told["state"].replace("{windows}", _WINDOWS), part, params)
        self._publish("activity", told["activity"], part, params)
        self._publish("firsts", told["firsts"], part, params)

    def _publish(self, table: str, sql: str, part: int, params: dict[str, object]) -> None:
        path = self.publication.new_path(table, f"{HISTORY_ENDS}.{part}")
        rows = self.engine.write(sql, path, **params)
        self.publication.add(table, path, rows=rows, day=HISTORY_ENDS, part=part)


def _number(day: date) -> int:
    """Where a day's draws begin: sixty-four of its own, apart from those of the cast itself."""
    return ((day - date(2025, 1, 1)).days + 1) * 64


# What a window's sum is drawn from, for a user's average day.
_A_DAY = {
    "spot_trades": "spot", "contract_trades": "contract", "spot_volume_usdt": "spot * size", "contract_volume_usdt": "contract * size * 5",
    "fees_usdt": "(spot + 3 * contract) * size / 1000", "net_revenue_usdt": "(spot + 3 * contract) * size / 1000",
    "api_volume_usdt": "spot * size * (user_no % 50 = 0)::integer", "maker_volume_usdt": "spot * size * 0.3",
    "copy_volume_usdt": "spot * size * (user_no % 40 = 0)::integer", "arbitrage_volume_usdt": "0", "liquidations": "contract / 200",
    "realised_pnl_usdt": "contract * size * 0.1", "deposit_usdt": "paid_in", "withdrawal_usdt": "paid_in * 0.8",
    "rewards_consumed_usdt": "1e5 * (user_no % 5 = 0)::integer", "sessions": "visits",
}  # fmt: skip
_WINDOWS = "\n        ".join(
    f"cast({window} * {_A_DAY[measure]} as bigint) as {tables.windowed(measure, window)},"
    for measure, windows in tables.STATE_WINDOWS.items()
    for window in windows
)
