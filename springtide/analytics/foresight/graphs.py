"""Who is linked with whom, and who invited themselves: components of two graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Edge = tuple[int, int]
ClusterRow = tuple[int, int, int, bool, None, None, None]


def clusters(shared: Sequence[tuple[int, int, bool]]) -> list[ClusterRow]:
    """Rows of CLUSTERS from (user_no, first_no, is_hub): users who share a thing that is no hub are one cluster, by any number of steps."""
    if not shared:
        return []
    users, first, size = _components([(user, other) for user, other, _ in shared], "weak")
    by_hub = {user for user, _, is_hub in shared if is_hub}
    return [
        (user, cluster, members, members == 1 and user in by_hub, None, None, None)
        for user, cluster, members in zip(users.tolist(), first.tolist(), size.tolist(), strict=True)
    ]


def referral_cycles(invitations: Sequence[Edge]) -> list[Edge]:
    """Rows of REFERRAL_CYCLES from (invitee_no, inviter_no): who comes back to themselves by going from each to who invited them."""
    if not invitations:
        return []
    users, _, size = _components(invitations, "strong")
    invited_themselves = {invitee for invitee, inviter in invitations if invitee == inviter}
    return [
        (user, members)
        for user, members in zip(users.tolist(), size.tolist(), strict=True)
        if members > 1 or user in invited_themselves
    ]


def components(
    nodes: int, source: NDArray[np.int64], target: NDArray[np.int64], connection: Literal["weak", "strong"] = "weak"
) -> NDArray[np.int64]:
    """Node → the component it is in."""
    graph = coo_array((np.ones(len(source), np.int8), (source, target)), shape=(nodes, nodes)).tocsr()
    return np.asarray(connected_components(graph, directed=True, connection=connection)[1], np.int64)


def _components(
    edges: Sequence[Edge], connection: Literal["weak", "strong"]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Users in order, each with the least user of their component and its size."""
    users, ends = np.unique(np.asarray(edges, np.int64), return_inverse=True)
    ends = ends.reshape(-1, 2)
    component = components(users.size, ends[:, 0], ends[:, 1], connection)
    _, first, inverse, counts = np.unique(component, return_index=True, return_inverse=True, return_counts=True)
    return users, users[first][inverse], counts[inverse]
