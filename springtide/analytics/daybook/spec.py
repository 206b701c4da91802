"""What a close is told: plain data, so that Spark, a notebook and the nightly job run the same close."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import PROFILE_COLUMNS, Need
from springtide.analytics.engine import Definition, Engine, Schema
from springtide.analytics.lake import Manifest, Snapshot


@dataclass(frozen=True)
class StratificationSpec:
    """One stratification as the close needs it: its version, and the profile columns without which it is not available."""

    key: str
    version: int
    hash: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class SegmentsSpec:
    """The segments in force. `told`: the keys that can be told on the day.

    stamps            key → version and hash
    reads_everyone    one of them is a select, which must see all users at once
    reads_events      one of them reads facts that do not go into the days
    unavailable       (missing columns with reasons, tables given) → key → why it cannot be told
    find              (engine, snapshot, day, told) makes the table `beside`, and says its columns
    placed            (told, columns of `beside`) → the query of one yes or no per segment over `profiles`, `strata`, `beside`
    members           (told) → the query of `schema` over `placed`
    """

    stamps: Mapping[str, str]
    schema: Schema
    reads_everyone: bool
    reads_events: bool
    unavailable: Callable[[Mapping[str, str], Collection[str]], dict[str, str]]
    find: Callable[[Engine, Snapshot, date, Collection[str]], dict[str, str]]
    placed: Callable[[Collection[str], Mapping[str, str]], str]
    members: Callable[[Sequence[str]], str]
    moves: Definition


@dataclass(frozen=True)
class CloseSpec:
    """Everything that decides what a close derives, besides the facts.

    `strata_sql` writes the query that gives `strata_schema` over `profiles` and `population`, told which keys are available.
    """

    zone: ZoneInfo
    stratifications: tuple[StratificationSpec, ...]
    strata_schema: Schema
    strata_sql: Callable[[Sequence[str]], str]
    population: Definition
    moves: Definition
    segments: SegmentsSpec | None = None
    regime_edge_percent: int = 10
    high_volatility_percent: int = 80
    bonus_inside_percent: int = 80
    bonus_out_percent: int = 80
    snapshot_days: int = 35


TABLE_NAMES = {"given_user_days": "given aggregates (user_days)"}


def given(manifest: Manifest) -> set[str]:
    """The tables that the exchange has given, be they empty: an empty table is stated, not assumed."""
    return {name for name, files in manifest.tables.items() if files} | set(manifest.notes.get("stated", ()))


def unknown_columns(manifest: Manifest) -> Mapping[str, set[str]]:
    """Table → columns that some source declared unknown."""
    return {table: set(columns) for table, columns in manifest.notes.get("unknown", {}).items()}


def missing_columns(manifest: Manifest) -> dict[str, str]:
    """Profile columns that cannot be derived from what was given, each with the reason."""
    present, unknown = given(manifest), unknown_columns(manifest)
    weekly = "week" in manifest.notes.get("grains", ())
    reasons = {}
    for column in PROFILE_COLUMNS:
        for need in column.needs:
            if reason := _unmet(need, present, unknown, weekly=weekly):
                reasons[column.name] = reason
                break
    return reasons


# What a need calls by the name of the trade tables is called otherwise in given aggregates.
_GIVEN_NAMES = {"notional_usdt": "volume_usdt", "fee_usdt": "fees_usdt"}


def _unmet(need: Need, present: set[str], unknown: Mapping[str, set[str]], *, weekly: bool) -> str | None:
    there = [table for table in need.tables if table in present]
    if not there:
        names = " or ".join(TABLE_NAMES.get(table, table) for table in need.tables)
        return f"no {names} was given"
    for table in there:
        column = _GIVEN_NAMES.get(need.column or "", need.column) if table == "given_user_days" else need.column
        if column in unknown.get(table, set()):
            return f"{column} is unknown in {TABLE_NAMES.get(table, table)}"
    if need.day_grain and weekly and "given_user_days" in there:
        return "the source counts by week, so days within it are not known"
    return None


def availability(spec: CloseSpec, manifest: Manifest) -> dict[str, str | None]:
    """Stratification → why it is not available, or null where it is."""
    missing = missing_columns(manifest)
    reasons: dict[str, str | None] = {}
    for stratification in spec.stratifications:
        lacking = [column for column in stratification.columns if column in missing]
        reasons[stratification.key] = f"{lacking[0]}: {missing[lacking[0]]}" if lacking else None
    return reasons


def segments_unavailable(spec: CloseSpec, manifest: Manifest) -> dict[str, str]:
    """Segment → why it cannot be told from what was given."""
    if spec.segments is None:
        return {}
    strata = {key: why for key, why in availability(spec, manifest).items() if why}
    return spec.segments.unavailable(missing_columns(manifest) | strata, given(manifest))


def segments_told(manifest: Manifest, day: date | None) -> dict[str, str]:
    """The segments that were told on a closed day, each with the stamp of its definition."""
    record = manifest.closed.get(str(day), {})
    stamps = manifest.notes.get("definitions", {}).get(record.get("definitions"), {})
    without = record.get("segments_unavailable", {})
    told = {name.removeprefix("segment."): stamp for name, stamp in stamps.items() if name.startswith("segment.")}
    return {key: stamp for key, stamp in told.items() if key not in without}
