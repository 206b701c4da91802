"""Answers that are not a measure's own: those are told as their frozen dataclasses stand, docstring and all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Schema
from pydantic import Field

Cell = str | int | float | bool | None


class Sizes(Schema):
    """One stratification on a day: users by stratum in the order of its rules, or why it is not available."""

    version: int | None
    available: bool
    reason: str | None
    strata: dict[str, int] = Field(examples=[{"active": 812, "cooling": 230}])
    before: dict[str, int | None] | None = Field(description="The same on the day before; null where that is not known.")


class Standing(Schema):
    """All stratifications on a day. Employees, tests and market makers are not counted."""

    day: date
    before: date | None = Field(description="A week earlier, if that day is kept.")
    stratifications: dict[str, Sizes]


class Flow(Schema):
    """Users who moved from one stratum to another; `from` is null for users who are new."""

    stratification: str
    from_stratum: str | None = Field(alias="from")
    to_stratum: str = Field(alias="to")
    users: int


class Moves(Schema):
    """Moves on the days from `since` to `until`, both included; a user who moved twice is counted twice."""

    since: date
    until: date
    moves: list[Flow]


class Users(Schema):
    """A page of users. Money is a decimal string in USDT; a value that is not known is null."""

    as_of: date
    total: int = Field(description="How many users the rule names; the pages together have as many.")
    users: list[dict[str, Cell]] = Field(examples=[[{"user_id": "u00042", "lifecycle": "lapsing", "trades_30d": 0}]])
    next_offset: int | None = Field(description="Where the next page begins; null on the last.")
    left_out: list[str] = Field(description="Columns that were asked for and that the member may not see.")
    not_known: list[str] = Field(description="Columns that cannot be told from what was given.")


class Counts(Schema):
    """Users by group, with sums; money as decimal strings in USDT."""

    as_of: date
    total: int
    rows: list[dict[str, Cell]] = Field(examples=[[{"country": "SG", "users": 120, "equity_usdt": "48210.500000"}]])


class Stands(Schema):
    """Where a user stands, since when, and why; `why` is null where it would tell what the member may not see."""

    stratification: str
    stratum: str | None
    since: date | None
    why: str | None


class UserMove(Schema):
    """A move between strata; `from_stratum` is null on the day the user came."""

    day: date
    stratification: str
    from_stratum: str | None
    to_stratum: str


class Happened(Schema):
    """One thing that happened, or the fills of a day together."""

    happened_at: datetime
    kind: str
    what: str | None
    detail: str | None
    amount_usdt: str | None
    times: int | None


class Link(Schema):
    """A hash that the user shares with others; for those who may see the reasons of risk control."""

    link_type: str
    link_hash: str
    others: int


class OneUser(Schema):
    """One user as of a day."""

    user_id: str
    as_of: date
    profile: dict[str, Cell]
    missing: dict[str, str] = Field(description="Columns that cannot be told, and why.")
    left_out: list[str] = Field(description="Columns that the member may not see.")
    stands: list[Stands]
    moves: list[UserMove]
    timeline: list[Happened]
    timeline_since: date
    links: list[Link]


class Overlap(Schema):
    """Users in two segments, in both, and in one alone."""

    as_of: date
    left: str
    right: str
    left_users: int
    right_users: int
    both: int
    left_alone: int
    right_alone: int


class Definition(Schema):
    """A metric as the registry defines it."""

    key: str
    asks: str = Field(description="The question it answers.")
    formula: list[str]
    unit: str
    grain: str
    better: str = Field(description="up, down or neither.")
    over: str = Field(description="Whom or what it is counted over.")
    excludes: str
    empty: str = Field(description="What it means when there is no value.")
    owner: str
    version: int


class SqlColumn(Schema):
    """A column of a table of the console."""

    name: str
    type: str
    about: str


class SqlTable(Schema):
    """A table that statements can read; without a column it is closed to the member."""

    name: str
    about: str
    columns: list[SqlColumn]
    left_out: list[str] = Field(description="Columns that the member may not see.")


class AnswerColumn(Schema):
    """A column of an answer, with the type that the engine gives it."""

    name: str
    type: str


class SqlRun(Schema):
    """A statement that was run. Columns and rows are null until it is done, and in lists of runs."""

    number: int
    state: str = Field(description="running, done, refused, or lost when the server went down under it.")
    statement: str
    began_at: datetime
    seconds: float | None
    total: int | None = Field(description="How many rows the answer has; the pages together have as many.")
    has_more: bool = Field(description="The answer was cut: the statement would give more rows.")
    left_out: list[str] = Field(description="Columns of its tables that the member may not see.")
    error: dict[str, str] = Field(description="Code, message and hint where it was refused; else empty.")
    columns: list[AnswerColumn] | None = None
    rows: list[list[Any]] | None = Field(None, description="In the order of the columns; decimals and times as texts.")
    next_offset: int | None = Field(None, description="Where the next page begins; null on the last.")


class SavedQuery(Schema):
    """A query that is kept."""

    key: str
    title: str
    statement: str
    ships: bool = Field(description="It came with Springtide.")
    is_own: bool
    is_shared: bool


class Job(Schema):
    """A piece of work in the queue."""

    id: int
    kind: str = Field(examples=["close"])
    state: str = Field(description="ready, leased, done or dead.")
    progress: dict[str, Any]
    result: dict[str, Any]
    error: dict[str, str] = Field(description="Code, message and hint of the last failure; empty where there is none.")
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    tries: int


class Asked(Schema):
    """Work was queued; look at it under /jobs/{id}."""

    job: int


class Me(Schema):
    """For whom the token speaks, and what it may do."""

    member: str
    role: str
    rights: list[str] = Field(description="Rights over all things, or over some.")
