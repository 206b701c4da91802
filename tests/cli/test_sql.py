"""`springtide sql`: the console's tables from a shell."""

import json

import openpyxl
import pytest

from springtide.home import sql
from tests.cli.conftest import ask, run
from tests.home.sql.conftest import small_home  # noqa: F401 – the same small exchange


@pytest.fixture
def home(small_home):  # noqa: F811
    return small_home.path


def test_a_statement_is_answered_as_a_table_and_as_json(home):
    statement = "select user_id, sum(notional_usdt) as volume_usdt from spot_trades group by all order by 2 desc limit 1"
    said = run("--home", home, "sql", statement).output
    assert "daily_trader" in said
    assert "120,000.25" in said
    told = ask("--home", home, "sql", statement)
    assert told["rows"] == [["daily_trader", "120000.250000"]]
    assert told["columns"][1] == {"name": "volume_usdt", "type": "DECIMAL(38,6)"}
    assert told["has_more"] is False


def test_rows_go_into_files(home, tmp_path):
    files = ["--csv", tmp_path / "a.csv", "--xlsx", tmp_path / "a.xlsx"]
    result = run("--home", home, "sql", "select user_id from users order by 1", *files)
    assert result.output == "Wrote 3 rows.\n"
    assert (tmp_path / "a.csv").read_text(encoding="utf-8-sig").split() == [
        "user_id",
        "daily_trader",
        "deposited_only",
        "gone_quiet",
    ]
    assert openpyxl.load_workbook(tmp_path / "a.xlsx")["Rows"]["A2"].value == "daily_trader"


def test_a_statement_can_come_from_a_file(home, tmp_path):
    (tmp_path / "q.sql").write_text("select count(*) as users from users", encoding="utf-8")
    assert ask("--home", home, "sql", "--file", tmp_path / "q.sql")["rows"] == [[3]]


def test_a_query_that_ships_runs_by_its_key(home):
    assert ask("--home", home, "sql", "--saved", "lifecycle_now")["columns"][0]["name"] == "lifecycle"


def test_queries_and_tables_are_listed(home):
    assert len(ask("--home", home, "sql", "--list")) == len(sql.saved_queries())
    [users] = ask("--home", home, "sql", "--tables", "users")
    assert {"name": "user_id", "type": "varchar"}.items() <= users["columns"][0].items()
    assert "spot_trades" in run("--home", home, "sql", "--tables").output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["copy users to 'x.csv'"], "bad_statement"),
        (["select * from usrs"], "unknown_table"),
        (["select * from read_text('/etc/hostname')"], "not_in_console"),
        (["--saved", "nothing"], "unknown_query"),
        (["--tables", "usrs"], "unknown_table"),
        ([], "bad_statement"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_told_with_a_next_step(home, words, code):
    result = run("--home", home, "sql", *words, "--json")
    error = json.loads(result.output)["error"]
    assert (result.exit_code, error["code"]) == (2, code)
    assert error["hint"]


def test_a_statement_that_takes_too_long_is_stopped(home):
    result = run(
        "--home", home, "sql", "select count(*) from range(1000000) a, range(1000000) b, users", "--seconds", 1, "--json"
    )
    assert json.loads(result.output)["error"]["code"] == "took_too_long"
