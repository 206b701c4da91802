"""Clusters of users who share things, and rounds of invitations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.foresight.graphs import clusters, referral_cycles

USERS = st.integers(0, 12)
EDGES = st.lists(st.tuples(USERS, USERS), max_size=20)


def test_users_are_linked_by_any_number_of_steps():
    shared = [(1, 1, False), (2, 1, False), (2, 2, False), (5, 2, False), (7, 7, False), (9, 7, False)]
    told = {row[0]: row[1:3] for row in clusters(shared)}
    assert told == {1: (1, 3), 2: (1, 3), 5: (1, 3), 7: (7, 2), 9: (7, 2)}


def test_who_shares_nothing_but_a_hub_is_linked_with_nobody():
    told = {
        row[0]: (row[2], row[3]) for row in clusters([(1, 1, True), (2, 2, True), (3, 3, True), (3, 3, False), (4, 3, False)])
    }
    assert told == {1: (1, True), 2: (1, True), 3: (2, False), 4: (2, False)}


def test_a_round_of_invitations_is_found_whatever_its_length():
    invited_by = [(1, 1), (2, 3), (3, 2), (4, 5), (5, 6), (6, 7), (7, 4), (8, 4), (9, 8)]
    assert dict(referral_cycles(invited_by)) == {1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 4}


def test_nobody_is_on_a_round_where_nobody_invited():
    assert referral_cycles([]) == []
    assert clusters([]) == []


@given(EDGES)
def test_clusters_part_users_as_walking_from_each_to_each_does(edges):
    told = {row[0]: row[1] for row in clusters([(user, other, False) for user, other in edges])}
    both_ways = {(user, other) for pair in edges for user, other in (pair, pair[::-1])}
    assert told == {user: min(reached(user, both_ways) | {user}) for user in told}


@given(EDGES)
def test_who_is_on_a_round_comes_back_to_themselves(edges):
    told = dict(referral_cycles(edges))
    ways = set(edges)
    back = {user for user, _ in ways if user in reached(user, ways)}
    assert told.keys() == back
    assert all(
        size == len({other for other in back if other in reached(user, ways) and user in reached(other, ways)})
        for user, size in told.items()
    )


def reached(start, ways):
    """Whom one can come to from `start` by one step or more."""
    found: set[int] = set()
    at = {start}
    while at:
        at = {there for here, there in ways if here in at} - found
        found |= at
    return found
