"""SQL over the API: a statement is answered in pages under the member's rights, recorded, and stopped where the console stops it."""

import pytest

from springtide.cycle import statements as running
from springtide.home import Home
from springtide.home.sql import saved_queries
from springtide.operations.members import states
from springtide.operations.members.models import AuditRow
from springtide.operations.statements.models import StatementRun
from tests.desk.test_sql import Inline

JSON = {"content_type": "application/json"}
USERS = "select user_id, registered_at from users order by user_id"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(running, "Thread", Inline)
    monkeypatch.setattr("django.db.connection.close", lambda: None)


@pytest.fixture
def analyst(program_of, serves, small_home):
    serves(small_home)
    return program_of("analyst")


def test_a_statement_is_answered_in_pages_that_cover_it_once(analyst, small_home):
    told = analyst.post("sql", {"statement": USERS, "limit": 50}, **JSON)
    assert (analyst.status, told["state"], told["total"]) == (200, "done", 120)
    rows = told["rows"]
    while told["next_offset"]:
        told = analyst.get(f"sql/runs/{told['number']}", limit=50, offset=told["next_offset"])
        rows += told["rows"]
    assert rows == Home(small_home.path).sql(USERS).as_dict()["rows"]
    assert [column["name"] for column in told["columns"]] == ["user_id", "registered_at"]


def test_it_is_recorded_and_stands_among_the_members_runs(analyst):
    number = analyst.post("sql", {"statement": USERS}, **JSON)["number"]
    [run] = analyst.get("sql/runs")
    assert (run["number"], run["statement"], run["rows"]) == (number, USERS, None)
    assert AuditRow.objects.filter(action="begin_statement", subject=f"statement {number}").exists()


def test_while_it_runs_its_number_is_given(analyst, monkeypatch):
    monkeypatch.setattr(Inline, "start", lambda self: None)
    told = analyst.post("sql", {"statement": USERS, "wait": 0}, **JSON)
    assert (told["state"], told["rows"], told["total"]) == ("running", None, None)
    assert analyst.get(f"sql/runs/{told['number']}")["state"] == "running"
    analyst.post("sql", {"statement": USERS, "wait": 0}, **JSON)
    assert analyst.post("sql", {"statement": USERS, "wait": 0}, **JSON)["code"] == "too_many_running"
    assert analyst.status == 429


def test_a_role_sees_its_own_columns_and_is_told_which_are_left_out(analyst):
    tables = {table["name"]: table for table in analyst.get("sql/tables")}
    assert "notional_usdt" in tables["spot_trades"]["left_out"]
    told = analyst.post("sql", {"statement": "select * from spot_trades limit 1"}, **JSON)
    assert "notional_usdt" not in {column["name"] for column in told["columns"]}
    assert "spot_trades.notional_usdt" in told["left_out"]


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("select notional_usdt from spot_trades", 403, "column_not_open"),
        ("select * from links", 403, "table_not_open"),
        ("drop table users", 422, "bad_statement"),
        ("select 1; select 2", 422, "bad_statement"),
        ("select * from read_csv('/etc/passwd')", 422, "not_in_console"),
        ("select nothing from users", 422, "bad_statement"),
    ],
)
def test_what_cannot_run_is_refused_and_recorded(analyst, statement, status, code):
    told = analyst.post("sql", {"statement": statement}, **JSON)
    assert (analyst.status, told["code"]) == (status, code)
    assert StatementRun.objects.get().error["code"] == code


@pytest.mark.parametrize(
    "body", [{}, {"statement": USERS, "query": "markets"}, {"statement": ""}, {"statemnt": USERS}, {"query": "../x"}]
)
def test_what_does_not_say_what_to_run(analyst, body):
    assert analyst.post("sql", body, **JSON)["code"] == "bad_request"
    assert analyst.status == 422


def test_queries_that_ship_run_by_their_key(analyst):
    kept = {query["key"]: query for query in analyst.get("sql/queries")}
    assert kept.keys() == {query.key for query in saved_queries()}
    told = analyst.post("sql", {"query": "lifecycle_now"}, **JSON)
    assert (analyst.status, told["statement"]) == (200, kept["lifecycle_now"]["statement"])
    assert analyst.post("sql", {"query": "no_such"}, **JSON)["code"] == "unknown_definition"
    assert analyst.status == 404


def test_a_query_is_kept_shared_and_forgotten(analyst, program_of):
    kept = analyst.post("sql/queries", {"title": "My users", "statement": USERS}, **JSON)
    assert (kept["key"], kept["is_own"], kept["is_shared"]) == ("analyst.my_users", True, False)
    other = program_of("manager", granted_rights=["use_sql"])
    assert other.post("sql", {"query": kept["key"]}, **JSON)["code"] == "unknown_definition"
    analyst.post("sql/queries", {"title": "My users", "statement": USERS, "is_shared": True}, **JSON)
    assert other.post("sql", {"query": kept["key"]}, **JSON)["total"] == 120
    assert other.delete(f"sql/queries/{kept['key']}")["code"] == "not_allowed"
    assert analyst.delete(f"sql/queries/{kept['key']}")["key"] == kept["key"]
    assert kept["key"] not in {query["key"] for query in analyst.get("sql/queries")}


def test_what_cannot_run_is_not_kept(analyst):
    assert analyst.post("sql/queries", {"title": "Bad", "statement": "drop table users"}, **JSON)["code"] == "bad_statement"
    assert analyst.status == 422


def test_anothers_run_is_not_there(analyst, program_of):
    number = analyst.post("sql", {"statement": USERS}, **JSON)["number"]
    other = program_of("manager", granted_rights=["use_sql"])
    assert other.get(f"sql/runs/{number}")["code"] == "unknown_statement"
    assert other.status == 404


@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_ask(program_of, serves, small_home, role):
    serves(small_home)
    program = program_of(role)
    for address in ("sql/tables", "sql/runs", "sql/queries"):
        program.get(address)
        assert program.status == (200 if role == "analyst" else 403)
