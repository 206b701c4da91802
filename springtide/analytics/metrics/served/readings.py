"""One reading per definition: it attaches no more of the lake than the periods need, and gives sums by period and group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics.daybook.tables import EQUITY_DAYS, FIRSTS, MASK_BITS, PROFILES, USER_DAYS
from springtide.analytics.engine import Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Snapshot
from springtide.analytics.metrics.reading import STRATA, attach_profiles, attach_strata, unavailable_strata
from springtide.analytics.metrics.served.asked import DAY_BITS, PERIOD_MASKS, PERIODS_TABLE, WINDOWS, Span
from springtide.analytics.metrics.served.sums import Source, Sum
from springtide.kernel.days import day_bounds, days

PACKAGE = "springtide.analytics.metrics.served"
Sums = Mapping[str, int]


@dataclass
class Reading:
    """The sums of one reading: by (first day of the period, group); and the periods that have none, with the reason."""

    sums: dict[tuple[date, str], Sums] = field(default_factory=dict)
    reasons: dict[date, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """Reads sums over `people`, which the engine has, of periods of one lake. `told`: which of the rows are told, a condition on them."""

    engine: Engine
    snapshot: Snapshot
    zone: ZoneInfo
    told: str = "true"

    @property
    def as_of(self) -> date:
        return self.snapshot.require_closed()

    def read(self, asked: Sequence[Sum], spans: Sequence[Span]) -> Reading:
        """The columns that `asked`, which are of one reading, name. Only they are reckoned."""
        one = asked[0]
        columns = sorted({column for each in asked for column in (each.column, *each.products.values())})
        found = Reading()
        _READINGS[_source(one, spans)](self, one, columns, spans, found)
        return found

    def readings(self, parts: Sequence[Sum], spans: Sequence[Span]) -> list[tuple[Sum, Reading]]:
        """Each part with its reading; parts of one definition are read once."""
        of_one: dict[tuple[object, ...], list[Sum]] = {}
        for part in parts:
            of_one.setdefault((_source(part, spans), *part.reading), []).append(part)
        found = {reading: self.read(asked, spans) for reading, asked in of_one.items()}
        return [(part, found[_source(part, spans), *part.reading]) for part in parts]

    # What the definitions read

    def windows(self, spans: Sequence[Span], trailing_days: int = 0) -> tuple[date, date]:
        """`windows`: which days count towards which period; gives the first and the last of them."""
        rows = []
        for span in spans:
            rows += [(day, span.since) for day in days(*_window(span, trailing_days))]
        self.engine.table("windows", WINDOWS, rows)
        return min(day for day, _ in rows), max(day for day, _ in rows)

    def periods(self, spans: Sequence[Span], back_days: int = 0) -> None:
        """`periods`: their last days, the day `back_days` before them, and their bounds in time."""
        rows = [
            (
                span.since,
                span.until,
                span.until - timedelta(days=back_days),
                day_bounds(span.since, self.zone)[0],
                day_bounds(span.until, self.zone)[1],
            )
            for span in spans
        ]
        self.engine.table("periods", PERIODS_TABLE, rows)

    def ask(
        self, name: str, columns: Sequence[str], found: Reading, *, params: Mapping[str, Any] = {}, only: date | None = None
    ) -> None:
        """Add what the definition `name` tells; `only`: the one period that it tells."""
        text = definition(PACKAGE, name).text
        keys = ("group_key",) if only else ("period_on", "group_key")
        told = self.engine.rows(f"select {', '.join((*keys, *columns))} from (\n{text}\n) as told where {self.told}", **params)
        for row in told.dicts():
            found.sums[only or row["period_on"], row["group_key"]] = {column: row[column] for column in columns}

    def attach_ends(self, table: str, schema: Schema, wanted: Iterable[date]) -> set[date]:
        """`table` with the files of these days alone; gives the days of which there are any."""
        known = {day for day in wanted if self.snapshot.entries(table, since=day, until=day)}
        files = {file for day in known for file in self.snapshot.files(table, since=day, until=day)}
        self.engine.view(table, sorted(files), schema)
        return known

    def attach_facts(self, table: str, since: date, until: date) -> None:
        self.snapshot.attach(self.engine, table, fact_schema(table), since=since, until=until)


def _source(part: Sum, spans: Sequence[Span]) -> Source:
    """A user has one row a day: by day, users are counted with what they did."""
    is_by_day = part.source == "users" and not part.trailing_days and all(span.since == span.until for span in spans)
    return "days" if is_by_day else part.source


def _window(span: Span, trailing_days: int) -> tuple[date, date]:
    """The period's own days, or those that lead up to its end."""
    return (span.until - timedelta(days=trailing_days - 1) if trailing_days else span.since), span.until


