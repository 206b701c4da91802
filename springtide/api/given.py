"""What can be given with a request: days, ranges, pages, names; bounded, so that nothing beyond reason reaches the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any, Literal

from django.conf import settings
from ninja import Schema
from pydantic import BeforeValidator, Field

from springtide.home.pinned import PinnedHome

EARLIEST, LATEST = date(1970, 1, 1), date(2200, 12, 31)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(value: Any) -> date:
    if not (isinstance(value, str) and value.isascii() and _ISO.fullmatch(value)):
        raise ValueError("a day is written as 2026-03-31")
    day = date.fromisoformat(value)
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"days run from {EARLIEST} to {LATEST}")
    return day


def _flag(value: Any) -> Any:
    if isinstance(value, str) and value not in ("true", "false"):
        raise ValueError("write true or false")
    return value


Day = Annotated[date, BeforeValidator(_day), Field(examples=["2026-03-31"])]
Flag = Annotated[bool, BeforeValidator(_flag)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Rule = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4000,
        description="A condition over columns and strata of users, as strata are written; money in USDT.",
        examples=["lifecycle = 'lapsing' and trades_all >= 5"],
    ),
]
Count = Annotated[int, Field(ge=1, le=1000, description="How many rows at most.")]
Offset = Annotated[int, Field(ge=0, le=1_000_000, description="How many rows to leave out before the first.")]


class On(Schema):
    """As of a day."""

    on: Day | None = Field(None, description="A kept day: one of the last 35, or a month's end. Default: the last closed day.")


class Range(Schema):
    """From a day to a day, both included."""

    since: Day | None = Field(None, description="The first day.")
    until: Day | None = Field(None, description="The last day. Default: the last closed one.")


class Growth(Range):
    """Growth accounting of what, and how."""

    unit: Literal["users", "assets", "revenue"] = Field("users", description="In users, in assets, or in net revenue.")
    period: Literal["day", "week", "month"] = Field("week", description="Weeks begin on Monday.")
    product: Name | None = Field(
        None, description="trading (default), spot, contract, platform, or a product of given aggregates."
    )


@contextmanager
def opened() -> Iterator[PinnedHome]:
    """The home that is served, as one request sees it."""
    with PinnedHome(settings.SPRINGTIDE_HOME).open() as home:
        yield home
