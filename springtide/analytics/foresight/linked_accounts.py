"""What tells that several accounts are one person's: the shape of their cluster, the kinds of links, nearness in time and in volume.

Being many is little evidence: clusters of thousands are mixed, so that size counts up to ten only, and a hub (an exchange's own wallet,
an office, a shared terminal) links nobody. What a hub does tell is who met there at the same time with the same volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from springtide.analytics.foresight.graphs import components

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_SIZE: Final = 10  # accounts of a cluster, above which size says no more
SMALL_HUB: Final = 40  # accounts at a hub, up to which it is asked who met there
HUB_SIZE: Final = 300  # accounts at a hub, above which they are not told apart
DAY, TWO_HOURS = 1.0, 1 / 12  # days
ALIKE: Final = 0.05  # of the logarithm of volume
FAR: Final = 999.0  # days, where there is nobody to be near to


@dataclass(frozen=True)
class Graph:
    """Accounts and what they touch. Nodes 0 to `accounts` − 1 are accounts; the others are things: devices, addresses, counterparties.

    `source`, `target`, `kind`    one link each, of `kinds[kind]`; between accounts, or of an account and a thing
    `hub`                         node → which of `hub_kinds` it is, −1 where it is none
    `began`                       account → when it began, in days; NaN where that is not known
    `volume_usdt`                 account → what it traded or moved
    """

    accounts: int
    nodes: int
    source: Numbers
    target: Numbers
    kind: Numbers
    kinds: tuple[str, ...]
    hub: Numbers
    hub_kinds: tuple[str, ...]
    began: Floats
    volume_usdt: Floats


@dataclass(frozen=True)
class Evidence:
    """One row of figures an account, the cluster it is in by links that are no hubs', and how many accounts that has."""

    names: tuple[str, ...]
    values: Floats
    cluster: Numbers
    size: Numbers

    def without(self, *names: str) -> Floats:
        return self.values[:, [number for number, name in enumerate(self.names) if name not in names]]


SIZE_NAMES: Final = ("size", "accounts_share", "edges_per_node", "star")  # what says how large a cluster is, and its shape


def evidence(graph: Graph) -> Evidence:
    """The figures by which linked accounts are scored."""
    is_hub = graph.hub >= 0
    is_linking = ~is_hub[graph.source] & ~is_hub[graph.target] & (graph.source != graph.target)
    clusters = components(graph.nodes, graph.source[is_linking], graph.target[is_linking])
    cluster = clusters[: graph.accounts]
    size = np.bincount(cluster, minlength=graph.nodes)[cluster]
    told: dict[str, Floats] = {"size": np.minimum(size, MOST_SIZE).astype(np.float64)}
    told |= _shape(graph, is_linking, clusters)
    told |= _kinds(graph, is_linking, clusters)
    told |= _nearness(graph, cluster)
    told |= _hubs(graph)
    told["twins"] = np.minimum(_twins(graph), 20)
    return Evidence(tuple(told), np.column_stack(list(told.values())), cluster, size)


def _both_ways(source: Numbers, target: Numbers) -> tuple[Numbers, Numbers]:
    """Each pair of nodes once in each direction."""
    pairs = np.unique(np.stack([np.minimum(source, target), np.maximum(source, target)], axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])


def _shape(graph: Graph, is_linking: Flags, clusters: Numbers) -> dict[str, Floats]:
    one, other = _both_ways(graph.source[is_linking], graph.target[is_linking])
    degree = np.bincount(one, minlength=graph.nodes)
    to_accounts = np.bincount(one, weights=other < graph.accounts, minlength=graph.nodes)
    cluster = clusters[: graph.accounts]
    nodes = np.bincount(clusters, minlength=graph.nodes)
    edges = np.bincount(clusters[one], minlength=graph.nodes) / 2
    accounts = np.bincount(cluster, minlength=graph.nodes)
    widest = np.zeros(graph.nodes)
    np.maximum.at(widest, clusters, degree)
    own, with_accounts = degree[: graph.accounts], to_accounts[: graph.accounts]
    return {
        "links": np.minimum(own, 20).astype(np.float64),
        "linked_accounts": np.minimum(with_accounts, 10),
        "linked_things": np.minimum(own - with_accounts, 10),
        "star": widest[cluster] / nodes[cluster],
        "edges_per_node": edges[cluster] / nodes[cluster],
        "accounts_share": accounts[cluster] / nodes[cluster],
    }


def _kinds(graph: Graph, is_linking: Flags, clusters: Numbers) -> dict[str, Floats]:
    told: dict[str, Floats] = {}
    cluster = clusters[: graph.accounts]
    everything = np.bincount(clusters[graph.source[is_linking]], minlength=graph.nodes)[cluster]
    for number, kind in enumerate(graph.kinds):
        of_kind = is_linking & (graph.kind == number)
        source, target = graph.source[of_kind], graph.target[of_kind]
        here = np.bincount(clusters[source], minlength=graph.nodes)[cluster]
        told[f"{kind}_share"] = here / np.maximum(everything, 1)
        told[f"{kind}_out"] = np.minimum(np.bincount(source, minlength=graph.nodes)[: graph.accounts], 8).astype(np.float64)
        told[f"{kind}_in"] = np.minimum(np.bincount(target, minlength=graph.nodes)[: graph.accounts], 8).astype(np.float64)
    return told