def _days(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    since, until = reader.windows(spans, one.trailing_days)
    reader.snapshot.attach(reader.engine, "user_days", USER_DAYS, since=since, until=until)
    reader.ask("days", columns, found, params={"since": since, "until": until})


def _users(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    for windows in _in_masks({span.since: _window(span, one.trailing_days) for span in spans}):
        since, until = min(first for first, _ in windows.values()), max(last for _, last in windows.values())
        # One window that is longer than a mask stands alone: of its days it is enough to know whether there was one.
        is_long = (until - since).days >= MASK_BITS
        bits = {day: 1 << (0 if is_long else place) for place, day in enumerate(days(since, until))}
        masks = [(period_on, sum({bits[day] for day in days(*window)})) for period_on, window in windows.items()]
        reader.engine.table("day_bits", DAY_BITS, list(bits.items()))
        reader.engine.table("period_masks", PERIOD_MASKS, masks)
        reader.snapshot.attach(reader.engine, "user_days", USER_DAYS, since=since, until=until)
        reader.ask("users", columns, found, params={"since": since, "until": until})


def _in_masks(windows: Mapping[date, tuple[date, date]]) -> Iterator[dict[date, tuple[date, date]]]:
    """Windows in their order, as many at a time as one mask of days holds."""
    batch: dict[date, tuple[date, date]] = {}
    for period_on, (first, last) in windows.items():
        if batch and (last - min(first for first, _ in batch.values())).days >= MASK_BITS:
            yield batch
            batch = {}
        batch[period_on] = first, last
    yield batch


def _starts(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    since, until = reader.windows(spans)
    attach_profiles(reader.engine, reader.snapshot)
    reader.snapshot.attach(reader.engine, "firsts", FIRSTS)
    matured_by = reader.as_of - timedelta(days=one.matures_days)
    reader.ask("starts", columns, found, params={"since": since, "until": until, "matured_by": matured_by, **one.bound})


def _lifetime(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    since, until = reader.windows(spans)
    attach_profiles(reader.engine, reader.snapshot)
    through = min(until + timedelta(days=one.matures_days), reader.as_of)
    reader.snapshot.attach(reader.engine, "user_days", USER_DAYS, since=since, until=through)
    matured_by = reader.as_of - timedelta(days=one.matures_days)
    reader.ask("lifetime", columns, found, params={"since": since, "until": until, "matured_by": matured_by, **one.bound})


def _ends(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    known = reader.attach_ends("equity_days", EQUITY_DAYS, (span.until for span in spans))
    found.reasons |= {span.since: no_balances(span.until) for span in spans if span.until not in known}
    reader.periods(spans)
    reader.ask("ends", columns, found, params={"since": spans[0].since, "until": spans[-1].until})


def _standing(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    kept = set(reader.snapshot.days("strata"))
    for span in spans:
        if span.until not in kept:
            found.reasons[span.since] = not_kept(span.until)
            continue
        if "dependent_active" in columns and (why := unavailable_strata(reader.snapshot, span.until).get("incentive")):
            found.reasons[span.since] = why
            continue
        reader.snapshot.attach(reader.engine, "profiles", PROFILES, since=span.until, until=span.until)
        attach_strata(reader.engine, reader.snapshot, span.until)
        reader.ask("standing", columns, found, only=span.since, params={**one.bound})


def _won_back(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    kept = set(reader.snapshot.days("strata"))
    for span in spans:
        before = span.since - timedelta(days=1)
        if span.since.day != 1 or before not in kept:
            found.reasons[span.since] = not_kept(span.since.replace(day=1) - timedelta(days=1))
            continue
        if why := unavailable_strata(reader.snapshot, before).get("lifecycle"):
            found.reasons[span.since] = why
            continue
        reader.snapshot.attach(reader.engine, "strata", STRATA, since=before, until=before)
        reader.snapshot.attach(reader.engine, "user_days", USER_DAYS, since=span.since, until=span.until)
        reader.ask("won_back", columns, found, only=span.since, params={"since": span.since, "until": span.until})


def _left_with_assets(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    since, until = reader.windows(spans, one.trailing_days)
    reader.periods(spans, back_days=one.trailing_days)
    back = timedelta(days=one.trailing_days)
    known = reader.attach_ends("equity_days", EQUITY_DAYS, (day for s in spans for day in (s.until, s.until - back)))
    for span in spans:
        if lacking := [day for day in (span.until - back, span.until) if day not in known]:
            found.reasons[span.since] = no_balances(lacking[0])
    reader.snapshot.attach(reader.engine, "user_days", USER_DAYS, since=since, until=until)
    reader.ask("left_with_assets", columns, found, params={"since": since - timedelta(days=1), "until": until, **one.bound})


def _emptied(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    since, until = reader.windows(spans)
    since -= timedelta(days=int(one.bound["empty_days"]))
    reader.snapshot.attach(reader.engine, "equity_days", EQUITY_DAYS, since=since, until=until)
    reader.ask("emptied", columns, found, params={"since": since, "until": until, **one.bound})


def _care(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    reader.periods(spans)
    reader.attach_facts("tickets", spans[0].since, spans[-1].until)
    reader.ask("care", columns, found)


def _wash(reader: Reader, one: Sum, columns: Sequence[str], spans: Sequence[Span], found: Reading) -> None:
    reader.snapshot.attach(reader.engine, "users", fact_schema("users"))
    for span in spans:  # a period's fills at a time: a hundred days of them do not fit into memory
        reader.periods((span,))
        for table in ("spot_trades", "contract_trades"):
            reader.attach_facts(table, span.since, span.until)
        from_at, to_at = day_bounds(span.since, reader.zone)[0], day_bounds(span.until, reader.zone)[1]
        reader.ask("wash", columns, found, params={"from_at": from_at, "to_at": to_at, **one.bound})


_READINGS: Mapping[str, Callable[[Reader, Sum, Sequence[str], Sequence[Span], Reading], None]] = {
    "days": _days,
    "users": _users,
    "starts": _starts,
    "lifetime": _lifetime,
    "ends": _ends,
    "standing": _standing,
    "won_back": _won_back,
    "left_with_assets": _left_with_assets,
    "emptied": _emptied,
    "care": _care,
    "wash": _wash,
}


def not_kept(day: date) -> str:
    return f"there is no snapshot of {day}: they are kept for 35 days and at month ends"


def no_balances(day: date) -> str:
    return f"what users held on {day} is not known"
