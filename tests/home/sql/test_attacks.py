"""The SQL console against people who want more than its tables: three doors, each of which holds alone."""

from __future__ import annotations

import json
import subprocess
import time
from io import BytesIO
from pathlib import Path

import pytest

from springtide.home import sql
from springtide.home.sql import sandbox
from springtide.home.sql.console import _given
from springtide.home.sql.sandbox import Limits, job_of, run_apart
from springtide.home.sql.statement import Statement
from springtide.kernel.errors import BadInput, SpringtideError
from tests.home.sql.attacks import ATTACKS, BOMBS, COLUMNS, GIVES_NOTHING_CLOSED

SECRET = "what-no-table-reads"
# Figures and texts of the small home that need a right.
CLOSED = ("123456", "777.125", "60000.125", "75000", "hash-of", "sanctions", "SG-MAS")
DOORS = Path(__file__).with_name("doors.py")
SMALL = Limits(rows=100, seconds=2, cpu_seconds=4, memory_mb=256, answer_mb=2)


@pytest.fixture
def ground(small_home, tmp_path):
    """Fills in what an attack aims at: a secret file, the lake's own file, a folder to write into."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    [profile] = small_home.lake.snapshot().files("profiles", since=small_home.lake.snapshot().closed_through)
    aims = {"{secret}": str(secret), "{lake}": str(profile), "{folder}": str(tmp_path)}

    def aimed(statement):
        for word, path in aims.items():
            statement = statement.replace(word, path)
        return statement

    yield aimed
    assert [path.name for path in tmp_path.iterdir()] == ["secret.txt"]


def given(home, *tables, rights=frozenset()):
    """The views and files that a statement over these tables gets."""
    with home.reading() as (engine, snapshot):
        return _given(engine, snapshot, home.path / sql.FOLDER / "files", Statement("", tables), rights)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_reader_of_statements_refuses(name, small_home, ground):
    with pytest.raises(BadInput) as refused:
        sql.check(ground(ATTACKS[name]))
    assert refused.value.code in ("bad_statement", "unknown_table", "not_in_console")
    assert refused.value.hint


def test_there_are_sixty_attacks_and_more():
    assert len(ATTACKS) + len(COLUMNS) + len(BOMBS) >= 60
    assert len(set(ATTACKS.values())) == len(ATTACKS)


def test_the_engines_own_parser_and_the_locked_engine_refuse_too(small_home, ground, engine_python):
    shown = given(small_home, "users", "profiles")
    job = job_of("", views=shown.views, files=shown.files, tables=["users", "profiles"], limits=Limits(seconds=60))
    short = {name: ground(text) for name, text in ATTACKS.items() if "2000000000" not in text and len(text) < 100_000}
    told = subprocess.run(
        [engine_python, "-I", "-B", DOORS, sandbox.CHILD.parent],
        input=json.dumps(job | {"statements": short}).encode(),
        capture_output=True,
        timeout=120,
        cwd="/",
        env={},
    )
    assert told.returncode == 0, told.stderr.decode()
    said = json.loads(told.stdout)
    let_in = {name for name, (read, _) in said.items() if read == "let in"}
    # What the second reader lets in asks for nothing but numbers and its own tables; the first one keeps the console simple.
    harmless = {
        "a thousand minus signs", "a thousand parentheses", "a type of one's own", "nothing", "a parameter", "a question mark",
        "a null character",
    }  # fmt: skip
    assert let_in <= harmless
    gave = {name: gave for name, (_, gave) in said.items()}
    assert not [name for name, rows in gave.items() if SECRET in rows or "123456789000" in rows]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_is_not_open_is_told_so(name, small_home):
    with pytest.raises(BadInput) as refused:
        sql.answer(small_home, COLUMNS[name], rights=frozenset())
    assert refused.value.code in ("column_not_open", "table_not_open", "bad_statement")


@pytest.mark.parametrize("name", COLUMNS)
def test_with_the_rights_the_same_statement_runs(name, small_home):
    sql.answer(small_home, COLUMNS[name])


@pytest.mark.parametrize("name", GIVES_NOTHING_CLOSED)
def test_what_runs_gives_nothing_that_is_closed(name, small_home, ground):
    told = sql.answer(small_home, ground(GIVES_NOTHING_CLOSED[name]), rights=frozenset())
    assert told.rows
    assert not [word for word in (*CLOSED, SECRET) if word in str(told.as_list())]


def test_no_file_that_somebody_without_rights_is_given_holds_what_is_closed(small_home):
    tables = [name for name, table in sql.shown_tables().items() if table.open_to(frozenset())]
    with small_home.engine() as engine:
        for path in given(small_home, *tables).files:
            engine.view("held", [path], ())
            assert not [word for word in CLOSED if word in str(engine.rows("select * from held").values)], path


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_bounded_time_with_a_plain_error(name, small_home, engine_python):
    shown = given(small_home, "users")
    # A child whose reader lets everything in: only the limits of the process hold.
    started = time.monotonic()
    with pytest.raises(SpringtideError) as refused:
        run_apart(
            BOMBS[name], views=shown.views, files=shown.files, tables=["users"], limits=SMALL, out=BytesIO(),
            python=engine_python, child=DOORS.with_name("unread.py"),
        )  # fmt: skip
    assert refused.value.code in ("took_too_long", "too_much_memory", "bad_statement")
    assert time.monotonic() - started < SMALL.seconds + 3


def test_an_answer_without_an_end_is_cut_at_its_rows(small_home):
    told = sql.answer(small_home, "select a.range from range(1000000) a, range(1000000) b", limits=SMALL)
    assert (len(told.rows), told.has_more) == (100, True)


def test_an_answer_that_is_too_large_is_refused(small_home):
    wide = ", ".join(f"md5(cast(range as varchar)) as c{n}" for n in range(300))
    with pytest.raises(BadInput, match="larger than 2 MB") as refused:
        sql.answer(small_home, f"select {wide} from range(100000)", limits=Limits(rows=100_000, seconds=10, answer_mb=2))
    assert refused.value.code == "answer_too_large"


def test_a_long_value_is_cut_and_says_so(small_home):
    text = "select string_agg('word', ' ') as words from range(10000)"
    [(words,)] = sql.answer(small_home, text, limits=Limits(cell=100)).rows
    assert words == ("word " * 20) + "…"
