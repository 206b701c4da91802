"""Assignment: a pure function of a salt and a person. Linked accounts share a person, and nobody's arm ever changes.

The person map of a salt is a lake table, `persons`, to which newcomers are only ever added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.lake import Lake, Snapshot
from springtide.kernel.errors import BadInput
from springtide.kernel.ids import BUCKETS, bucket, bucket_sql

PACKAGE: Final = "springtide.analytics.decisions"
CONTROL: Final = "control"
HOLDOUT: Final = "holdout"
LARGEST_CLUSTER: Final = 1000  # a larger one is no evidence of one person

PERSONS: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("person_no", "integer", False, "the user under whose name they are assigned"),
    Column("since_on", "date", False, "the day on which they were first assigned"),
    Column("salt", "integer", False, "the salt of the global control under which this holds"),
)
CLUSTERS: Schema = (
    Column("user_no", "integer", False),
    Column("cluster_no", "integer", False),
    Column("size", "integer", False),
    Column("is_hub_only", "boolean", False),
)


@dataclass(frozen=True)
class Share:
    """The buckets of an arm: from `begins` up to, not including, `ends`."""

    arm: str
    begins: int
    ends: int


@dataclass(frozen=True)
class Merged:
    """Clusters that grew together after their users were assigned, and how many users are in them."""

    clusters: int
    users: int


def control_salt(salt: int) -> str:
    """Under which the global control is drawn."""
    return f"global control {salt}"


def campaign_salt(campaign: str) -> str:
    """Under which the holdout and the arms of a campaign are drawn, independently of any other."""
    return f"campaign {campaign}"


def control_share(ratio: float) -> Share:
    """The buckets of the global control."""
    return Share(CONTROL, 0, round(ratio * BUCKETS))


def shares(holdout_ratio: float, arms: Sequence[tuple[str, int]]) -> tuple[Share, ...]:
    """The holdout, and the arms by their weights: all buckets, each once.

    refuses    too_many_arms    an arm would get no bucket
    """
    held = round(holdout_ratio * BUCKETS)
    total = sum(weight for _, weight in arms)
    found, below, begins = [Share(HOLDOUT, 0, held)] if held else [], 0, held
    for arm, weight in arms:
        below += weight
        ends = held + round((BUCKETS - held) * below / total)
        if ends <= begins:
            raise BadInput(f"Arm '{arm}' would get nobody.", "Raise its weight.", code="too_many_arms")
        found.append(Share(arm, begins, ends))
        begins = ends
    return tuple(found)


def arm_of(campaign: str, person_id: str, among: Sequence[Share]) -> str:
    """The arm of a person: what `assigned_query` says, in Python."""
    drawn = bucket(campaign_salt(campaign), person_id)
    return next(share.arm for share in among if share.begins <= drawn < share.ends)


def is_control(salt: int, person_id: str, ratio: float) -> bool:
    """True for a person of the global control."""
    return bucket(control_salt(salt), person_id) < control_share(ratio).ends


def assigned_query(campaign: str, salt: int, *, dialect: str) -> str:
    """Both draws of every candidate; reads `candidates`, `persons_of` and `users`. An engine has no hash in the restricted dialect."""
    control = bucket_sql(f"'{control_salt(salt)}'", "person_id", dialect=dialect)
    drawn = bucket_sql(f"'{campaign_salt(campaign)}'", "person_id", dialect=dialect)
    named = (
        "select c.user_no, p.person_no, u.user_id as person_id from candidates as c"
        " inner join persons_of as p on c.user_no = p.user_no inner join users as u on p.person_no = u.user_no"
    )
    return f"select user_no, person_no, person_id, {control} as control_bucket, {drawn} as campaign_bucket from ({named}) as n"


def attach_persons(engine: Engine, snapshot: Snapshot, *, salt: int, day: date, few: str | None = None) -> None:
    """Make `persons_of`: the person of every user, newcomers with those they inherit (is_new).

    `few`: a table of user_no, where few are asked for; then these and who is linked with them are looked at.
    """
    snapshot.attach(engine, "users", fact_schema("users"))
    snapshot.attach(engine, "clusters", CLUSTERS)
    snapshot.attach(engine, "persons", PERSONS)
    asked = ""
    if few:
        linked = "select a.user_no from clusters as a inner join clusters as b on a.cluster_no = b.cluster_no"
        asked = (
            f" where user_no in (select user_no from {few} union all {linked} where b.user_no in (select user_no from {few}))"
        )
    engine.make("accounts_of", f"select user_no, master_no from users{asked}")
    engine.make("persons_known", "select user_no, person_no, since_on from persons where salt = $salt", salt=salt)
    engine.make("persons_of", definition(PACKAGE, "persons").text, day=day, largest_cluster=LARGEST_CLUSTER)


def settle_persons(lake: Lake, engine: Engine, *, salt: int, day: date, now: datetime) -> int:
    """Add the newcomers to the person map of a salt, so that their arms stay; how many there were.

    writes     lake table persons
    """
    attach_persons(engine, lake.snapshot(), salt=salt, day=day)
    if not _new(engine):
        return 0
    with lake.writing() as publication:
        attach_persons(engine, publication.snapshot, salt=salt, day=day)  # somebody may have settled them meanwhile
        if new := _new(engine):
            path = publication.new_path("persons", f"{salt}")
            query = "select user_no, person_no, since_on, cast($salt as integer) as salt from persons_of where is_new order by user_no"
            publication.add("persons", path, rows=engine.write(query, path, salt=salt))
            publication.commit(now=now)
    return new


def _new(engine: Engine) -> int:
    return int(engine.rows("select count(*) from persons_of where is_new").scalar())


def merged_clusters(engine: Engine, snapshot: Snapshot, *, salt: int) -> Merged:
    """Users whose clusters grew together after they were assigned: they keep their arms."""
    snapshot.attach(engine, "clusters", CLUSTERS)
    snapshot.attach(engine, "persons", PERSONS, name="persons_all")
    engine.make("persons", "select user_no, person_no from persons_all where salt = $salt", salt=salt)
    [[clusters, users]] = engine.rows(definition(PACKAGE, "merged").text, largest_cluster=LARGEST_CLUSTER).values
    engine.drop("persons")
    return Merged(int(clusters), int(users))
