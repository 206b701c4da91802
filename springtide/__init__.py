"""Springtide: user operations for trading exchanges, from facts to every user's stratum and what to do about it.

>>> import springtide
>>> home = springtide.open("springtide-home")
>>> home.growth(period="month").rows  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from springtide.analytics.evidence.measure import Readout
    from springtide.home import Home

__all__ = ["ask", "measure", "open"]


def open(path: str | Path) -> Home:
    """The home at `path`: an exchange's settings, definitions and lake, and everything that can be asked of it.

    refuses    no_home    there is none; `springtide init` makes one
    """
    from springtide.home import Home  # what only reads the version does not load an engine

    return Home(Path(path))


def ask(
    question: Mapping[str, Any],
    *,
    events: str | Path | Iterable[Any],
    users: Mapping[str, Mapping[str, Any]] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The answer to a question about events that you bring: a list, or a CSV, JSON, NDJSON or Parquet file.

    An event is `[user, event, time, {properties}]` or an object with those keys. `users`: user → properties; `aliases`: id → user.

    >>> import springtide
    >>> log = [["ann", "deposited", "2026-03-02T09:00:00+00:00"], ["ann", "traded", "2026-03-04T10:00:00+00:00"]]
    >>> springtide.ask({"kind": "stickiness", "date_from": "2026-03-01", "date_to": "2026-03-07"}, events=log)["counts"]
    [0, 1, 0, 0, 0, 0, 0]
    """
    from zoneinfo import ZoneInfo

    from springtide.analytics.engine import DuckEngine
    from springtide.analytics.metrics import questions

    engine = DuckEngine()
    try:
        source = questions.BroughtEvents(events, users=users, aliases=aliases)
        return questions.ask(question, questions.Stream(engine, source, ZoneInfo("UTC")))
    finally:
        engine.close()


def measure(data: Iterable[Mapping[str, Any]] | str | Path | Any, **how: Any) -> Readout:
    """The read-out of an experiment that you bring: rows a person, or one row of sums an arm.

    `data` is a list of mappings, a pandas or polars frame, or a CSV, Parquet or JSON file. `how`: see
    `springtide.analytics.evidence.measure`.

    >>> import springtide
    >>> rows = [{"arm": "control", "y": y} for y in (1, 2, 3, 2)] + [{"arm": "treated", "y": y} for y in (3, 4, 5, 4)]
    >>> springtide.measure(rows).effect.difference
    2.0
    """
    from springtide.analytics.evidence.bringing import rows_of
    from springtide.analytics.evidence.measure import measure as measured

    return measured(rows_of(data), **how)
