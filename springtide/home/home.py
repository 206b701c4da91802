"""A home: one exchange's folder with its settings, definitions and lake, and everything that can be asked of it.

springtide.toml     settings
definitions/        what people put in force: strata edges, segments, the strategy
lists/              ids that people brought, and who carries which tag
mappings/           how this exchange's files are laid out
lake/               facts and what the closes derived
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from springtide.analytics import facts, metrics, strata
from springtide.analytics.daybook.close import Closed, Progress, close
from springtide.analytics.daybook.inputs import fact_days
from springtide.analytics.daybook.spec import (
    CloseSpec,
    StratificationSpec,
    availability,
    given,
    missing_columns,
    unknown_columns,
)
from springtide.analytics.daybook.tables import ACTIVE_DAYS, ACTIVITY, EQUITY_DAYS, USER_DAYS
from springtide.analytics.daybook.verify import Verified, verify
from springtide.analytics.engine import DuckEngine, Engine
from springtide.analytics.engine.spark import spark_engine
from springtide.analytics.evidence.answers import CannotTell
from springtide.analytics.evidence.past_outcomes import PowerPlan
from springtide.analytics.evidence.self_test import SelfTest
from springtide.analytics.facts.mapping import Mapping
from springtide.analytics.foresight.evidence import find_evidence
from springtide.analytics.lake import Lake, Snapshot, compact
from springtide.analytics.metrics import questions, served
from springtide.analytics.metrics.changes import Span, Why, why
from springtide.analytics.metrics.signals import Annotation
from springtide.analytics.metrics.signals.evaluating import evaluate_signals
from springtide.analytics.segments import (
    Diagnosis,
    Engagement,
    InForce,
    Segment,
    Strategy,
    diagnosis,
    engagement,
    read_strategy,
    segments_spec,
    shipped_rules,
    shipped_strategy,
)
from springtide.analytics.strata import Stratification
from springtide.home import trials
from springtide.home.counts import Counts, count_each, count_users
from springtide.home.definitions import published
from springtide.home.lists import Kept, keep_ids, keep_tags, tags_of
from springtide.home.moves import Moves, moves
from springtide.home.placing import Placed, placed
from springtide.home.refused import Quarantine, quarantine
from springtide.home.segments import (
    Membership,
    Overlap,
    SegmentDays,
    Segments,
    Size,
    all_segments,
    checked,
    known_segment,
    memberships,
    named_by,
    overlap,
    segment_days,
    segment_size,
)
from springtide.home.signals import SignalChart, Signals, begun, noted, signal_chart, signals
from springtide.home.sql import ALL, Limits, Rights, SqlAnswer, answer
from springtide.home.user import User, one_user
from springtide.home.users import Selection, UserList, list_users, understood
from springtide.kernel.errors import Refused
from springtide.kernel.settings import FILE_NAME, HomeSettings, read_settings

FACT_TABLES = tuple(one.stored_name for one in facts.CONTRACTS)
DAY_TABLES = {"user_days": USER_DAYS, "active_days": ACTIVE_DAYS, "equity_days": EQUITY_DAYS}
RHYTHM = 12  # pauses between a table's days that tell when more is due
OPEN_FOR = timedelta(days=100)  # a close reads days that leave its longest window, of 90 days, and late facts come before that


@dataclass(frozen=True)
class Table:
    """A table of the lake: what came last, and whether it is known at all."""

    name: str
    rows: int
    first_day: date | None
    last_day: date | None
    unknown: tuple[str, ...] = ()
    days_behind: int | None = None  # days since more should have come, by the table's own rhythm; null for a table without days


@dataclass(frozen=True)
class Freshness:
    """Can the data be trusted: the last closed day, the last day of facts, each table, what is not available, and why."""

    closed_through: date | None
    facts_through: date | None
    tables: tuple[Table, ...]
    missing_tables: tuple[str, ...]
    unavailable: dict[str, str]
    quarantined: int
    restatements: tuple[dict[str, Any], ...]
    definitions: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        return {
            "closed_through": self.closed_through and str(self.closed_through),
            "facts_through": self.facts_through and str(self.facts_through),
            "tables": [
                {
                    "name": table.name,
                    "rows": table.rows,
                    "first_day": table.first_day and str(table.first_day),
                    "last_day": table.last_day and str(table.last_day),
                    "unknown": list(table.unknown),
                    "days_behind": table.days_behind,
                }
                for table in self.tables
            ],
            "missing_tables": list(self.missing_tables),
            "unavailable": self.unavailable,
            "quarantined": self.quarantined,
            "restatements": list(self.restatements),
            "definitions": self.definitions,
        }


class Home:
    """One exchange's home. Reading never waits for writing; each call reads one snapshot of the lake."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = read_settings(path)
        self.lake = Lake(path / "lake")

    @classmethod
    def create(cls, path: Path, settings: HomeSettings | None = None) -> Home:
        """Make a home at `path`.

        refuses    home_exists    there is one already
        """
        if (path / FILE_NAME).exists():
            raise Refused(f"There is a home at {path} already.", "Use it as it is, or name another folder.", code="home_exists")
        for folder in ("definitions/strata", "mappings", "lake"):
            (path / folder).mkdir(parents=True, exist_ok=True)
        (path / FILE_NAME).write_text((settings or HomeSettings()).as_toml(), encoding="utf-8")
        return cls(path)

    # Definitions

    def stratifications(self) -> tuple[strata.Stratification, ...]:
        """The stratifications in force: those shipped, with the home's own changes."""
        folder = self.path / "definitions" / "strata"
        stamps = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(folder.glob("*")))
        return _stratifications(folder, stamps)

    def close_spec(self) -> CloseSpec:
        """What a close of this home is told."""
        stratifications = self.stratifications()
        return CloseSpec(
            zone=self.settings.zone,
            stratifications=tuple(StratificationSpec(s.key, s.version, s.hash, s.columns) for s in stratifications),
            strata_schema=strata.STRATA,
            strata_sql=partial(strata.strata_query, stratifications),
            population=strata.POPULATION,
            moves=strata.MOVES,
            segments=segments_spec(self.named()),
        )

    def named(self) -> InForce:
        """The segments in force, and those set aside because they cannot be read."""
        folders = [self.path / "definitions" / kind for kind in ("segment", "id_list")] + [self.path / "lists"]
        stamps = tuple(
            (str(file), file.stat().st_mtime_ns, file.stat().st_size) for each in folders for file in sorted(each.glob("*"))
        )
        return _named(self.path, self.settings.zone, stamps)

    # Writing

    def import_path(
        self,
        source: str | Path,
        *,
        mapping: Mapping | str | None = None,
        table: str | None = None,
        now: datetime,
        progress: Callable[[facts.Progress], None] | None = None,
    ) -> facts.Imported:
        """Import a file, a folder or a PostgreSQL table or query; see `springtide.analytics.facts.import_path`."""
        return facts.import_path(
            self.lake,
            source,
            mapping=mapping,
            table=table,
            zone=self.settings.zone,
            now=now,
            saved_mappings=self.path / "mappings",
            progress=progress,
            threads=self.settings.threads,
        )

    def guess(self, path: Path, *, table: str | None = None) -> facts.Proposal:
        """What a file seems to be, and a mapping for it: one of ours where it fits; see `springtide.analytics.facts.guess`."""
        return facts.guess(path, table=table, saved_mappings=self.path / "mappings")

    def preview(self, path: Path, mapping: facts.Mapping, *, now: datetime, rows: int = 100_000) -> facts.Preview:
        """What an import of a file would take and refuse; see `springtide.analytics.facts.preview`."""
        return facts.preview(path, mapping, lake=self.lake, zone=self.settings.zone, now=now, rows=rows)

    def mappings(self) -> dict[str, facts.Mapping]:
        """The mappings that can be named: those shipped, and those saved in this home."""
        return facts.mappings(self.path / "mappings")

    def save_mapping(self, mapping: facts.Mapping) -> Path:
        """Keep a mapping in this home under its name."""
        return facts.save_mapping(mapping, self.path / "mappings")

    def close(
        self, *, through: date | None = None, now: datetime, progress: Progress | None = None, spark: str | None = None
    ) -> Closed:
        """Close every day up to `through` (default: the last day of facts), see what broke out of its usual, then tidy the lake.

        See `springtide.analytics.daybook.close`. Months that no window reaches any more become one file each. `spark` is the address
        of the Spark that closes, instead of what the settings say.
        """
        used = self.lake.snapshot().manifest.notes.get("definitions", {}).values()
        strata.check_versions(self.stratifications(), _stamps(used))
        with self.closer(spark) as engine:
            closed = close(self.lake, engine, self.close_spec(), through=through, now=now, progress=progress)
            for table, schema in DAY_TABLES.items():
                compact(self.lake, engine, table, schema, order="user_no, day", before=closed.through - OPEN_FOR, now=now)
            evaluate_signals(self.lake, engine, baselines=begun(self.path), now=now)
            find_evidence(self.lake, engine, zone=self.settings.zone, now=now)
        self.lake.sweep(now=now)
        return closed

    def verify(self, *, progress: Progress | None = None) -> Verified:
        """Rebuild from all history and compare, row for row."""
        with self.closer() as engine:
            return verify(self.lake, engine, self.close_spec(), progress=progress)

    @contextmanager
    def closer(self, spark: str | None = None) -> Iterator[Engine]:
        """What closes days and rebuilds them: the Spark at an address (default: that of the settings), else DuckDB on this machine."""
        address = self.settings.spark if spark is None else spark
        if address:
            with spark_engine(address, scratch=self.path / "lake" / "spill") as engine:
                yield engine
        else:
            with self.engine(worker=True) as engine:
                yield engine

    # Reading

    @contextmanager
    def engine(self, *, worker: bool = False) -> Iterator[DuckEngine]:
        """An engine with the memory the settings allow: a worker's, or a page's."""
        memory = self.settings.worker_memory if worker else self.settings.web_memory
        engine = DuckEngine(memory_limit=memory, threads=self.settings.threads, temp=self.path / "lake" / "spill")
        try:
            yield engine
        finally:
            engine.close()

    @contextmanager
    def reading(self) -> Iterator[tuple[Engine, Snapshot]]:
        """An engine and one pinned snapshot."""
        with self.engine() as engine:
            yield engine, self.lake.snapshot()

    def strata(self, day: date | None = None, *, everyone: bool = False) -> metrics.StrataSizes:
        """How many users stand in each stratum on a kept day (default: the latest); see `springtide.analytics.metrics.strata_sizes`."""
        names = {each.key: [stratum.name for stratum in each.strata] for each in self.stratifications()}
        with self.reading() as (engine, snapshot):
            return metrics.strata_sizes(engine, snapshot, as_of=day, names=names, everyone=everyone)

    def moves(self, *, since: date | None = None, until: date | None = None, stratification: str | None = None) -> Moves:
        """Who moved between strata; by default on the last closed day."""
        with self.reading() as (engine, snapshot):
            return moves(engine, snapshot, since=since, until=until, stratification=stratification)

    def placed(self, changed: Stratification) -> Placed:
        """Who would move if a stratification were changed; see `springtide.home.placing.placed`."""
        with self.reading() as (engine, snapshot):
            return placed(engine, snapshot, changed)

    def growth(self, **question: Any) -> metrics.GrowthAccounting:
        """Growth accounting; see `springtide.analytics.metrics.growth_accounting`."""
        with self.reading() as (engine, snapshot):
            return metrics.growth_accounting(engine, snapshot, **question)

    def daily_states(self, **question: Any) -> metrics.DailyStates:
        """The seven daily states; see `springtide.analytics.metrics.daily_states`."""
        with self.reading() as (engine, snapshot):
            return metrics.daily_states(engine, snapshot, **question)

    def activation(self, as_of: date | None = None, **question: Any) -> metrics.ActivationChain:
        """The activation chain; see `springtide.analytics.metrics.activation_chain`."""
        with self.reading() as (engine, snapshot):
            return metrics.activation_chain(engine, snapshot, as_of=as_of, zone=self.settings.zone, **question)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question about behaviour, over the lake's facts; see docs/reference/questions.md."""
        with self.reading() as (engine, snapshot):
            source = questions.LakeEvents(snapshot, self.settings.zone)
            return questions.ask(question, questions.Stream(engine, source, self.settings.zone))

    def event_names(self) -> tuple[str, ...]:
        """What can have happened: the names of events that a question may speak of."""
        with self.reading() as (engine, snapshot):
            return questions.LakeEvents(snapshot, self.settings.zone).event_names(engine)

    def metric(self, key: str, **question: Any) -> metrics.MetricValues:
        """A metric by day, week or month and by group; see `springtide.analytics.metrics.metric_values`."""
        with self.reading() as (engine, snapshot):
            return metrics.metric_values(engine, snapshot, key, zone=self.settings.zone, **question)

    def metric_users(self, key: str, **cell: Any) -> served.Behind:
        """The users behind one value of a metric; see `springtide.analytics.metrics.served.users_behind`."""
        with self.reading() as (engine, snapshot):
            return served.users_behind(engine, snapshot, key, zone=self.settings.zone, **cell)

    def metric_tree(self, root: str = "net_revenue", **question: Any) -> served.MetricTree:
        """What a metric is made of, over one period; see `springtide.analytics.metrics.served.metric_tree`."""
        with self.reading() as (engine, snapshot):
            return served.metric_tree(engine, snapshot, root, zone=self.settings.zone, **question)

    def concentration(self, as_of: date | None = None) -> metrics.Concentration:
        """How much lies with how few; see `springtide.analytics.metrics.concentration`."""
        with self.reading() as (engine, snapshot):
            return metrics.concentration(engine, snapshot, as_of=as_of)

    def concentration_trend(self, **question: Any) -> metrics.ConcentrationTrend:
        """Concentration on every kept day; see `springtide.analytics.metrics.concentration_trend`."""
        with self.reading() as (engine, snapshot):
            return metrics.concentration_trend(engine, snapshot, **question)

    def acquisition(self, **question: Any) -> metrics.Acquisition:
        """Channels by what their users brought; see `springtide.analytics.metrics.acquisition`."""
        with self.reading() as (engine, snapshot):
            return metrics.acquisition(engine, snapshot, **question)

    def channel_users(self, channel_id: str, figure: str, **cohort: Any) -> tuple[int, ...]:
        """The users behind a figure of a channel; see `springtide.analytics.metrics.acquisition.channel_users`."""
        with self.reading() as (engine, snapshot):
            return metrics.channel_users(engine, snapshot, channel_id, figure, **cohort)

    def cohort_quality(self, **question: Any) -> metrics.CohortQuality:
        """Who came back at all, by week of the first trade; see `springtide.analytics.metrics.cohort_quality`."""
        with self.reading() as (engine, snapshot):
            return metrics.cohort_quality(engine, snapshot, zone=self.settings.zone, **question)

    def asset_changes(self, **question: Any) -> metrics.AssetChanges:
        """What moved the assets, period by period; see `springtide.analytics.metrics.asset_changes`."""
        with self.reading() as (engine, snapshot):
            return metrics.asset_changes(engine, snapshot, zone=self.settings.zone, **question)

    def power_plan(self, rule: str = "true", **plan: Any) -> PowerPlan | CannotTell:
        """What a campaign on the users of a rule could find; see `springtide.home.trials.power_plan`."""
        with self.reading() as (engine, snapshot):
            return trials.power_plan(engine, snapshot, rule, [s.key for s in self.stratifications()], self.named(), **plan)

    def self_test(self, rule: str = "true", **test: Any) -> SelfTest | CannotTell:
        """How often each method would cry wolf on the users of a rule; see `springtide.home.trials.self_test`."""
        with self.reading() as (engine, snapshot):
            return trials.self_test(engine, snapshot, rule, [s.key for s in self.stratifications()], self.named(), **test)

    def market(self, *, since: date | None = None, until: date | None = None) -> metrics.Market:
        """The market's regime by day; see `springtide.analytics.metrics.market`."""
        with self.reading() as (engine, snapshot):
            return metrics.market(engine, snapshot, since=since, until=until)

    def metrics(self) -> served.MetricCatalogue:
        """The metrics that can be asked for by period, and whether they can be told."""
        with self.reading() as (engine, snapshot):
            return served.metric_catalogue(engine, snapshot)

    def why(self, metric: str, *, then: Span, now: Span, by: str | None = None, movers: bool = False) -> Why:
        """Why a metric changed between two periods; see `springtide.analytics.metrics.changes.why`."""
        zone = self.settings.zone
        with self.reading() as (engine, snapshot):
            notes = noted(self.path, engine, snapshot, zone)
            return why(engine, snapshot, metric, then=then, now=now, by=by, movers=movers, zone=zone, annotations=notes)

    def signals(self, **which: Any) -> Signals:
        """What broke out of its usual, the newest first; see `springtide.home.signals.signals`."""
        with self.reading() as (engine, snapshot):
            return signals(self.path, engine, snapshot, self.settings.zone, **which)

    def signal_chart(self, metric: str, **which: Any) -> SignalChart:
        """A watched metric by day with its limits; see `springtide.home.signals.signal_chart`."""
        with self.reading() as (engine, snapshot):
            return signal_chart(self.path, engine, snapshot, self.settings.zone, metric, **which)

    def annotations(self) -> tuple[Annotation, ...]:
        """What people noted beside the numbers, and the campaigns that the exchange gave."""
        with self.reading() as (engine, snapshot):
            return noted(self.path, engine, snapshot, self.settings.zone)

    def users(self, selection: Selection, **page: Any) -> UserList:
        """A page of the users that a selection names; see `springtide.home.users.list_users`."""
        with self.reading() as (engine, snapshot):
            keys = [s.key for s in self.stratifications()]
            return list_users(engine, snapshot, selection, keys, named=self.named(), **page)

    def user(self, user_id: str, *, as_of: date | None = None, since: date | None = None) -> User:
        """One user: profile, strata and why, moves, timeline; see `springtide.home.user.one_user`."""
        with self.reading() as (engine, snapshot):
            return one_user(
                engine, snapshot, self.stratifications(), user_id, zone=self.settings.zone, as_of=as_of, since=since
            )

    def count(
        self, selection: Selection, *, by: Sequence[str] = (), sums: Sequence[str] = (), then: date | None = None
    ) -> Counts:
        """How many users a selection names, by columns, with sums; see `springtide.home.counts.count_users`."""
        keys = [s.key for s in self.stratifications()]
        with self.reading() as (engine, snapshot):
            return count_users(engine, snapshot, selection, keys, named=self.named(), by=by, sums=sums, then=then)

    def count_each(self, selection: Selection, wanted: Sequence[str]) -> dict[str, Counts]:
        """How many users a selection names by each of several stratifications; see `springtide.home.counts.count_each`."""
        keys = [s.key for s in self.stratifications()]
        with self.reading() as (engine, snapshot):
            return count_each(engine, snapshot, selection, keys, wanted, named=self.named())

    def strategy(self) -> Strategy:
        """The engagement strategy in force: the home's own, or the one that ships.

        refuses    bad_strategy    the home's own leaves somebody out, or says two things of one cell
        """
        own = published(self.path, "strategy").get("strategy")
        if own is None:
            return shipped_strategy(self.stratifications())
        return read_strategy({"version": own.version, **own.body}, self.stratifications())

    def engagement(self, as_of: date | None = None) -> Engagement:
        """What every group of users gets, how many they are and what leaks; see `springtide.analytics.segments.engagement`."""
        with self.reading() as (engine, snapshot):
            return engagement(engine, snapshot, self.strategy(), as_of=as_of)

    def diagnosis(self, as_of: date | None = None) -> Diagnosis:
        """The four standing problems, sized and ranked; see `springtide.analytics.segments.diagnosis`."""
        with self.reading() as (engine, snapshot):
            return diagnosis(engine, snapshot, shipped_rules(), as_of=as_of)

    def segments(self) -> Segments:
        """Every segment in force with its size, and who entered and left on the last closed day."""
        with self.reading() as (engine, snapshot):
            return all_segments(engine, snapshot, self.named(), self.close_spec())

    def segment_size(self, text: str, *, as_of: date | None = None) -> Size:
        """How many users a text takes; see `springtide.home.segments.segment_size`."""
        with self.reading() as (engine, snapshot):
            return segment_size(engine, snapshot, self.named(), self.close_spec(), text, as_of=as_of)

    def segment_members(self, key: str, **page: Any) -> UserList:
        """A page of the users who are in a segment as of the last closed day.

        refuses    unknown_segment, not_available
        """
        known_segment(self.named(), key)
        return self.users(Selection(rule=f"segment('{key}')"), **page)

    def segment_overlap(self, left: str, right: str, *, as_of: date | None = None) -> Overlap:
        """Two segments beside each other; see `springtide.home.segments.overlap`."""
        with self.reading() as (engine, snapshot):
            return overlap(engine, snapshot, self.named(), self.close_spec(), left, right, as_of=as_of)

    def segment_days(self, key: str) -> SegmentDays:
        """A segment by day: who entered, who left, who was in it."""
        known_segment(self.named(), key)
        with self.reading() as (engine, snapshot):
            return segment_days(engine, snapshot, key)

    def memberships(self, user_id: str) -> tuple[Membership, ...]:
        """Every stay of one user in a segment, latest first."""
        with self.reading() as (engine, snapshot):
            return memberships(engine, snapshot, user_id)

    def columns_asked(self, text: str) -> tuple[str, ...]:
        """The profile columns and strata by which a text picks users; the segments that it names pick by their own.

        refuses    bad_rule, unknown_column, unknown_segment …
        """
        return understood(text, self.named())[0].columns

    def check_segment(self, key: str, body: dict[str, Any]) -> Segment:
        """A segment as it would be published; see `springtide.home.segments.checked`."""
        with self.reading() as (engine, snapshot):
            snapshot.attach(engine, "events", facts.fact_schema("events"))
            events = [str(name) for (name,) in engine.rows("select name from events group by name").values]
            tags = tags_of(self.path, engine)
        return checked(key, 1, key, body, self.named(), tags=tags, events=events)

    def keep_ids(self, ids: Iterable[str], *, purpose: str = "list") -> Kept:
        """Keep ids that people bring for a list; see `springtide.home.lists.keep_ids`."""
        with self.reading() as (engine, snapshot):
            return keep_ids(engine, snapshot, self.path, ids, purpose=purpose)

    def keep_tags(self, carried: Iterable[tuple[str, str]]) -> None:
        """Keep who carries which tag for the next close; see `springtide.home.lists.keep_tags`."""
        with self.engine() as engine:
            keep_tags(engine, self.path, carried)

    def sql(self, text: str, *, rights: Rights = ALL, limits: Limits | None = None) -> SqlAnswer:
        """One query over the console's tables, run in a process of its own; see `springtide.home.sql`."""
        return answer(self, text, rights=rights, limits=limits)

    def missing(self, snapshot: Snapshot | None = None) -> dict[str, str]:
        """Columns of users, strata among them, that cannot be told from what was given, each with the reason."""
        manifest = (snapshot or self.lake.snapshot()).manifest
        unavailable = {key: why for key, why in availability(self.close_spec(), manifest).items() if why}
        return missing_columns(manifest) | unavailable

    def products(self) -> list[str]:
        """The products in which users were ever active, those with the most users first; `trading` and `platform` are sums of others."""
        with self.reading() as (engine, snapshot):
            snapshot.attach(engine, "activity", ACTIVITY)
            told = engine.rows("select product, count(*) as users from activity group by product order by users desc, product")
        return [str(product) for product, _users in told.values]

    def kept_days(self) -> list[date]:
        """The days of which users and strata can be read, oldest first."""
        return self.lake.snapshot().days("strata")

    def quarantine(self, **page: Any) -> Quarantine:
        """Rows that were refused, and why; see `springtide.home.refused.quarantine`."""
        with self.reading() as (engine, snapshot):
            return quarantine(engine, snapshot, **page)

    def freshness(self, snapshot: Snapshot | None = None) -> Freshness:
        """What is known, until when, and what is not available: of the lake as it stands now, or of a pinned snapshot."""
        snapshot = snapshot or self.lake.snapshot()
        manifest = snapshot.manifest
        present, unknown = given(manifest), unknown_columns(manifest)
        span = fact_days(snapshot)
        return Freshness(
            closed_through=snapshot.closed_through,
            facts_through=span and span[1],
            tables=tuple(
                Table(
                    name,
                    snapshot.rows(name),
                    snapshot.first_day(name),
                    snapshot.last_day(name),
                    tuple(sorted(unknown.get(name, ()))),
                    _days_behind(snapshot, name, span[1]) if span else None,
                )
                for name in FACT_TABLES
                if name in present
            ),
            missing_tables=tuple(name for name in FACT_TABLES if name not in present),
            unavailable={key: why for key, why in availability(self.close_spec(), manifest).items() if why},
            quarantined=snapshot.rows("quarantine"),
            restatements=tuple(manifest.notes.get("restatements", ())),
            definitions={s.key: f"{s.version}.{s.hash}" for s in self.stratifications()},
        )


