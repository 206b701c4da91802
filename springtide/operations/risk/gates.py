"""The gates as they stand now: those in force, with live flags and what people decided since the last close."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from springtide.analytics.daybook.tables import PROFILE_TYPES, PROFILES
from springtide.analytics.engine import Column, Engine
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight import judging
from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.gates import DECIDED, Gate, gates_in_force, shipped_gates
from springtide.analytics.foresight.hits import Hits, count_hits
from springtide.analytics.foresight.judging import GateAnswer, Policy, known_inputs
from springtide.analytics.foresight.matrix import Matrix, matrix_of, shipped_matrix
from springtide.analytics.foresight.tables import RESTRICTIONS
from springtide.analytics.lake import Snapshot
from springtide.analytics.rules import Rule
from springtide.home.definitions import published
from springtide.kernel.errors import UnknownName
from springtide.operations.risk.models import Decision, Flag

AT_ONCE = 500  # ids in one query of the database
_NAMED = (Column("user_id", "varchar", False), Column("word", "varchar"))


@dataclass(frozen=True)
class Verdict:
    """What the gates say of a user, and the codes of the reasons in the order of the gates."""

    says: str  # allow, review or deny
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explained:
    """The verdict of one user, and what each gate that concerns the benefit says, clause by clause."""

    verdict: Verdict
    gates: tuple[GateAnswer, ...]


def judged(
    engine: Engine, snapshot: Snapshot, *, users_table: str, benefit: Benefit, as_of: date, now: datetime, into: str = "judged"
) -> str:
    """Ask every gate that concerns the benefit, of all users of a table, in one pass; see `springtide.analytics.foresight.judging.judge`.

    refuses    nothing_closed, no_evidence
    """
    policy = standing_policy(engine, snapshot, now=now)
    return judging.judge(engine, snapshot, policy, users_table=users_table, benefit=benefit, as_of=as_of, into=into)


def dry_run(
    engine: Engine,
    snapshot: Snapshot,
    *,
    benefit: Benefit,
    as_of: date,
    now: datetime,
    rule: str = "true",
    into: str = "judged",
) -> Hits:
    """What the gates would say of the users of the last close for whom a rule over their profiles holds, counted.

    refuses    nothing_closed, no_evidence, bad_rule, unknown_column, wrong_unit
    """
    through = snapshot.require_closed()
    snapshot.attach(engine, "profiles", PROFILES, since=through, until=through)
    asked = Rule.parse(rule, PROFILE_TYPES)
    engine.make("asked_by_rule", f"select user_no from profiles where is_counted and ({asked.sql()})")
    table = judged(engine, snapshot, users_table="asked_by_rule", benefit=benefit, as_of=as_of, now=now, into=into)
    gates = [gate for gate in gates_now() if gate.concerns(benefit)]
    return count_hits(engine, table, gates, known_inputs(snapshot.manifest))


def verdicts(
    engine: Engine, snapshot: Snapshot, user_ids: Collection[str], *, benefit: Benefit, as_of: date, now: datetime
) -> dict[str, Verdict]:
    """The same of users by their ids; who is not in the lake is denied."""
    _name(engine, snapshot, "asked_by_id", ((user, None) for user in dict.fromkeys(user_ids)))
    engine.make("asked_by_no", "select distinct user_no from asked_by_id where user_no is not null")
    table = judged(engine, snapshot, users_table="asked_by_no", benefit=benefit, as_of=as_of, now=now)
    told = engine.rows(
        f"select a.user_id, coalesce(j.verdict, 'deny') as verdict, coalesce(j.reasons, 'unknown_user_type') as reasons"
        f" from asked_by_id as a left join {table} as j on a.user_no = j.user_no"
    )
    return {user: Verdict(says, tuple(reasons.split(",")) if reasons else ()) for user, says, reasons in told.values}


def explained(engine: Engine, snapshot: Snapshot, user_id: str, *, benefit: Benefit, as_of: date, now: datetime) -> Explained:
    """What the gates say of one user, and why.

    refuses    unknown_user, nothing_closed, no_evidence
    """
    _name(engine, snapshot, "asked_by_id", [(user_id, None)])
    [[user_no]] = engine.rows("select user_no from asked_by_id").values
    if user_no is None:
        raise UnknownName(f"There is no user '{user_id}'.", "Look it up in the list of users.", code="unknown_user")
    policy = standing_policy(engine, snapshot, now=now, among=[user_id])
    answered = judging.answers(engine, snapshot, policy, user_no=user_no, benefit=benefit, as_of=as_of)
    return Explained(Verdict(*judging.together(answered, {code for _, code in policy.decisions})), answered)


def flagged(user_ids: Collection[str], *, benefit: Benefit, now: datetime) -> dict[str, Verdict]:
    """Users whom a live flag or a person's decision bars from the benefit at this moment; who is not named is not barred.

    It asks the operational database alone, at dispatch and at payout, and says nothing of what the lake knows: `judged` did.
    """
    ids = list(dict.fromkeys(user_ids))
    kinds: dict[str, set[str]] = {}
    decided: set[str] = set()
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        for user, kind in standing_flags(now).filter(user_id__in=some).values_list("user_id", "kind"):
            kinds.setdefault(user, set()).add(kind)
        decided |= set(standing_decisions(now).filter(user_id__in=some, code=DECIDED).values_list("user_id", flat=True))
    gates = [gate for gate in gates_now() if gate.concerns(benefit)]
    bars = [
        clause
        for gate in gates
        for clause in gate.clauses
        if clause.rule.columns and set(clause.rule.columns) <= set(RESTRICTIONS.values())
    ]
    found: dict[str, Verdict] = {}
    for user in (user for user in ids if user in kinds or user in decided):
        row = {column: kind in kinds.get(user, ()) for kind, column in RESTRICTIONS.items()}
        held = [clause for clause in bars if clause.rule.holds(row)]
        codes = (*((DECIDED,) if user in decided else ()), *(clause.code for clause in held))
        if codes:
            is_denied = user in decided or any(clause.verdict == "deny" for clause in held)
            found[user] = Verdict("deny" if is_denied else "review", codes)
    return found


def standing_policy(engine: Engine, snapshot: Snapshot, *, now: datetime, among: Collection[str] | None = None) -> Policy:
    """The gates and the matrix in force, with the flags and decisions that stand at `now`: of everybody, or `among` some ids."""
    flags, decisions = standing_flags(now), standing_decisions(now)
    if among is not None:
        flags, decisions = flags.filter(user_id__in=among), decisions.filter(user_id__in=among)
    return Policy(
        gates_now(),
        matrix_now(),
        live_flags=_numbered(engine, snapshot, "named_flags", flags.values_list("user_id", "kind")),
        decisions=_numbered(engine, snapshot, "named_decisions", decisions.values_list("user_id", "code")),
    )


def gates_now() -> tuple[Gate, ...]:
    """The gates in force: those that ship, with the home's own changes."""
    files = sorted((_home() / "definitions" / "gate").glob("*.yml"))
    return _gates(_home(), tuple((file.name, file.stat().st_mtime_ns) for file in files)) if files else shipped_gates()