def _nearness(graph: Graph, cluster: Numbers) -> dict[str, Floats]:
    """How near the accounts of a cluster began, and how alike they trade; alone, an account is far from everybody."""
    volume = np.log(np.maximum(graph.volume_usdt, 1e-6))
    began = np.where(np.isnan(graph.began), np.nanmedian(graph.began) if len(graph.began) else 0.0, graph.began)
    told = {"volume": volume}
    counts = np.bincount(cluster, minlength=graph.nodes)[cluster]
    for name, values in (("began", began), ("volume", volume)):
        middle = _median(values, cluster)
        mean = np.bincount(cluster, values, graph.nodes)[cluster] / counts
        squares = np.bincount(cluster, (values - mean) ** 2, graph.nodes)[cluster]
        told[f"{name}_spread"] = np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), FAR)
        told[f"{name}_from_median"] = np.abs(values - middle)
        if name == "volume":
            told["volume_of_cluster"] = middle
    order = np.lexsort((began, cluster))
    ordered, of = began[order], cluster[order]
    gap = np.where(np.diff(of) == 0, np.diff(ordered), FAR)
    nearest = np.minimum(np.append(FAR, gap), np.append(gap, FAR))
    # Clusters lie apart on one line, further than any of them is long, so that one search finds who is within a day.
    apart = (ordered.max() - ordered.min() + 10 * DAY) if len(ordered) else 0.0
    line = ordered + np.cumsum(np.append(0, np.diff(of) != 0)) * apart if len(ordered) else ordered
    within = np.searchsorted(line, line + DAY, "right") - np.searchsorted(line, line - DAY, "left") - 1
    told["nearest"], told["within_a_day"] = np.empty(len(order)), np.empty(len(order))
    told["nearest"][order], told["within_a_day"][order] = nearest, np.minimum(within, 10)
    return told


def _median(values: Floats, group: Numbers) -> Floats:
    """The middle value of everybody's group; of two the lower."""
    order = np.lexsort((values, group))
    of = group[order]
    first = np.flatnonzero(np.append(True, np.diff(of) != 0)) if len(of) else np.array([], np.int64)
    last = np.append(first[1:], len(of)) - 1 if len(of) else first
    middle = values[order][(first + last) // 2]
    medians = np.empty(len(values))
    medians[order] = np.repeat(middle, last - first + 1)
    return medians


def _hubs(graph: Graph) -> dict[str, Floats]:
    one, other = _both_ways(graph.source, graph.target)
    at_hub = (one < graph.accounts) & (graph.hub[other] >= 0)
    account, hub = one[at_hub], other[at_hub]
    accounts_at = np.bincount(hub, minlength=graph.nodes)
    told: dict[str, Floats] = {}
    for number, kind in enumerate(graph.hub_kinds):
        of_kind = graph.hub[hub] == number
        told[f"{kind}_hubs"] = np.minimum(np.bincount(account[of_kind], minlength=graph.accounts), 6).astype(np.float64)
        smallest = np.full(graph.accounts, float(HUB_SIZE))
        np.minimum.at(smallest, account[of_kind], accounts_at[hub[of_kind]].astype(np.float64))
        told[f"{kind}_smallest"] = smallest
    is_small = accounts_at[hub] <= SMALL_HUB
    return told | _met(graph, account[is_small], hub[is_small])


def _met(graph: Graph, account: Numbers, hub: Numbers) -> dict[str, Floats]:
    """Of those who share a small hub: how near the nearest is in time, and in volume; how many there are, and how many near in both."""
    volume = np.log(np.maximum(graph.volume_usdt, 1e-6))
    time_gap, volume_gap = np.full(graph.accounts, FAR), np.full(graph.accounts, FAR)
    met, near = np.zeros(graph.accounts), np.zeros(graph.accounts)
    order = np.argsort(hub, kind="stable")
    for who in np.split(account[order], np.flatnonzero(np.diff(hub[order])) + 1):
        if len(who) < 2:
            continue
        days = np.abs(graph.began[who, None] - graph.began[None, who])
        apart = np.abs(volume[who, None] - volume[None, who])
        both = np.where(np.isnan(days), FAR, days)
        np.fill_diagonal(both, FAR)
        np.fill_diagonal(apart, FAR)
        time_gap[who] = np.minimum(time_gap[who], both.min(axis=1))
        volume_gap[who] = np.minimum(volume_gap[who], apart.min(axis=1))
        met[who] += len(who) - 1
        near[who] += ((both < 2 * DAY) & (apart < 6 * ALIKE)).sum(axis=1)
    return {
        "hub_time_gap": time_gap,
        "hub_volume_gap": volume_gap,
        "hub_met": np.minimum(met, 50),
        "hub_near": np.minimum(near, 10),
    }


def _twins(graph: Graph) -> Floats:
    """How many accounts anywhere began within two hours and moved the same volume within five percent."""
    volume = np.log(np.maximum(graph.volume_usdt, 1e-6))
    order = np.argsort(graph.began, kind="stable")  # NaN last
    known = int(np.count_nonzero(~np.isnan(graph.began)))
    began, moved = graph.began[order][:known], volume[order][:known]
    first = np.searchsorted(began, began - TWO_HOURS)
    after = np.searchsorted(began, began + TWO_HOURS, "right")
    twins = np.zeros(graph.accounts)
    for at, (low, high) in enumerate(zip(first.tolist(), after.tolist(), strict=True)):
        twins[order[at]] = np.count_nonzero(np.abs(moved[low:high] - moved[at]) < ALIKE) - 1
    return twins


def kinds_of(names: Sequence[Any]) -> tuple[tuple[str, ...], Numbers]:
    """Names as numbers: the different ones in order, and which each is; −1 where there is none."""
    different = tuple(sorted({str(name) for name in names if name is not None}))
    number = {name: at for at, name in enumerate(different)}
    return different, np.array([-1 if name is None else number[str(name)] for name in names], np.int64)
