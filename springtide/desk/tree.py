"""The metric tree as the page shows it: every node with its figure, its change and what opens it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from springtide.analytics.metrics.served import BY_KEY, TREE, MetricTree, TreeNode
from springtide.desk import figures, metrics, words
from springtide.home import Home
from springtide.kernel.days import Period, period_start
from springtide.kernel.errors import UnknownName, suggest

ROOTS = tuple(branch.key for branch in TREE)
# Parts of growth accounting have no page of their own; a question about the same days opens their users.
STATES = {"new_traders": "new", "retained_traders": "returning", "resurrected_traders": "resurrecting"}


@dataclass(frozen=True)
class Node:
    """A metric where it stands in the tree, with those that it is made of. `address`: its page; `opens`: its users."""

    name: str
    sign: str
    depth: int
    value: str
    was: str
    unit: str
    change: str
    tone: str
    reason: str
    address: str
    opens: Mapping[str, str] | None
    children: tuple[Node, ...]

    def rows(self) -> Iterator[Node]:
        """The node and all below it, as a table has them."""
        yield self
        for child in self.children:
            yield from child.rows()


def last_whole(latest: date, period: Period, first: date) -> date:
    """The last closed day of the last period that is over; where none is, the last closed day."""
    start = period_start(latest + timedelta(days=1), period)
    return start - timedelta(days=1) if start > first else latest


def trees(home: Home, root: str, period: Period, on: date) -> tuple[MetricTree, MetricTree | None]:
    """The tree of the period in which a day lies, and that of the period before; null where that is not known.

    refuses    unknown_metric, unknown_period, not_closed
    """
    if root not in ROOTS:
        raise UnknownName(f"'{root}' is made of no other metrics.", suggest(root, ROOTS), code="unknown_metric")
    now = home.metric_tree(root, period=period, on=on)
    before = period_start(now.since, period) - timedelta(days=1)
    known = home.lake.snapshot().manifest.closed
    return now, home.metric_tree(root, period=period, on=before) if str(before) in known else None


def shown(now: MetricTree, before: MetricTree | None) -> Node:
    """The root, with everything below it."""
    was = {(row.key, row.parent): row for row in before.rows} if before else {}

    def node(row: TreeNode) -> Node:
        earlier = was.get((row.key, row.parent))
        asked = BY_KEY.get(row.key)
        change, tone = metrics.change_of(
            row.unit, asked.better if asked else "up", row.value, earlier.value if earlier else None
        )
        return Node(
            name=words.metric(row.key),
            sign=row.sign or "",
            depth=row.depth,
            value=metrics.amount(row.unit, row.value),
            was=metrics.amount(row.unit, earlier.value if earlier else None),
            unit=str(metrics.UNITS[row.unit]) if row.unit in metrics.UNITS else row.unit,
            change=change,
            tone=tone,
            reason=words.reason(row.reason) if row.reason else "",
            address=reverse("metric", args=[row.key]) if asked else "",
            opens=_opens(row, now) if row.value else None,
            children=tuple(node(child) for child in now.children(row.key)),
        )

    return node(now.rows[0])


def sentence(root: Node, now: MetricTree) -> str:
    """The answer first."""
    when = figures.period(now.since, now.period)
    when = _("the week of %(day)s") % {"day": when} if now.period == "week" else when
    said = _("%(metric)s: %(value)s %(unit)s in %(period)s") % {
        "metric": root.name, "value": root.value, "unit": root.unit, "period": when,
    }  # fmt: skip
    return said + " " + _("(%(change)s against the period before)") % {"change": root.change} if root.change else said


def _opens(row: TreeNode, tree: MetricTree) -> Mapping[str, str]:
    if row.key not in STATES:
        return metrics.behind(row.key, tree.since, tree.until, tree.period)
    activity = {"event": ["traded_spot", "traded_contracts"]}
    days = {"date_from": str(tree.since), "date_to": str(tree.until)}
    question = {"kind": "lifecycle", "activity": activity, "period": tree.period, **days}
    return {"question": json.dumps(question), "open": json.dumps({"period": str(tree.since), "state": STATES[row.key]})}
