"""Asking the gates: one pass over a table of users, and one user with every reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from springtide.analytics.daybook.spec import given, unknown_columns
from springtide.analytics.daybook.tables import PROFILES, USER_DAYS
from springtide.analytics.engine import Column, Engine, Schema, definition
from springtide.analytics.facts import fact_schema
from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.gates import DECIDED, Clause, Gate, Verdict
from springtide.analytics.foresight.matrix import MATRIX, Matrix
from springtide.analytics.foresight.tables import CHANNEL_VALUES, RISK_DAYS, RISK_EVIDENCE
from springtide.analytics.lake import Manifest, Snapshot
from springtide.analytics.rules import Why
from springtide.kernel.errors import NothingYet
from springtide.kernel.money import micro

PACKAGE: Final = "springtide.analytics.foresight"
GATE_QUERY: Final = definition(PACKAGE, "gate_columns")
JUDGED: Schema = (
    Column("user_no", "integer", False, "the user's number"),
    Column("verdict", "varchar", False, "allow, review or deny"),
    Column(
        "reasons",
        "varchar",
        False,
        "codes in the order of the gates, parted by commas; empty where nothing speaks against the user",
    ),
)
LIVE_FLAGS: Schema = (Column("user_no", "integer", False), Column("kind", "varchar", False))
DECISIONS: Schema = (Column("user_no", "integer", False), Column("code", "varchar", False))
LOCKS: Schema = (Column("user_no", "integer", False), Column("has_cashed_out", "boolean"))
TASKS: Schema = (Column("user_no", "integer", False), Column("volume_usdt", "bigint"), Column("excluded_usdt", "bigint"))


@dataclass(frozen=True)
class Policy:
    """What is asked: the gates and the matrix in force, and what people have said since the last close.

    live_flags    (user_no, kind): restrictions that hold now
    decisions     (user_no, code): reasons that somebody looked into and cleared; `decided` for a denial that somebody spoke
    """

    gates: Sequence[Gate]
    matrix: Matrix
    live_flags: Sequence[tuple[int, str]] = ()
    decisions: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True)
class GateAnswer:
    """What one gate says of one user: its codes, and how each clause came out."""

    gate: Gate
    verdict: Verdict
    codes: tuple[str, ...]
    reasons: tuple[tuple[Clause, Why], ...]


def judge(
    engine: Engine, snapshot: Snapshot, policy: Policy, *, users_table: str, benefit: Benefit, as_of: date, into: str = "judged"
) -> str:
    """Ask every gate that concerns the benefit, of every user of `users_table`, in one pass; the name of the table of JUDGED.

    `users_table` has user_no, once each; where it has them, also `amount_usdt` (what each would get; else the benefit's) and
    `promised_usdt` (granted or promised in the last 30 days, and not in the lake yet). `as_of` is the day on which it happens: it
    decides which rows of the matrix hold. The evidence is that of the last close. Tables that a gate reads stay attached.

    refuses    nothing_closed    no day was closed yet
               no_evidence       the last close left no evidence
    """
    params = _ready(engine, snapshot, policy, users_table, benefit, as_of)
    gates = [gate for gate in policy.gates if gate.concerns(benefit)]
    engine.make(into, judging_query(gates, {code for _, code in policy.decisions}), **params)
    return into


def answers(
    engine: Engine, snapshot: Snapshot, policy: Policy, *, user_no: int, benefit: Benefit, as_of: date, promised_usdt: int = 0
) -> tuple[GateAnswer, ...]:
    """What every gate that concerns the benefit says of one user, reckoned in Python from the row that `judge` would see."""
    engine.table("one_user", (Column("user_no", "integer"), Column("promised_usdt", "bigint")), [(user_no, promised_usdt)])
    params = _ready(engine, snapshot, policy, "one_user", benefit, as_of)
    [row] = engine.rows(GATE_QUERY.text, **params).dicts()
    cleared = {code for user, code in policy.decisions if user == user_no}
    return tuple(answer(gate, row, cleared) for gate in policy.gates if gate.concerns(benefit))


def answer(gate: Gate, row: Mapping[str, Any], cleared: Iterable[str] = ()) -> GateAnswer:
    """What one gate says of a row of GATE_COLUMNS."""
    held = [(clause, clause.rule.why(row)) for clause in gate.clauses]
    passes = set(cleared) if gate.is_cleared_by_decision else set()
    fired = [clause for clause, why in held if why.holds and clause.code not in passes]
    codes, verdicts = [clause.code for clause in fired], {clause.verdict for clause in fired}
    if "deny" not in verdicts and any(why.holds is None for _, why in held) and gate.unknown != "allow":
        codes.append(_unknown_code(gate, held, row))
        verdicts.add("deny" if gate.unknown == "deny" else "review")
    verdict: Verdict = "deny" if "deny" in verdicts else "review" if verdicts else "allow"
    return GateAnswer(gate, verdict, tuple(codes), tuple(held))


def together(answered: Iterable[GateAnswer], cleared: Iterable[str] = ()) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict of all gates and their codes; a person's denial stands before them."""
    told = list(answered)
    codes = [*((DECIDED,) if DECIDED in cleared else ()), *(code for each in told for code in each.codes)]
    verdicts = {each.verdict for each in told}
    if DECIDED in codes or "deny" in verdicts:
        return "deny", tuple(codes)
    return "review" if "review" in verdicts else "allow", tuple(codes)


def judging_query(gates: Sequence[Gate], decided: Iterable[str] = (), *, asked: str = GATE_QUERY.text) -> str:
    """The query of JUDGED over the tables of gate_columns.sql, and `decisions` where codes were `decided`.

    `asked`: another query of GATE_COLUMNS.
    """
    decided = set(decided)
    said = [_InSql(gate, decided) for gate in gates]
    looked_at = [*([DECIDED] if DECIDED in decided else []), *(code for each in said for code in each.passed)]
    person = [f"coalesce(l.looked_{DECIDED}, false) as fires_{DECIDED}"] if DECIDED in decided else []
    columns = list(dict.fromkeys(column for gate in gates for column in gate.needs))
    steps = [
        f"asked as (\n{asked})",
        f"held as (select user_no{_listed(columns)}{_listed(column for each in said for column in each.holds)} from asked)",
    ]
    if looked_at:
        looks = _listed(f"bool_or(code = '{code}') as looked_{code}" for code in looked_at)
        steps.append(f"looked as (select user_no{looks} from decisions group by user_no)")
    named = [*columns, *(f"holds_{clause.code}" for gate in gates for clause in gate.clauses)]
    fired = [*person, *(column for each in said for column in each.fires)]
    join = "left join looked as l on h.user_no = l.user_no" if looked_at else ""
    steps.append(f"fired as (select h.user_no{_listed(f'h.{name}' for name in named)}{_listed(fired)} from held as h {join})")
    denies = [*([f"fires_{DECIDED}"] if person else []), *(name for each in said for name in each.names("deny"))]
    reviews = [name for each in said for name in each.names("review")]
    texts = [
        *([f"case when fires_{DECIDED} then ' {DECIDED}' else '' end"] if person else []),
        *(t for e in said for t in e.texts),
    ]
    return (
        f"with {', '.join(steps)}\n"
        f"select user_no, case when {' or '.join(denies) or 'false'} then 'deny' when {' or '.join(reviews) or 'false'} then 'review'"
        f" else 'allow' end as verdict, replace(trim({' || '.join(texts) or repr('')}), ' ', ',') as reasons\nfrom fired"
    )


class _InSql:
    """One gate in SQL: `holds_<code>` is what a rule says, `fires_<code>` that it counts, `unknown_<gate>` that the gate cannot be told."""

    def __init__(self, gate: Gate, decided: Collection[str]) -> None:
        self.gate = gate
        self.passed = [each.code for each in gate.clauses if gate.is_cleared_by_decision and each.code in decided]

    @property
    def holds(self) -> list[str]:
        return [f"{clause.rule.sql()} as holds_{clause.code}" for clause in self.gate.clauses]

    @property
    def fires(self) -> list[str]:
        told = [f"{self._counts(clause)} as fires_{clause.code}" for clause in self.gate.clauses]
        if self.gate.unknown == "allow":
            return told
        is_open = " or ".join(f"h.holds_{clause.code} is null" for clause in self.gate.clauses)
        denied = " or ".join(self._counts(clause) for clause in self.gate.clauses if clause.verdict == "deny")
        return [*told, f"({is_open}){f' and not ({denied})' if denied else ''} as unknown_{self.gate.key}"]

    def _counts(self, clause: Clause) -> str:
        unless = f" and not coalesce(l.looked_{clause.code}, false)" if clause.code in self.passed else ""
        return f"(coalesce(h.holds_{clause.code}, false){unless})"

    def names(self, verdict: Verdict) -> list[str]:
        """The columns that speak for a verdict."""
        told = [f"fires_{each.code}" for each in self.gate.clauses if (each.verdict == "deny") is (verdict == "deny")]
        return [*told, f"unknown_{self.gate.key}"] if self.gate.unknown == verdict else told

    @property
    def texts(self) -> list[str]:
        """What each column that fired adds to the reasons."""
        told = [f"case when fires_{each.code} then ' {each.code}' else '' end" for each in self.gate.clauses]
        if self.gate.unknown == "allow":
            return told
        blamed = " ".join(
            f"when holds_{clause.code} is null and {column} is null then ' unknown_{column}'"
            for clause in self.gate.clauses
            for column in self.gate.blames(clause)
        )
        return [*told, f"case when unknown_{self.gate.key} then case {blamed} else ' unknown_{self.gate.key}' end else '' end"]


def _unknown_code(gate: Gate, held: Sequence[tuple[Clause, Why]], row: Mapping[str, Any]) -> str:
    is_open = (column for clause, why in held if why.holds is None for column in gate.blames(clause))
    return f"unknown_{next((column for column in is_open if row[column] is None), gate.key)}"


def _listed(expressions: Iterable[str]) -> str:
    return "".join(f", {expression}" for expression in expressions)


def _ready(
    engine: Engine, snapshot: Snapshot, policy: Policy, users_table: str, benefit: Benefit, as_of: date
) -> dict[str, Any]:
    """Everything that gate_columns.sql reads, attached or made; its parameters."""
    through = snapshot.require_closed()
    if "risk" not in snapshot.manifest.notes:
        raise NothingYet("The last close left no evidence of risk.", "Close again: springtide close", code="no_evidence")
    has = set(engine.rows(f"select * from {users_table} where false").columns)
    amount = "amount_usdt" if "amount_usdt" in has else "$amount_usdt"
    promised = "promised_usdt" if "promised_usdt" in has else "cast(0 as bigint)"
    engine.make(
        "audience",
        f"select user_no, cast({amount} as bigint) as amount_usdt, {promised} as promised_usdt from {users_table}",
        amount_usdt=micro(benefit.amount_usdt),
    )
    snapshot.attach(engine, "users", fact_schema("users"))
    snapshot.attach(engine, "profiles", PROFILES, since=through, until=through)
    snapshot.attach(engine, "risk_evidence", RISK_EVIDENCE)
    snapshot.attach(engine, "channel_values", CHANNEL_VALUES)
    engine.table("live_flags", LIVE_FLAGS, policy.live_flags)
    engine.table("decisions", DECISIONS, policy.decisions)
    engine.table("matrix", MATRIX, policy.matrix.table(benefit.instrument, on=as_of))
    _lock(engine, snapshot, benefit)
    _task(engine, snapshot, benefit)
    return {
        "kyc_minimum": policy.matrix.minimum_kyc[benefit.instrument],
        "task_minimum_usdt": micro(benefit.task.minimum_usdt) if benefit.task else 0,
        **known_inputs(snapshot.manifest),
    }


def _lock(engine: Engine, snapshot: Snapshot, benefit: Benefit) -> None:
    engine.table("locks", LOCKS, ())
    if (lock := benefit.lock) is not None and benefit.moment == "payout":
        snapshot.attach(engine, "user_days", USER_DAYS, since=lock.since, until=lock.until)
        params = {"since": lock.since, "until": lock.until, "qualifying_usdt": micro(lock.qualifying_usdt)}
        engine.make("locks", definition(PACKAGE, "locks").text, **params)


def _task(engine: Engine, snapshot: Snapshot, benefit: Benefit) -> None:
    engine.table("tasks", TASKS, ())
    if (task := benefit.task) is not None and benefit.moment == "payout":
        for table, schema in (("user_days", USER_DAYS), ("risk_days", RISK_DAYS)):
            snapshot.attach(engine, table, schema, since=task.since, until=task.until)
        engine.make("tasks", definition(PACKAGE, "tasks").text, since=task.since, until=task.until)


def known_inputs(manifest: Manifest) -> dict[str, bool]:
    """Which kinds of evidence are known at all: the parameters of gate_columns.sql by what was given."""
    tables, unknown = given(manifest), unknown_columns(manifest)

    def knows(table: str, column: str | None = None) -> bool:
        return table in tables and column not in unknown.get(table, set())

    trades = [table for table in ("spot_trades", "contract_trades", "given_user_days") if table in tables]
    return {
        "knows_restrictions": knows("restrictions"),
        "knows_kyc": knows("users", "kyc_level"),
        "knows_consent": knows("users", "marketing_consent"),
        "knows_links": knows("links"),
        "knows_referrals": knows("referrals"),
        "knows_counterparties": any(table != "given_user_days" and knows(table, "counterparty_user_id") for table in trades),
        "knows_liquidations": knows("contract_trades"),
        "knows_losses": knows("contract_trades", "realised_pnl_usdt"),
        "knows_leverage": knows("contract_trades", "leverage"),
        "knows_transfers": knows("transfers"),
        "knows_rewards": knows("reward_entries") or "given_user_days" in tables,
        "knows_revenue": any(knows(table, "fees_usdt" if table == "given_user_days" else "fee_usdt") for table in trades),
    }
