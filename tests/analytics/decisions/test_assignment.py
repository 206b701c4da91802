"""Assignment: fair shares, independent campaigns, linked accounts together, the same in Python and in SQL, and for ever."""

import math
import random
from datetime import UTC, date, datetime

import numpy as np
import pytest
from scipy.stats import chi2, kstest

from springtide.analytics.decisions.assignment import (
    CLUSTERS,
    PERSONS,
    arm_of,
    assigned_query,
    attach_persons,
    campaign_salt,
    is_control,
    merged_clusters,
    settle_persons,
    shares,
)
from springtide.analytics.engine import Column
from springtide.kernel.errors import BadInput
from springtide.kernel.ids import bucket
from tests.exchange import Exchange

DAY, LATER = date(2026, 3, 31), date(2026, 4, 1)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
ARMS = (("a", 1), ("b", 2))


@pytest.fixture
def exchange(tmp_path):
    made = Exchange.at(tmp_path)
    yield made
    made.engine.close()


def joins(exchange, *users):
    exchange.has("users", "user registered_at status\n" + "\n".join(f"{user} 2026-01-01 active" for user in users))


def links(exchange, *clusters, hub=False):
    """Clusters of linked users, as a close finds them."""
    rows = []
    for cluster in clusters:
        numbers = [exchange.number(user) for user in cluster]
        rows += [(number, min(numbers), len(numbers), hub) for number in numbers]
    with exchange.lake.writing() as publication:
        publication.drop("clusters")
        path = publication.new_path("clusters")
        exchange.engine.table("given", CLUSTERS, rows)
        publication.add("clusters", path, rows=exchange.engine.write("select * from given", path))
        publication.commit(now=NOW)


def settle(exchange, day=DAY, salt=1):
    return settle_persons(exchange.lake, exchange.engine, salt=salt, day=day, now=NOW)


def persons(exchange, salt=1):
    exchange.lake.snapshot().attach(exchange.engine, "persons", PERSONS)
    told = exchange.engine.rows("select user_no, person_no from persons where salt = $salt order by user_no", salt=salt).values
    names = {number: name for name, number in exchange.numbers.items()}
    return {names[user]: names[person] for user, person in told}


def test_buckets_are_shared_out_by_weight_each_once():
    found = shares(0.1, ARMS)
    assert [(share.arm, share.begins, share.ends) for share in found] == [
        ("holdout", 0, 1000), ("a", 1000, 4000), ("b", 4000, 10_000),
    ]  # fmt: skip
    assert [(share.begins, share.ends) for share in shares(0, [("only", 3)])] == [(0, 10_000)]
    with pytest.raises(BadInput, match="would get nobody"):
        shares(0.5, [("many", 10_000), ("one", 1), ("more", 10_000)][:2] + [("x", 10_000)] * 3)


def test_shares_are_within_four_sigma():
    people = 200_000
    found = shares(0.1, ARMS)
    drawn = [bucket(campaign_salt("win_back"), f"user-{number}") for number in range(people)]
    for share in found:
        expected = people * (share.ends - share.begins) / 10_000
        sigma = math.sqrt(expected * (1 - expected / people))
        assert abs(sum(share.begins <= one < share.ends for one in drawn) - expected) < 4 * sigma


def test_a_thousand_pairs_of_campaigns_are_independent():
    """The chi-square of a 2 by 2 table, over 1,000 pairs, is spread as the law of independence says."""
    people, campaigns = 2_000, 64
    halves = np.array([
        [bucket(campaign_salt(f"campaign-{number}"), str(person)) < 5000 for person in range(people)]
        for number in range(campaigns)
    ])  # fmt: skip
    draw = random.Random(7)
    pairs = draw.sample([(i, j) for i in range(campaigns) for j in range(i)], 1000)
    both = {(a, b): None for a in (0, 1) for b in (0, 1)}
    statistics = []
    for one, other in pairs:
        left, right = halves[one], halves[other]
        total = 0.0
        for a, b in both:
            expected = (left == a).sum() * (right == b).sum() / people
            total += (((left == a) & (right == b)).sum() - expected) ** 2 / expected
        statistics.append(total)
    assert kstest(statistics, chi2(1).cdf).pvalue > 0.001
    assert max(statistics) < chi2(1).isf(1e-6)


