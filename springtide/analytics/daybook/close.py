"""The daily close: one day's facts become user days, state, profiles, strata and moves.

The cost follows the day's facts and the number of users, never the length of history: the state before is moved on by what
came and what left each window. Closing again changes nothing. Days whose facts changed since they were closed are rolled up
anew, and the state takes the difference; only users who lost something (a voided or moved fact) are counted afresh from all
of their days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from springtide.analytics.daybook import tables
from springtide.analytics.daybook.inputs import (
    DAY_FACTS,
    PACKAGE,
    TASK_DAYS,
    attach_day,
    attach_history,
    attach_standing,
    fact_days,
    snapshot_day,
    task_days,
)
from springtide.analytics.daybook.spec import CloseSpec, availability, segments_told, segments_unavailable
from springtide.analytics.daybook.weights import DAY_WEIGHTS, day_weights, shifts
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Lake, LakeFile, Publication, Snapshot
from springtide.kernel.days import day_bounds, day_of, days, month_end
from springtide.kernel.errors import BadInput, NothingYet
from springtide.kernel.ids import content_hash

STANDING_FACTS = ("users", "user_status_history", "restrictions", "vip_tiers", "campaign_tasks", "links")
DEFINITIONS = (
    "user_days", "equity_days", "active_days", "bonus_marks", "state", "firsts", "activity", "profiles", "market_days",
)  # fmt: skip
COMMIT_EVERY = 32  # days of a long catch-up between two publications

USERS_AGAIN: Schema = (Column("user_no", "integer", False),)
TOLD_BEFORE: Schema = (Column("key", "varchar", False),)


@dataclass(frozen=True)
class Restated:
    """A closed day whose facts changed: the figures that moved, each as (was, is)."""

    day: date
    figures: dict[str, tuple[int, int]]

    def as_dict(self) -> dict[str, Any]:
        return {"day": str(self.day), "figures": {name: list(pair) for name, pair in self.figures.items()}}


@dataclass(frozen=True)
class Closed:
    """What a close did: the days it closed for the first time, those it closed again, and the rows it derived."""

    through: date
    days: tuple[date, ...]
    restated: tuple[Restated, ...]
    rows: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "through": str(self.through),
            "days": [str(day) for day in self.days],
            "restated": [day.as_dict() for day in self.restated],
            "rows": self.rows,
        }


Progress = Callable[[date, int, int], None]


def close(
    lake: Lake, engine: Engine, spec: CloseSpec, *, through: date | None, now: datetime, progress: Progress | None = None
) -> Closed:
    """Close every day up to `through` (default: the last day of facts), and close again those whose facts changed.

    refuses    nothing_to_close   no facts were imported
               day_not_over       `through` is not over yet in the reporting zone
    """
    with lake.writing() as publication:
        return _Close(publication, engine, spec, now).run(through, progress)


class _Close:
    """One close under the writer's lock. The part in hand is `<name>`, what is carried on is `<name>__<part>`."""

    def __init__(self, publication: Publication, engine: Engine, spec: CloseSpec, now: datetime) -> None:
        self.publication = publication
        self.engine = engine
        self.spec = spec
        self.now = now
        self.rows: dict[str, int] = {}
        self.unavailable = {key: reason for key, reason in availability(spec, publication.manifest).items() if reason}
        self.available = [s.key for s in spec.stratifications if s.key not in self.unavailable]
        self.definitions = {name: definition(PACKAGE, name).hash for name in DEFINITIONS} | {
            f"strata.{s.key}": f"{s.version}.{s.hash}" for s in spec.stratifications
        }
        self.segments_unavailable = segments_unavailable(spec, publication.manifest)
        self.stamps = dict(spec.segments.stamps) if spec.segments else {}
        self.told = [key for key in self.stamps if key not in self.segments_unavailable]
        self.daily_from = date.min  # from here on every day is kept and told; what lies before is caught up in strides
        self.carried = False  # are the tables of the day before in the engine already?

    # What is to be done

    def run(self, through: date | None, progress: Progress | None) -> Closed:
        snapshot = self.publication.snapshot
        span = fact_days(snapshot)
        if span is None:
            raise NothingYet(
                "There are no facts to close.", "Import some first: springtide import PATH", code="nothing_to_close"
            )
        before = snapshot.closed_through
        last_over = day_of(self.now, self.spec.zone) - timedelta(days=1)
        through = through or max(min(span[1], last_over), before or span[0])
        if through > last_over:
            raise BadInput(
                f"{through} is not over yet in {self.spec.zone.key}.", "Close through an earlier day.", code="day_not_over"
            )
        corrected = [day for day in map(date.fromisoformat, sorted(snapshot.manifest.closed)) if self._is_stale(day)]
        targets = list(days(before + timedelta(days=1) if before else span[0], through))
        standing, segments = self._standing(), self._segments_standing()
        if not targets and not corrected and standing == snapshot.manifest.notes.get("standing"):
            if segments != snapshot.manifest.notes.get("segments"):
                self._tell_segments_again(before or through)
                self.publication.note("segments", segments)
                self.publication.commit(now=self.now)
            return Closed(before or through, (), (), self.rows)
        self._market_days()
        self.engine.table("task_days", TASK_DAYS, task_days(self.engine, snapshot, self.spec))
        snapshot.attach(self.engine, "links", fact_schema("links"))
        restated = self._roll_again(corrected)
        self._note_restatements(restated)
        self.daily_from = (targets[-1] if targets else through) - timedelta(days=self.spec.snapshot_days - 1)
        uncommitted = 0
        for stride in strides(targets, self.daily_from) or [[before or through]]:
            for day in stride:
                if progress:
                    progress(day, (day - stride[0]).days + sum(one < stride[0] for one in targets), len(targets))
                if day in targets:
                    self._roll_up(day)
            day, is_last = stride[-1], stride[-1] == through or not targets
            uncommitted += 1
            publish = is_last or uncommitted == COMMIT_EVERY
            self._advance(before or stride[0] - timedelta(days=1), day, corrected, publish=publish)
            for one in stride:
                self.publication.close_day(one, self._record(one))
            if is_last:
                self.publication.note("standing", standing)
                self.publication.note("segments", segments)
            if publish:
                self._forget_old_snapshots(day)
                self.publication.commit(now=self.now)
                uncommitted = 0
            before, corrected = day, []
        if progress:
            progress(through, len(targets), len(targets))
        return Closed(before or through, tuple(targets), tuple(restated), self.rows)

    def _is_stale(self, day: date) -> bool:
        record = self.publication.manifest.closed[str(day)]
        return bool(record["revisions"] != self._revisions(day))

    def _revisions(self, day: date) -> dict[str, Any]:
        """The revision of every fact of the day; for balances also the day whose snapshot counts for it."""
        revisions = self.publication.manifest.revisions
        found: dict[str, Any] = {table: number for table in DAY_FACTS if (number := revisions.get(table, {}).get(str(day)))}
        held_on = snapshot_day(self.publication.manifest, day)
        if held_on is not None:
            found["balances"] = [str(held_on), revisions.get("balances", {}).get(str(held_on), 0)]
        return found

    def _standing(self) -> str:
        """What is not kept by day, and the definitions: when this moves, the latest profiles are derived again."""
        snapshot = self.publication.snapshot
        files = {table: [file.sha256 for file in snapshot.entries(table)] for table in STANDING_FACTS}
        return content_hash([files, self.definitions, self.unavailable])

    def _segments_standing(self) -> str:
        """The segments, and what they read beside the days: when this moves alone, only they are told again."""
        reads_events = self.spec.segments is not None and self.spec.segments.reads_events
        files = [file.sha256 for file in self.publication.snapshot.entries("events")] if reads_events else []
        return content_hash([files, self.stamps, self.segments_unavailable])

    def _record(self, day: date) -> dict[str, Any]:
        definitions = self.definitions | {f"segment.{key}": stamp for key, stamp in self.stamps.items()}
        record: dict[str, Any] = {"revisions": self._revisions(day), "definitions": content_hash(definitions)}
        if self.unavailable:
            record["unavailable"] = self.unavailable
        if self.segments_unavailable:
            record["segments_unavailable"] = self.segments_unavailable
        known = self.publication.manifest.notes.get("definitions", {})
        if record["definitions"] not in known:
            self.publication.note("definitions", {**known, record["definitions"]: definitions})
        return record

    # From facts to days

    def _roll_up(self, day: date) -> None:
        if not self._revisions(day):
            return  # no fact lies on the day
        params = attach_day(self.engine, self.publication.snapshot, self.spec, day)
        for table, schema in (
            ("user_days", tables.USER_DAYS),
            ("equity_days", tables.EQUITY_DAYS),
            ("active_days", tables.ACTIVE_DAYS),
        ):
            self._publish_day(table, schema, day, params)
        if self.engine.rows("select count(*) from task_days where unlock_on = $day - 7", day=day).scalar():
            self._judge_tasks(day, params)

    def _publish_day(self, table: str, schema: Schema, day: date, params: dict[str, Any]) -> None:
        path = self.publication.new_path(table, str(day))
        rows = self.engine.write(definition(PACKAGE, table).text, path, **params)
        self.publication.add(table, path, rows=rows, day=day)
        self.publication.snapshot.attach(self.engine, table, schema, since=day, until=day)
        self.rows[table] = self.rows.get(table, 0) + rows

    def _judge_tasks(self, day: date, params: dict[str, Any]) -> None:
        snapshot = self.publication.snapshot
        snapshot.attach(self.engine, "user_days", tables.USER_DAYS, since=day - timedelta(days=180), until=day)
        snapshot.attach(self.engine, "reward_entries", fact_schema("reward_entries"), until=day)
        percents = {"inside_percent": self.spec.bonus_inside_percent, "out_percent": self.spec.bonus_out_percent}
        self._publish_day("bonus_marks", tables.BONUS_MARKS, day, params | percents)

    def _roll_again(self, corrected: Sequence[date]) -> list[Restated]:
        """Roll the corrected days up anew; their rows as they were stay attached as `<table>_before` for the state."""
        snapshot = self.publication.snapshot
        was = {day: self._figures(snapshot, day) for day in corrected}
        for table, schema in (
            ("user_days", tables.USER_DAYS),
            ("equity_days", tables.EQUITY_DAYS),
            ("active_days", tables.ACTIVE_DAYS),
        ):
            paths = sorted({path for day in corrected for path in snapshot.files(table, since=day, until=day)})
            self.engine.view(f"{table}_before", paths, schema)
        judged = {
            judged_on
            for _, _, _, starts, _, unlock in task_days(self.engine, snapshot, self.spec)
            if (judged_on := unlock + timedelta(days=7)) <= (snapshot.closed_through or date.min)
            and any(starts - timedelta(days=90) <= day <= judged_on for day in corrected)
        }
        for day in corrected:
            for table, schema in (
                ("user_days", tables.USER_DAYS),
                ("equity_days", tables.EQUITY_DAYS),
                ("active_days", tables.ACTIVE_DAYS),
            ):
                self._withdraw_day(table, schema, day)
            self._roll_up(day)
            self.publication.close_day(
                day, {**self.publication.manifest.closed[str(day)], **self._record(day), "is_restated": True}
            )
        for day in sorted(judged - set(corrected)):
            self._judge_again(day)
        return [Restated(day, _moved(was[day], self._figures(self.publication.snapshot, day))) for day in corrected]

    def _judge_again(self, day: date) -> None:
        self._withdraw_day("bonus_marks", tables.BONUS_MARKS, day)
        self._judge_tasks(day, attach_day(self.engine, self.publication.snapshot, self.spec, day))

    def _withdraw_day(self, table: str, schema: Schema, day: date) -> None:
        """Stop counting one day of a table; a month's file is written again without it."""
        for file in self.publication.snapshot.entries(table, since=day, until=day):
            self.publication.drop(table, lambda entry, path=file.path: entry.path == path)  # type: ignore[misc]
            if file.first != file.last:
                self.engine.view("month", [self.publication.lake.root / file.path], schema)
                path = self.publication.new_path(table, f"{day:%Y-%m}")
                rows = self.engine.write("select * from month where day <> $day", path, day=day)
                self.publication.add(table, path, rows=rows, day=file.first, last=file.last)

    def _figures(self, snapshot: Snapshot, day: date) -> dict[str, int]:
        snapshot.attach(self.engine, "user_days", tables.USER_DAYS, since=day, until=day)
        snapshot.attach(self.engine, "equity_days", tables.EQUITY_DAYS, since=day, until=day)
        names = list(tables.USER_DAY_SUMS)
        sums = ", ".join(f"coalesce(cast(sum({name}) as bigint), 0) as {name}" for name in names)
        told = self.engine.rows(f"select count(*) as users, {sums} from user_days where day = $day", day=day)
        equity = self.engine.rows(
            "select coalesce(cast(sum(equity_usdt) as bigint), 0) as equity_usdt from equity_days where day = $day", day=day
        )
        return {**told.dicts()[0], **equity.dicts()[0]}

    def _note_restatements(self, restated: Sequence[Restated]) -> None:
        moved = [{**day.as_dict(), "at": self.now.isoformat()} for day in restated if day.figures]
        if moved:
            self.publication.note("restatements", [*self.publication.manifest.notes.get("restatements", []), *moved][-1000:])

    # From days to users

    def _advance(self, before: date, day: date, corrected: Sequence[date], *, publish: bool) -> None:
        """Move state, firsts and activity from `before` to `day`, then derive profiles, strata and moves."""
        engine, snapshot = self.engine, self.publication.snapshot
        weights = day_weights(before, day, corrected)
        engine.table("day_weights", DAY_WEIGHTS, weights)
        wanted = sorted({row[0] for row in weights if row[1] == "now"})  # type: ignore[type-var]
        for table, schema in (
            ("user_days", tables.USER_DAYS),
            ("equity_days", tables.EQUITY_DAYS),
            ("active_days", tables.ACTIVE_DAYS),
        ):
            paths = sorted({path for one in wanted for path in snapshot.files(table, since=one, until=one)})  # type: ignore[arg-type]
            engine.view(f"{table}_now", paths, schema)
            if not corrected:
                engine.view(f"{table}_before", [], schema)
        self._count_again(day, corrected)
        snapshot.attach(engine, "equity_days", tables.EQUITY_DAYS, since=day, until=day)
        attach_standing(engine, snapshot, self.spec, day)
        _, to_at = day_bounds(day, self.spec.zone)
        parts = self._parts()
        keep = publish or month_end(day) or day >= self.daily_from
        for part in parts:
            params = {
                "day": day,
                "to_at": to_at,
                "user_from": part * tables.PART,
                "user_to": (part + 1) * tables.PART,
                **shifts(before, day),
            }
            for table, schema in (("state", tables.STATE), ("firsts", tables.FIRSTS), ("activity", tables.ACTIVITY)):
                self._take(f"{table}_before", table, schema, part)
                self._settle(table, schema, definition(PACKAGE, table).text, part, day, params, publish=publish)
            self._settle("profiles", tables.PROFILES, definition(PACKAGE, "profiles").text, part, day, params, publish=keep)
            for table in ("state", "firsts", "activity", "profiles"):
                engine.rename(table, f"{table}__{part}")
            engine.drop("state_before", "firsts_before", "activity_before")
        self._edges(day, parts, publish=keep)
        self._stratify(day, parts, publish=keep)
        self._tell_segments(day, parts, publish=keep)
        self.carried = True

    def _parts(self) -> list[int]:
        highest = self.engine.rows("select coalesce(max(user_no), 0) from users").scalar()
        return list(range(highest // tables.PART + 1))

    def _take(self, name: str, table: str, schema: Schema, part: int) -> None:
        """The day before of one part under `name`: carried in the engine, or read from the lake."""
        if self.carried:
            self.engine.rename(f"{table}__{part}", name)
        else:
            self.engine.view(name, self.publication.snapshot.files(table, part=part), schema)

    def _settle(
        self, table: str, schema: Schema, sql: str, part: int, day: date, params: dict[str, Any], *, publish: bool
    ) -> None:
        """Derive one part of an as-of table: into the lake when it is published, else only into the engine."""
        if not publish:
            self.engine.make(table, sql, **params)
            return
        path = self.publication.new_path(table, f"{day}.{part}")
        rows = self.engine.write(sql, path, **params)
        superseded = _same_day_part(day, part) if table in ("profiles", "strata", "segments") else _same_part(part)
        self.publication.drop(table, superseded)
        self.engine.view(table, [path] if rows else [], schema)
        self.publication.add(table, path, rows=rows, day=day, part=part)
        self.rows[table] = self.rows.get(table, 0) + rows if part else rows

    def _edges(self, day: date, parts: Sequence[int], *, publish: bool) -> None:
        """The quantile edges of the whole population, which rules may name."""
        everyone = " union all ".join(
            f"select user_no, is_counted, net_revenue_90d_usdt from profiles__{part}" for part in parts
        )
        self.engine.make("profiles", everyone)
        self.engine.make("population", self.spec.population.text)
        if publish:
            path = self.publication.new_path("population", str(day))
            rows = self.engine.write("select key, value_usdt from population order by key nulls last", path)
            self.publication.drop("population", lambda file: file.first == day)
            self.publication.add("population", path, rows=rows, day=day)

    def _stratify(self, day: date, parts: Sequence[int], *, publish: bool) -> None:
        sql = self.spec.strata_sql(self.available)
        schema = self.spec.strata_schema
        before = None if self.carried else self._strata_day_before(day)
        for part in parts:
            self.engine.rename(f"profiles__{part}", "profiles")
            if self.carried:
                self.engine.rename(f"strata__{part}", "strata_before")
            else:
                files = self.publication.snapshot.files("strata", since=before, until=before, part=part) if before else []
                self.engine.view("strata_before", files, schema)
            self._settle("strata", schema, sql, part, day, {}, publish=publish)
            path = self.publication.new_path("moves", f"{day}.{part}")
            rows = self.engine.write(self.spec.moves.text, path, day=day)
            self.publication.drop("moves", _same_day_part(day, part))
            self.publication.add("moves", path, rows=rows, day=day, part=part)
            self.rows["moves"] = self.rows.get("moves", 0) + rows
            self.engine.rename("strata", f"strata__{part}")
            self.engine.rename("profiles", f"profiles__{part}")
            self.engine.drop("strata_before")

    def _tell_segments(self, day: date, parts: Sequence[int], *, publish: bool) -> None:
        """One pass over the users of each part; then who came in and who left since the day before."""
        engine, spec = self.engine, self.spec.segments
        before = None if self.carried else self._strata_day_before(day)
        told_before = self.told if self.carried else list(segments_told(self.publication.manifest, before))
        if spec is None or not (self.told or told_before):
            engine.drop(*(f"profiles__{part}" for part in parts))
            return
        if spec.reads_everyone:
            for table in ("profiles", "strata"):
                engine.make(table, " union all ".join(f"select * from {table}__{part}" for part in parts))
        beside = spec.find(engine, self.publication.snapshot, day, self.told)
        engine.table("told_before", TOLD_BEFORE, [(key,) for key in told_before])
        for part in parts:
            engine.rename(f"profiles__{part}", "profiles")
            engine.rename(f"strata__{part}", "strata")
            if self.carried:
                engine.rename(f"segments__{part}", "segments_before")
            else:
                files = self.publication.snapshot.files("segments", since=before, until=before, part=part) if before else []
                engine.view("segments_before", files, spec.schema)
            engine.make("placed", spec.placed(self.told, beside))
            self._settle("segments", spec.schema, spec.members(self.told), part, day, {}, publish=publish)
            path = self.publication.new_path("moves", f"{day}.{part}.segments")
            rows = engine.write(spec.moves.text, path, day=day)
            self.publication.add("moves", path, rows=rows, day=day, part=part)
            self.rows["moves"] = self.rows.get("moves", 0) + rows
            engine.rename("segments", f"segments__{part}")
            engine.rename("strata", f"strata__{part}")
            engine.drop("profiles", "placed", "segments_before")

    def _tell_segments_again(self, day: date) -> None:
        """Segments changed and nothing else did: their members, and their moves of the last closed day, are told anew."""
        engine, snapshot, spec = self.engine, self.publication.snapshot, self.spec
        snapshot.attach(engine, "users", fact_schema("users"))
        parts = self._parts()
        for part in parts:
            snapshot.attach(engine, "profiles", tables.PROFILES, name=f"profiles__{part}", since=day, until=day, part=part)
            snapshot.attach(engine, "strata", spec.strata_schema, name=f"strata__{part}", since=day, until=day, part=part)
            self.publication.drop("moves", lambda file: file.first == day and ".segments." in file.path)
            self.publication.drop("segments", _same_day_part(day, part))
        self._tell_segments(day, parts, publish=True)
        record = dict(self.publication.manifest.closed[str(day)])
        record.pop("segments_unavailable", None)
        self.publication.close_day(day, record | self._record(day))

    def _strata_day_before(self, day: date) -> date | None:
        earlier = [one for one in self.publication.snapshot.days("strata") if one < day]
        return earlier[-1] if earlier else None

    def _count_again(self, day: date, corrected: Sequence[date]) -> None:
        """Users who lost something on a corrected day, counted afresh from all of their days."""
        engine, snapshot = self.engine, self.publication.snapshot
        engine.table("users_again", USERS_AGAIN, ())
        engine.table("firsts_again", tables.FIRSTS, ())
        engine.table("activity_again", tables.ACTIVITY, ())
        if not corrected or not engine.make("users_again", definition(PACKAGE, "users_again").text):
            return
        attach_history(engine, snapshot, day)
        engine.make("firsts_again", definition(PACKAGE, "firsts_history").text, day=day)
        engine.make("activity_again", definition(PACKAGE, "activity_history").text, day=day)

    # The market, and what is kept

    def _market_days(self) -> None:
        self.publication.snapshot.attach(self.engine, "prices", fact_schema("prices"))
        path = self.publication.new_path("market_days")
        rows = self.engine.write(
            definition(PACKAGE, "market_days").text,
            path,
            edge_percent=self.spec.regime_edge_percent,
            high_percent=self.spec.high_volatility_percent,
        )
        same = [file.sha256 for file in self.publication.snapshot.entries("market_days")]
        if same == [hashlib.sha256(path.read_bytes()).hexdigest()]:
            path.unlink()
            return
        self.publication.drop("market_days")
        self.publication.add("market_days", path, rows=rows)

    def _forget_old_snapshots(self, day: date) -> None:
        oldest = day - timedelta(days=self.spec.snapshot_days)
        for table in ("profiles", "strata", "segments", "population"):
            self.publication.drop(
                table, lambda file: file.first is not None and file.first <= oldest and not month_end(file.first)
            )


def strides(targets: Sequence[date], daily_from: date) -> list[list[date]]:
    """The days to close, in the groups that move users on together: day by day from `daily_from` on, and ISO weeks before, cut
    at the ends of months. A history that is caught up with has its moves told by the week; a day closed in its time, by the day.
    """
    groups: list[list[date]] = []
    for day in targets:
        begins = not groups or day >= daily_from or day.weekday() == 0 or month_end(groups[-1][-1])
        if begins:
            groups.append([day])
        else:
            groups[-1].append(day)
    return groups


def _same_part(part: int) -> Callable[[LakeFile], bool]:
    return lambda file: file.part == part


def _same_day_part(day: date, part: int) -> Callable[[LakeFile], bool]:
    return lambda file: file.part == part and file.first == day


def _moved(was: dict[str, int], now: dict[str, int]) -> dict[str, tuple[int, int]]:
    return {name: (was[name], now[name]) for name in now if was[name] != now[name]}