def _days_behind(snapshot: Snapshot, table: str, through: date) -> int | None:
    """Days by which a table lags the facts beyond the longest of its last pauses: what comes by the week or the month may be that old."""
    days, last = snapshot.days(table)[-RHYTHM - 1 :], snapshot.last_day(table)
    if last is None:
        return None
    usual = max(((later - day).days for day, later in pairwise(days)), default=1)
    return max(0, (through - last).days - usual + 1)


@lru_cache(maxsize=8)
def _stratifications(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> tuple[strata.Stratification, ...]:
    """Read once for as long as no file of the folder changes: a page asks for them thirty times, and YAML is slow to read."""
    return strata.load(folder)


@lru_cache(maxsize=8)
def _named(path: Path, zone: ZoneInfo, stamps: tuple[tuple[str, int, int], ...]) -> InForce:
    """Read once for as long as no file of definitions or lists changes, as the stratifications are."""
    return named_by(path, zone)


def _stamps(used: Iterable[dict[str, str]]) -> Iterator[strata.Stamp]:
    """The definitions of strata that closes of this home were made with, as the manifest remembers them."""
    for definitions in used:
        for name, stamp in definitions.items():
            if name.startswith("strata."):
                version, content = stamp.split(".")
                yield strata.Stamp(name.removeprefix("strata."), int(version), content)