def test_python_and_sql_draw_the_same(exchange):
    names = [f"user {number} ö" for number in range(300)]
    exchange.engine.table("candidates", (Column("user_no", "integer"),), [(number,) for number in range(300)])
    exchange.engine.table("persons_of", PERSONS[:2], [(number, number) for number in range(300)])
    exchange.engine.table("users", (Column("user_no", "integer"), Column("user_id", "varchar")), list(enumerate(names)))
    told = exchange.engine.rows(
        f"select person_id, control_bucket, campaign_bucket from ({assigned_query('win_back', 3, dialect='duckdb')}) as a"
    ).values
    found = shares(0.1, ARMS)
    for person, control, drawn in told:
        assert (control < 500) is is_control(3, person, 0.05)
        assert next(s.arm for s in found if s.begins <= drawn < s.ends) == arm_of("win_back", person, found)


def test_another_salt_draws_another_control():
    first = {number for number in range(20_000) if is_control(1, str(number), 0.05)}
    second = {number for number in range(20_000) if is_control(2, str(number), 0.05)}
    assert abs(len(first & second) - 50) < 30  # 5 % of 5 %


def test_linked_accounts_are_one_person(exchange):
    joins(exchange, "ann", "bob", "carol", "dan")
    links(exchange, ["carol", "bob"])
    assert settle(exchange) == 4
    assert persons(exchange) == {"ann": "ann", "bob": "bob", "carol": "bob", "dan": "dan"}


def test_a_newcomer_to_a_cluster_inherits_the_person_who_was_first(exchange):
    joins(exchange, "ann", "bob")
    settle(exchange)
    joins(exchange, "new", "alone", "alone_too")
    links(exchange, ["bob", "new"], ["alone", "alone_too"])
    assert settle(exchange, LATER) == 3
    assert persons(exchange) == {"ann": "ann", "bob": "bob", "new": "bob", "alone": "alone", "alone_too": "alone"}


def test_clusters_that_merge_keep_their_persons_and_are_counted(exchange):
    joins(exchange, "ann", "bob", "carol", "dan")
    links(exchange, ["ann", "bob"], ["carol", "dan"])
    settle(exchange)
    was = persons(exchange)
    joins(exchange, "new")
    links(exchange, ["ann", "bob", "carol", "dan", "new"])
    settle(exchange, LATER)
    assert {name: person for name, person in persons(exchange).items() if name != "new"} == was
    assert persons(exchange)["new"] == "ann"
    merged = merged_clusters(exchange.engine, exchange.lake.snapshot(), salt=1)
    assert (merged.clusters, merged.users) == (1, 5)


def test_adding_users_moves_nobody_and_settling_twice_adds_nothing(exchange):
    joins(exchange, *(f"u{number}" for number in range(50)))
    assert settle(exchange) == 50
    was = persons(exchange)
    joins(exchange, *(f"v{number}" for number in range(50)))
    assert settle(exchange) == 50
    assert settle(exchange) == 0
    assert {name: person for name, person in persons(exchange).items() if name in was} == was


def test_a_hub_links_nobody_and_each_salt_has_its_own_map(exchange):
    joins(exchange, "ann", "bob")
    links(exchange, ["ann", "bob"], hub=True)
    settle(exchange)
    links(exchange, ["ann", "bob"])
    settle(exchange)
    settle(exchange, salt=2)
    assert persons(exchange) == {"ann": "ann", "bob": "bob"}
    assert persons(exchange, salt=2) == {"ann": "ann", "bob": "ann"}


def test_who_is_not_in_the_map_yet_has_the_person_that_the_map_will_give_them(exchange):
    joins(exchange, "ann", "bob")
    attach_persons(exchange.engine, exchange.lake.snapshot(), salt=1, day=DAY)
    told = exchange.engine.rows("select user_no, person_no from persons_of order by user_no").values
    settle(exchange)
    names = {number: name for name, number in exchange.numbers.items()}
    assert {names[user]: names[person] for user, person in told} == persons(exchange)


def test_of_few_users_the_same_persons_are_found_as_of_all(exchange):
    joins(exchange, "ann", "bob", "carol", "dan")
    links(exchange, ["ann", "bob"])
    settle(exchange)
    joins(exchange, "new", "other")
    links(exchange, ["ann", "bob", "new"], ["carol", "other"])
    exchange.engine.table("asked", (Column("user_no", "integer"),), [(exchange.number("new"),), (exchange.number("dan"),)])
    attach_persons(exchange.engine, exchange.lake.snapshot(), salt=1, day=LATER, few="asked")
    told = exchange.engine.rows("select user_no, person_no from persons_of order by user_no").values
    names = {number: name for name, number in exchange.numbers.items()}
    found = {names[user]: names[person] for user, person in told}
    assert found == {"ann": "ann", "bob": "ann", "dan": "dan", "new": "ann"}
