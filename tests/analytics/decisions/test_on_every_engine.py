"""The passes of decisions keep to the restricted dialect, and Spark decides as DuckDB does."""

import random
from datetime import date, datetime, timedelta

import pytest

from springtide.analytics.decisions.assignment import CLUSTERS, PERSONS, assigned_query
from springtide.analytics.decisions.deciding import ARMS, CANDIDATES, CLOCK_GROUPS, CONTACTS, JUDGED, PACKAGE, USERS
from springtide.analytics.engine import Column, definition
from springtide.analytics.engine.dialect import lint
from springtide.kernel.ids import bucket
from tests.analytics.engine.conformance import Table, agree

PASSES = ("persons", "merged", "contacted", "checks")
DAY = date(2026, 3, 31)
NOON = datetime(2026, 3, 31, 12)


@pytest.mark.parametrize("name", PASSES)
def test_the_pass_keeps_the_rules_of_the_dialect(name):
    found = lint(definition(PACKAGE, name).text)
    assert not found, "\n".join(map(str, found))


@pytest.mark.spark
def test_spark_answers_as_duckdb_does(spark):
    draw = random.Random(7)
    users = range(400)
    accounts = (Column("user_no", "integer"), Column("master_no", "integer"), Column("user_id", "varchar"))
    clusters = [(user, user - user % 3, 3, user % 9 == 0) for user in users if user % 2]
    tables = {
        "accounts_of": Table(accounts, [(user, user if user % 7 else 0, f"u{user}") for user in users]),
        "clusters": Table(CLUSTERS, clusters),
        "persons_known": Table(PERSONS[:3], [(user, user, DAY - timedelta(days=user % 4)) for user in users if user % 5 == 0]),
    }
    persons = agree(definition(PACKAGE, "persons"), tables, {"day": DAY, "largest_cluster": 1000}, spark=spark)
    assert len(persons) == len([user for user in users if user % 7 or user == 0])
    known = Table(PERSONS[:2], [row[:2] for row in persons])
    agree(
        definition(PACKAGE, "merged"),
        {"persons": known, "clusters": tables["clusters"]},
        {"largest_cluster": 1000},
        spark=spark,
    )

    def candidate(user):
        truth = [True, True, False, None]
        return (
            user, f"u{user}", draw.random() < 0.9, user % 7 == 0 and user > 0, draw.random() < 0.9,
            draw.choice(["active", "active", "frozen", None]), draw.choice(truth), draw.choice([None, 0, 4]), "en", "UTC", None,
            draw.random() < 0.8, draw.random() < 0.2, draw.choice([None, None, "missing_name"]), user % 2,
        )  # fmt: skip

    candidates = Table((*CANDIDATES, Column("clock_group", "integer")), [candidate(user) for user in users])
    found = agree(
        definition(PACKAGE, "contacted"),
        {
            "candidates": candidates,
            "contacts": Table(CONTACTS, [
                (draw.choice(users), NOON - timedelta(hours=draw.randrange(200)), draw.choice(["email", "call"]),
                 draw.choice(["promotional", "service", ""]), draw.random() < 0.3) for _ in range(200)
            ]),
            "clock_groups": Table(CLOCK_GROUPS, [(n, None, "own", NOON - timedelta(days=7 + n), *[NOON - timedelta(days=3)] * 3)
                                                 for n in (0, 1)]),
        },
        {"message_class": "promotional", "channel": "email"},
        spark=spark,
    )  # fmt: skip
    counted = (
        Column("user_no", "integer"),
        *(Column(name, "bigint") for name in ("of_class", "of_channel", "of_all", "outreach")),
    )
    assigned = (
        Column("user_no", "integer"), Column("person_no", "integer"), Column("person_id", "varchar"),
        Column("control_bucket", "bigint"), Column("campaign_bucket", "bigint"),
    )  # fmt: skip
    drawn = [(row[0], row[1], f"u{row[1]}", draw.randrange(10_000), draw.randrange(10_000)) for row in persons]
    beside = {name: Table(USERS, [(user,) for user in users if draw.random() < 0.1]) for name in
              ("entered", "excluding", "decided", "withdrawn")}  # fmt: skip
    verdicts = [(user, draw.choice(["allow"] * 5 + ["deny", "review"]), "x") for user in users if user % 11]
    decided = agree(
        definition(PACKAGE, "checks"),
        {
            "candidates": candidates, "assigned": Table(assigned, drawn), "judged": Table(JUDGED, verdicts), **beside,
            "arms": Table(ARMS, [("holdout", 0, 5000), ("a", 5000, 10_000)]), "contacted": Table(counted, found),
            "clock_groups": Table(CLOCK_GROUPS, [(0, None, "own", *[NOON] * 4), (1, NOON, "country", *[NOON] * 4)]),
        },
        {"is_service": False, "is_outreach": False, "control_ends": 500, "vip_level_outside": 3, "most_of_class": 4,
         "most_of_channel": 2, "most_of_all": 10, "most_outreach": 1},
        spark=spark,
    )  # fmt: skip
    assert len(decided) == len(users)
    assert {"due", "refused", "holdout"} <= {row[5] for row in decided}


@pytest.mark.spark
def test_spark_draws_the_very_buckets(spark):
    spark.table("candidates", USERS, [(user,) for user in range(50)])
    spark.table("persons_of", PERSONS[:2], [(user, user) for user in range(50)])
    spark.table(
        "users", (Column("user_no", "integer"), Column("user_id", "varchar")), [(user, f"ö{user}") for user in range(50)]
    )
    told = spark.rows(f"select person_id, campaign_bucket from ({assigned_query('win_back', 1, dialect=spark.dialect)}) as a")
    assert all(drawn == bucket("campaign win_back", person) for person, drawn in told.values)