def matrix_now() -> Matrix:
    """The matrix of compliance in force."""
    own = published(_home(), "risk_matrix").get("matrix")
    return matrix_of({**own.body, "version": own.version}) if own else shipped_matrix()


def standing_flags(now: datetime) -> QuerySet[Flag]:
    """The flags that hold at `now`."""
    return Flag.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), lifted_at=None, begins_at__lte=now)


def standing_decisions(now: datetime) -> QuerySet[Decision]:
    """What people said and still stands at `now`."""
    return Decision.objects.filter(is_over=False, until__gt=now)


def _numbered(engine: Engine, snapshot: Snapshot, name: str, told: Iterable[tuple[str, str]]) -> list[tuple[int, str]]:
    rows = list(told)
    if not rows:
        return []
    _name(engine, snapshot, name, rows)
    return [(no, word) for no, word in engine.rows(f"select user_no, word from {name} where user_no is not null").values]


def _name(engine: Engine, snapshot: Snapshot, name: str, rows: Iterable[tuple[str, str | None]]) -> None:
    """A table of (user_id, word, user_no): the master's number, null for an id that is not in the lake."""
    snapshot.attach(engine, "users", fact_schema("users"))
    engine.table(f"{name}_given", _NAMED, list(rows))
    engine.make(
        name,
        f"select g.user_id, g.word, u.master_no as user_no from {name}_given as g left join users as u on g.user_id = u.user_id",
    )


@lru_cache(maxsize=4)
def _gates(home: Path, stamps: tuple[tuple[str, int], ...]) -> tuple[Gate, ...]:
    """Read once for as long as no file changes."""
    return gates_in_force({key: {**one.body, "version": one.version} for key, one in published(home, "gate").items()})


def _home() -> Path:
    return Path(settings.SPRINGTIDE_HOME)
