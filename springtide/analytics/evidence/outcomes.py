"""What the persons of campaigns brought, kept in the lake after every close, so that no read-out goes through history again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from springtide.analytics.daybook.tables import USER_DAYS
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.evidence.sums import Sums, arm_sums
from springtide.analytics.lake import Lake, Publication, Snapshot
from springtide.analytics.lake.manifest import LakeFile
from springtide.kernel.days import days
from springtide.kernel.errors import NothingYet, UnknownName, suggest
from springtide.kernel.ids import content_hash
from springtide.kernel.money import MICRO

PACKAGE: Final = "springtide.analytics.evidence"
BEFORE_DAYS: Final = 28  # of the covariate
ASSIGNED: Final[Schema] = (
    Column("campaign", "varchar", False, "the campaign"),
    Column("person_no", "integer", False, "the user under whose name the person is assigned"),
    Column("user_no", "integer", False, "the user's number"),
    Column("arm", "varchar", False, "the arm, reached or not"),
    Column("stratum", "varchar", True, "where the user stood when assigned"),
    Column("assigned_on", "date", False, "the day of assignment"),
    Column("window_days", "integer", False, "days of the outcome"),
)
PAID: Final[Schema] = (
    Column("campaign", "varchar", False, "the campaign"),
    Column("user_no", "integer", False, "the user's number"),
    Column("day", "date", False, "when the reward was used"),
    Column("usdt", "bigint", False, "what it cost beyond fees, in 1e-6 USDT"),
)
METRICS: Final = ("revenue", "net_revenue", "fees", "volume", "net_deposits", "trading_days", "traded")
_KEPT: Final = ("revenue_usdt", "net_revenue_usdt", "fees_usdt", "volume_usdt", "net_deposits_usdt", "trading_days")
OUTCOMES: Final[Schema] = (
    Column("campaign", "varchar", False, "the campaign"),
    Column("person_no", "integer", False, "the user under whose name the person is assigned"),
    Column("arm", "varchar", False, "the arm of the first assignment"),
    Column("stratum", "varchar", True, "where the person stood then"),
    Column("assigned_on", "date", False, "the day of the first assignment"),
    Column("users", "bigint", False, "linked accounts that were assigned"),
    Column("has_two_arms", "boolean", False, "they were assigned to more than one arm, which must not be"),
    *(Column(name, "bigint", False, f"{name} in the window, so far") for name in _KEPT),
    *(Column(f"before_{name}", "bigint", False, f"{name} in the 28 days before") for name in _KEPT),
    Column("rewards_usdt", "bigint", False, "what the campaign's rewards cost beyond fees"),
)


@dataclass(frozen=True)
class Kept:
    """Up to which day the outcomes of a campaign are known, in which file, and from what."""

    through: date
    path: str
    stamp: str


def keep_outcomes(lake: Lake, engine: Engine, *, now: datetime) -> tuple[str, ...]:
    """Bring the outcomes of every campaign in the engine's table `assigned` (see ASSIGNED) up to the last closed day; which changed.

    One pass over the days that any window reaches; `paid` (see PAID) is there too. A campaign whose windows have all passed, and whose
    days were not closed again since, is left as it is.

    writes    lake table outcomes, a file a campaign
    """
    with lake.writing() as publication:
        through = publication.snapshot.closed_through
        stale = _stale(publication, engine, through) if through else {}
        if not stale or through is None:
            return ()
        _attach(publication.snapshot, engine, stale, through)
        engine.make("outcomes_made", _text("outcomes"), through=through, before_days=BEFORE_DAYS)
        known = dict(publication.manifest.notes.get("outcomes", {}))
        for campaign, (_since, _until, stamp) in stale.items():
            path = publication.new_path("outcomes", campaign)
            rows = engine.write("select * from outcomes_made where campaign = $campaign", path, campaign=campaign)
            publication.drop("outcomes", partial(_is_at, known.get(campaign, {}).get("path")))
            publication.add("outcomes", path, rows=rows)
            known[campaign] = {"through": str(through), "path": str(path.relative_to(lake.root)), "stamp": stamp}
        publication.note("outcomes", known)
        publication.commit(now=now)
    return tuple(stale)


def kept(snapshot: Snapshot, campaign: str) -> Kept:
    """What is known of a campaign's outcomes.

    refuses    no_outcomes    nobody was assigned to it, or no day was closed since
    """
    known = snapshot.manifest.notes.get("outcomes", {})
    if campaign not in known:
        raise NothingYet(f"There are no outcomes of '{campaign}' yet.", "Close a day after its launch.", code="no_outcomes")
    told = known[campaign]
    return Kept(date.fromisoformat(told["through"]), told["path"], told["stamp"])


def sums_of(engine: Engine, snapshot: Snapshot, campaign: str, *, metric: str) -> Sums:
    """The sums of a campaign's arms in one metric, from its kept outcomes.

    refuses    unknown_metric, no_outcomes
    """
    if metric not in METRICS:
        raise UnknownName(f"There is no outcome '{metric}'.", suggest(metric, METRICS), code="unknown_metric")
    told = kept(snapshot, campaign)
    engine.view("kept_outcomes", [snapshot.root / told.path], OUTCOMES)
    column = {"traded": "trading_days", "trading_days": "trading_days"}.get(metric, f"{metric}_usdt")
    y, x = (f"least({name}, 1)" if metric == "traded" else name for name in (column, f"before_{column}"))
    engine.define("outcomes", f"select arm, stratum, {y} as y_usdt, {x} as x_usdt, rewards_usdt as r_usdt from kept_outcomes")
    return arm_sums(engine, unit=MICRO if column.endswith("_usdt") else 1)


def _stale(publication: Publication, engine: Engine, through: date) -> dict[str, tuple[date, date, str]]:
    """Campaign → the days its windows reach, and what its outcomes would be made from, where that is not what they were made from."""
    spans = engine.rows(
        "select campaign, min(assigned_on) as since, max(assigned_on) as latest, max(window_days) as days, count(*) as users"
        " from assigned group by campaign order by campaign"
    ).values
    closed, known = publication.manifest.closed, publication.manifest.notes.get("outcomes", {})
    stale = {}
    for campaign, since, latest, window_days, users in spans:
        first, last = since - timedelta(days=BEFORE_DAYS), min(through, latest + timedelta(days=window_days - 1))
        made_from: list[Any] = [users, str(first), str(last), definition(PACKAGE, "outcomes").hash]
        made_from += [[str(day), closed[str(day)]] for day in days(first, last) if str(day) in closed]
        stamp = content_hash(made_from)
        if known.get(campaign, {}).get("stamp") != stamp:
            stale[campaign] = (first, last, stamp)
    return stale


def _attach(snapshot: Snapshot, engine: Engine, stale: Mapping[str, tuple[date, date, str]], through: date) -> None:
    first, last = min(each[0] for each in stale.values()), max(each[1] for each in stale.values())
    snapshot.attach(engine, "user_days", USER_DAYS, since=first, until=min(last, through))
    engine.table("stale", ASSIGNED[:1], [(campaign,) for campaign in stale])
    engine.make("assigned_stale", "select a.* from assigned as a inner join stale as s on a.campaign = s.campaign")
    engine.rename("assigned_stale", "assigned")


def _is_at(path: str | None, file: LakeFile) -> bool:
    return file.path == path


def _text(name: str) -> str:
    return definition(PACKAGE, name).text
