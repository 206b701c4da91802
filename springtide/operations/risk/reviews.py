"""From what the gates said of an audience to the cases that somebody must decide: one for each user, or one for a whole cluster."""

from __future__ import annotations

from typing import Any

from springtide.analytics.engine import Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight.tables import CLUSTERS, RISK_EVIDENCE
from springtide.analytics.lake import Snapshot
from springtide.operations.risk.actions import NewCase
from springtide.operations.risk.gates import gates_now
from springtide.operations.risk.states import MOST_IN_A_CASE

_SHOWN = tuple(column.name for column in RISK_EVIDENCE if column.name != "user_no")


def reviews(engine: Engine, snapshot: Snapshot, judged: str) -> list[NewCase]:
    """The cases that a table of JUDGED asks for. Where a gate about linked accounts asks, the whole cluster is looked at together.

    A reason that no person may clear makes no case: what the matrix restricts waits for the matrix, not for somebody to look at each user.
    """
    for table, schema in (("users", fact_schema("users")), ("risk_evidence", RISK_EVIDENCE), ("clusters", CLUSTERS)):
        snapshot.attach(engine, table, schema)
    asked = engine.rows(
        f"select u.user_id, j.reasons, {', '.join(f'e.{name}' for name in _SHOWN)} from {judged} as j"
        " inner join users as u on j.user_no = u.user_no left join risk_evidence as e on j.user_no = e.user_no"
        " where j.verdict = 'review' order by u.user_id"
    ).dicts()
    of_clusters = {clause.code for gate in gates_now() if gate.key == "linked" for clause in gate.clauses}
    clearable = {clause.code for gate in gates_now() if gate.is_cleared_by_decision for clause in gate.clauses}
    holds = {clause.code for gate in gates_now() for clause in gate.clauses if clause.verdict == "hold"}
    cases: dict[str, NewCase] = {}
    members = _members(engine, {row["cluster_no"] for row in asked if of_clusters & set(row["reasons"].split(","))})
    for row in asked:
        user, cluster = row.pop("user_id"), row["cluster_no"]
        codes = tuple(code for code in row.pop("reasons").split(",") if code in clearable)
        if not codes:
            continue
        users = members.get(cluster, ()) if of_clusters & set(codes) else ()
        subject = f"cluster {cluster}" if users else f"user {user}"
        before = cases.get(subject)
        evidence = {**(before.evidence if before else {"users": {}})}
        evidence["users"] = evidence["users"] | {user: _worth_saying(row)}
        both = tuple(dict.fromkeys([*(before.codes if before else ()), *codes]))
        cases[subject] = NewCase(subject, users or (user,), both, bool(holds & set(both)), evidence)
    return list(cases.values())


def _members(engine: Engine, clusters: set[int | None]) -> dict[int, tuple[str, ...]]:
    wanted = sorted(no for no in clusters if no is not None)
    engine.table("clusters_asked", CLUSTERS[1:2], [(no,) for no in wanted])
    told = engine.rows(
        "select c.cluster_no, u.user_id from clusters as c inner join clusters_asked as a on c.cluster_no = a.cluster_no"
        " inner join users as u on c.user_no = u.user_no order by c.cluster_no, u.user_id"
    ).values
    found: dict[int, list[str]] = {}
    for cluster, user in told:
        found.setdefault(cluster, []).append(user)
    return {cluster: tuple(users) for cluster, users in found.items() if 1 < len(users) <= MOST_IN_A_CASE}


def _worth_saying(row: dict[str, Any]) -> dict[str, Any]:
    """What speaks against the user, without all that does not."""
    return {name: value for name, value in row.items() if value}
