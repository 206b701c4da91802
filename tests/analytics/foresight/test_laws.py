"""Whatever is known of a user, the gates say the same in SQL and in Python, and what is not known never helps."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from springtide.analytics.engine import DuckEngine
from springtide.analytics.engine.dialect import lint
from springtide.analytics.foresight.benefit import INSTRUMENTS, REWARDS, Benefit
from springtide.analytics.foresight.gates import DECIDED, Gate, shipped_gates, unknown_columns
from springtide.analytics.foresight.judging import DECISIONS, answer, judging_query, together
from springtide.analytics.foresight.tables import GATE_COLUMNS

GATES = shipped_gates()
STRICT = [gate for gate in GATES if gate.unknown == "deny"]
CODES = [clause.code for gate in GATES for clause in gate.clauses]
RANK = {"allow": 0, "review": 1, "deny": 2}
VALUES = {
    "boolean": st.booleans(),
    "integer": st.integers(0, 70),
    "bigint": st.sampled_from([0, 1, 2, 5, 100, 2_000_000, 900_000_000]),
    "double": st.sampled_from([0.0, 0.5, 0.95, 1.0]),
    "varchar": st.sampled_from(["none", "restricted", "allowed", "deny", "review", "retail", "employee", "VN"]),
}
ROWS = st.fixed_dictionaries(
    {
        column.name: VALUES[column.type] if column.name == "user_no" else st.none() | VALUES[column.type]
        for column in GATE_COLUMNS
    }
)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine(memory_limit="256MB", threads=1)
    yield engine
    engine.close()


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=40), decided=st.lists(st.sampled_from([*CODES, DECIDED]), max_size=4))
def test_sql_and_python_say_the_same(engine, rows, decided):
    rows = [row | {"user_no": number} for number, row in enumerate(rows)]
    decisions = [(number, code) for number, code in enumerate(decided) if number < len(rows)]
    engine.table("given", GATE_COLUMNS, [tuple(row[column.name] for column in GATE_COLUMNS) for row in rows])
    engine.table("decisions", DECISIONS, decisions)
    query = judging_query(GATES, {code for _, code in decisions}, asked="select * from given")
    told = {user: (verdict, reasons) for user, verdict, reasons in engine.rows(query).values}
    for row in rows:
        cleared = {code for user, code in decisions if user == row["user_no"]}
        verdict, codes = together([answer(gate, row, cleared) for gate in GATES], cleared)
        assert told[row["user_no"]] == (verdict, ",".join(codes))


@given(row=ROWS, column=st.sampled_from([column.name for column in GATE_COLUMNS if column.name != "user_no"]))
def test_to_know_less_of_a_user_never_gets_them_more(row, column):
    known = together(answer(gate, row) for gate in STRICT)[0]
    less = together(answer(gate, row | {column: None}) for gate in STRICT)[0]
    assert RANK[less] >= RANK[known]


def test_only_the_gate_that_leaves_volume_out_lets_pass_what_it_cannot_tell():
    assert [gate.key for gate in GATES if gate not in STRICT] == ["wash"]


@pytest.mark.parametrize("gate", STRICT, ids=lambda gate: gate.key)
def test_where_nothing_is_known_each_gate_denies_and_says_what_to_mend(gate: Gate):
    nothing = dict.fromkeys(column.name for column in GATE_COLUMNS)
    told = answer(gate, nothing)
    assert told.verdict == "deny"
    [code] = told.codes
    assert code.removeprefix("unknown_") in unknown_columns()


@pytest.mark.parametrize("decided", [(), (DECIDED, "linked_few")])
def test_the_query_keeps_the_rules_of_the_dialect(decided):
    assert not lint(judging_query(GATES, decided))


@pytest.mark.parametrize("kind", REWARDS)
@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_every_reward_is_asked_about_by_the_gates_that_concern_it(kind, instrument):
    asked = {gate.key for gate in GATES if gate.concerns(Benefit(kind, instrument, Decimal(5)))}
    without = {"cash_out"} | (set() if instrument in ("perpetual", "dated", "option") else {"harm"})
    assert asked == {gate.key for gate in GATES} - without


def test_a_message_is_asked_about_by_three_gates():
    assert [gate.key for gate in GATES if gate.concerns(Benefit())] == ["restriction", "account", "consent"]
