"""The tables of the SQL console: what they are called, what their columns mean, and which of them need a right.

They are made from the input contracts and the daybook's schemas, so that a column that is added there is here too. A user is
named by `user_id` (of the master, for a sub-account), money is DECIMAL USDT, and times are UTC. What needs a right says which:

    money       amounts of a single user, and what they could be worked out from
    personal    who invited whom, whose account it is, free texts
    risk        what accounts share, why somebody is restricted
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from springtide.analytics.daybook import tables as daybook
from springtide.analytics.engine import Column, Schema
from springtide.analytics.facts import CONTRACTS, fact_schema
from springtide.analytics.strata import STRATA
from springtide.kernel.errors import UnknownName, suggest

Right = Literal["money", "personal", "risk"]
Rights = frozenset[Right]

NONE: Final[Rights] = frozenset()
ALL: Final[Rights] = frozenset({"money", "personal", "risk"})
MONEY: Final[Rights] = frozenset({"money"})
PERSONAL: Final[Rights] = frozenset({"personal"})
RISK: Final[Rights] = frozenset({"risk"})

USDT: Final = "decimal(26,6)"
ROWS_OF_RISK: Final = "attribute <> 'restriction'"  # of user_status_history: the rest of its rows is open


@dataclass(frozen=True)
class ShownColumn:
    """A column as the console shows it. `reads`: the column of the lake that it is made from; `sql` makes it."""

    name: str
    type: str
    about: str
    needs: Rights
    reads: str
    sql: str


@dataclass(frozen=True)
class ShownTable:
    """A table as the console shows it.

    stored      the table of the lake
    days        `all`: every file; `latest`: the last kept day; `each`: every kept day, named in a column `as_of`
    needs       the rights without which the whole table is closed
    without     right → the rows that remain without it, as a condition on the lake's columns
    """

    name: str
    about: str
    stored: str
    schema: Schema
    columns: tuple[ShownColumn, ...]
    days: Literal["all", "latest", "each"] = "all"
    needs: Rights = NONE
    without: tuple[tuple[Right, str], ...] = ()

    @property
    def is_about_users(self) -> bool:
        return any(column.name == "user_no" for column in self.schema)

    def open_to(self, rights: Rights) -> tuple[ShownColumn, ...]:
        """The columns that somebody with these rights sees; none where the table is closed."""
        return tuple(c for c in self.columns if c.needs <= rights) if self.needs <= rights else ()

    def closed_to(self, rights: Rights) -> tuple[ShownColumn, ...]:
        return tuple(column for column in self.columns if not (self.needs | column.needs) <= rights)

    def condition(self, rights: Rights) -> str:
        """Which rows somebody with these rights sees."""
        return " and ".join(rows for right, rows in self.without if right not in rights)


# Columns of facts and derived tables that say nothing an analyst asks for.
_LEFT_OUT = {"account_no", "source", "version", "master_no"}
_PERSONAL = {
    "jurisdiction", "timezone", "referrer_user_id", "master_user_id", "inviter_id", "counterparty_user_id", "reason", "properties",
}  # fmt: skip
_RISK = {"address_hash", "bonus_marked_on", "days_since_bonus_mark"}
# Amounts by another name: a price and a quantity make one, and how much of a tier is met tells the volume.
_AMOUNTS = {"price", "quantity", "reward_quantity", "vip_next_ratio", "properties"}
_CLOSED: dict[str, Rights] = {"links": RISK, "restrictions": RISK, "bonus_marks": RISK, "referrals": PERSONAL}
_MONEY = re.compile(r"(^|_)usdt$")

_DERIVED: tuple[tuple[str, str, Schema, Literal["all", "latest"]], ...] = (
    ("profiles", "Every feature of every user, as of the last closed day.", daybook.PROFILES, "latest"),
    ("user_days", "What a user did on a day: one row per user and day with any activity.", daybook.USER_DAYS, "all"),
    ("active_days", "The days on which a user was active, by product.", daybook.ACTIVE_DAYS, "all"),
    ("equity_days", "What a user held at the end of a day.", daybook.EQUITY_DAYS, "all"),
    ("firsts", "First and last time of each milestone of a user.", daybook.FIRSTS, "latest"),
    ("moves", "Every move of a user from one stratum to another, into a segment or out of it.", daybook.MOVES, "all"),
    ("market_days", "The market's regime by day.", daybook.MARKET_DAYS, "all"),
    ("bonus_marks", "Who was judged on taking a task for its reward alone.", daybook.BONUS_MARKS, "all"),
)


@cache
def shown_tables() -> dict[str, ShownTable]:
    """Every table by its name, those about users first."""
    made = [*_of_strata(), *_of_the_daybook(), *_of_facts()]
    return {table.name: table for table in sorted(made, key=lambda table: (not table.is_about_users, table.name))}


def shown_table(name: str) -> ShownTable:
    """One of them.

    refuses    unknown_table    the console has no such table
    """
    tables = shown_tables()
    if name not in tables:
        raise UnknownName(f"The console has no table '{name}'.", suggest(name, tables), code="unknown_table")
    return tables[name]


def _of_strata() -> Iterator[ShownTable]:
    columns = tuple(_columns(STRATA))
    about = "The stratum of every user in each stratification, on the last closed day."
    yield ShownTable("strata", about, "strata", STRATA, columns, "latest")
    as_of = ShownColumn("as_of", "date", "the day on whose evening the user stood there", NONE, "as_of", "t.as_of")
    about = "The same for every day that is kept: the last 35, and month ends."
    yield ShownTable("strata_days", about, "strata", STRATA, (as_of, *columns), "each")


def _of_the_daybook() -> Iterator[ShownTable]:
    for name, about, schema, days in _DERIVED:
        yield ShownTable(name, about, name, schema, tuple(_columns(schema)), days, needs=_CLOSED.get(name, NONE))


def _of_facts() -> Iterator[ShownTable]:
    for contract in CONTRACTS:
        name = contract.stored_name
        money = {field.lake_name for field in contract.fields if field.kind == "money"}
        columns = tuple(_columns(fact_schema(name), money))
        without: tuple[tuple[Right, str], ...] = (("risk", ROWS_OF_RISK),) if name == "user_status_history" else ()
        needs = _CLOSED.get(name, NONE)
        yield ShownTable(name, contract.about, name, fact_schema(name), columns, needs=needs, without=without)


def _columns(schema: Schema, money: Iterable[str] = ()) -> Iterator[ShownColumn]:
    is_about_users = any(column.name == "user_no" for column in schema)
    for column in schema:
        if column.name == "user_no":
            if not any(other.name == "user_id" for other in schema):
                yield ShownColumn("user_id", "varchar", "the user (the master of a sub-account)", NONE, "user_no", "u.user_id")
        elif column.name == "inviter_no":
            yield ShownColumn("inviter_id", "varchar", "who invited the user", PERSONAL, "inviter_no", "i.user_id")
        elif column.name not in _LEFT_OUT:
            is_money = column.name in money or bool(_MONEY.search(column.name))
            needs = _needs(column, is_money) if is_about_users else NONE
            yield _column(column, is_money, needs)


def _column(column: Column, is_money: bool, needs: Rights) -> ShownColumn:
    if is_money:
        return ShownColumn(column.name, USDT, column.about, needs, column.name, f"t.{column.name} * 0.000001")
    return ShownColumn(column.name, column.type, column.about, needs, column.name, f't."{column.name}"')


def _needs(column: Column, is_money: bool) -> Rights:
    needs: Rights = NONE
    if is_money or column.name in _AMOUNTS:
        needs |= MONEY
    if column.name in _PERSONAL:
        needs |= PERSONAL
    if column.name in _RISK:
        needs |= RISK
    return needs


def view_sql(table: ShownTable, rights: Rights, source: str) -> str:
    """The select that shows `table` from `source` (SQL of its rows as the lake keeps them), to somebody with these rights."""
    columns = table.open_to(rights)
    listed = ", ".join(f'cast({c.sql} as {c.type}) as "{c.name}"' for c in columns)
    joins = ""
    if any(column.sql == "u.user_id" for column in columns):
        joins += " inner join user_numbers as u on t.user_no = u.user_no"
    if any(column.sql == "i.user_id" for column in columns):
        joins += " left join user_numbers as i on t.inviter_no = i.user_no"
    rows = table.condition(rights)
    return f"select {listed} from ({source}) as t{joins}" + (f" where {rows}" if rows else "")


def stored_columns(table: ShownTable, rights: Rights) -> tuple[str, ...]:
    """The columns of the lake that somebody with these rights may have in a file: those that are read, and the user's number."""
    read = {column.reads for column in table.open_to(rights)} | {"user_no"}
    if table.condition(rights):
        read.add("attribute")
    return tuple(column.name for column in table.schema if column.name in read)


def empty_sql(columns: Sequence[Column]) -> str:
    """A select of no rows with these columns."""
    return "select " + ", ".join(f'cast(null as {c.type}) as "{c.name}"' for c in columns) + " where false"
