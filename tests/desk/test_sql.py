"""The SQL page: an analyst asks, looks, keeps; nobody else finds it, and nobody sees more than their columns."""

import csv
import io
import re
from datetime import date

import openpyxl
import pytest
from django.urls import reverse

from springtide.cycle import statements as running
from springtide.desk import statements
from springtide.home import sql
from springtide.home.definitions import published
from springtide.home.sql import AnswerColumn, SqlAnswer
from springtide.operations.members.models import AuditRow, Member
from springtide.operations.statements.models import StatementRun
from tests.desk.pages import text_of
from tests.desk.shown_home import HOSTILE

USERS = "select user_id, country from users order by user_id limit 5"


class Inline:
    """A thread that does its work at once: the test's own transaction sees what it wrote."""

    def __init__(self, target, args, **_more):
        self.work = lambda: target(*args)

    def start(self):
        self.work()

    def join(self, _seconds):
        pass


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(running, "Thread", Inline)
    monkeypatch.setattr("django.db.connection.close", lambda: None)


@pytest.fixture
def analyst(browser_of, serves, shown_home):
    serves(shown_home)
    return browser_of("analyst")


def ran(browser, statement):
    """The page with the answer to a statement."""
    response = browser.post(reverse("run_sql"), {"statement": statement})
    assert response.status_code == 302
    return browser.get(response.headers["Location"])


def answer_in(response):
    """The part of the page below the editor."""
    return text_of(response).split('id="answer"')[1].split('id="queries')[0]


def number():
    return StatementRun.objects.latest("pk").pk


def test_a_statement_is_answered_on_the_page(analyst):
    said = text_of(ran(analyst, "select count(*) as everybody from users"))
    assert "everybody" in said
    assert '<td class="figure">400</td>' in said
    assert "1 row" in said
    assert StatementRun.objects.get().state == "done"


def test_as_a_fragment_the_answer_comes_with_its_address(analyst):
    response = analyst.post(reverse("run_sql"), {"statement": USERS}, headers={"HX-Request": "true"})
    assert response.headers["HX-Replace-Url"] == f"/sql/?run={number()}"
    assert "<html" not in text_of(response)


def test_while_it_runs_its_place_asks_again(analyst, monkeypatch):
    monkeypatch.setattr(Inline, "start", lambda self: None)
    said = text_of(analyst.post(reverse("run_sql"), {"statement": USERS}, headers={"HX-Request": "true"}))
    assert f'hx-get="/sql/runs/{number()}/" hx-trigger="every 1s"' in said
    assert "<progress" in said


def test_a_user_opens_and_a_hostile_id_stays_text(analyst):
    said = text_of(ran(analyst, "select user_id from users order by registered_at limit 3"))
    assert "/users/one/?user=" in said
    assert HOSTILE.replace("'", "&#x27;") in said


def test_a_figure_by_day_becomes_a_line_and_by_name_bars(analyst):
    line = text_of(ran(analyst, "select day, count(*) as traders from active_days group by day order by day desc"))
    assert 'data-chart="lines"' in line
    assert 'data-chart="stacks"' in text_of(ran(analyst, "select country, count(*) as users from users group by country"))
    assert "data-chart" not in text_of(ran(analyst, USERS))


def test_what_cannot_run_is_told_with_its_place(analyst):
    said = text_of(ran(analyst, "select user_id,\n  cuntry\nfrom users"))
    assert 'role="alert"' in said
    assert "cuntry" in said
    assert "LINE 2" in said
    assert StatementRun.objects.get().error["code"] == "bad_statement"


def test_who_tried_what_is_on_record(analyst):
    ran(analyst, "copy users to '/tmp/x'")
    begin, end = AuditRow.objects.filter(subject=f"statement {number()}").order_by("number")
    assert (begin.action, end.becomes, end.details["code"]) == ("begin_statement", "refused", "bad_statement")


@pytest.mark.parametrize("role", ["operator", "manager", "approver", "qc_reviewer", "admin", "collaborator"])
def test_nobody_else_has_the_page(role, browser_of, serves, shown_home):
    serves(shown_home)
    browser = browser_of(role, **({"department": "risk"} if role == "collaborator" else {}))
    assert browser.get("/sql/").status_code == 403
    assert browser.post("/sql/run/", {"statement": "select 1"}).status_code == 403
    assert 'href="/sql/"' not in text_of(browser.get("/account/"))


def test_a_manager_with_the_right_has_it(browser_of, serves, shown_home):
    serves(shown_home)
    assert "400" in text_of(ran(browser_of("manager", granted_rights=["use_sql"]), "select count(*) as n from users"))


def test_an_analyst_without_money_gets_the_row_without_the_column(analyst):
    said = text_of(ran(analyst, "select * from balances limit 5"))
    assert "balances.usdt" in said
    assert "USDT" in said
    refused = text_of(ran(analyst, "select usdt from balances"))
    assert "balances.usdt is not open to you." in refused


def test_an_analyst_with_the_right_sees_money(browser_of, serves, shown_home):
    serves(shown_home)
    browser = browser_of("analyst", granted_rights=["see_money"])
    assert "not open to you" not in answer_in(ran(browser, "select sum(usdt) as usdt from balances"))


def test_who_lost_a_right_does_not_see_what_it_showed(browser_of, serves, shown_home):
    serves(shown_home)
    browser = browser_of("analyst", granted_rights=["see_money", "export_users"])
    ran(browser, "select sum(usdt) as usdt from balances")
    Member.objects.update(granted_rights=["export_users"])
    said = answer_in(browser.get(f"/sql/?run={number()}"))
    assert "no longer have" in said
    assert "<tbody>" not in said
    assert browser.post(f"/sql/runs/{number()}/export/csv/").status_code == 403


def test_the_run_of_somebody_else_is_not_found(analyst, browser_of):
    ran(analyst, USERS)
    other = browser_of("manager", granted_rights=["use_sql"])
    for address in (f"/sql/?run={number()}", f"/sql/runs/{number()}/"):
        assert other.get(address).status_code == 404
    assert other.post(f"/sql/runs/{number()}/export/csv/").status_code == 404


def test_every_query_that_ships_stands_on_the_page_and_loads(analyst):
    said = text_of(analyst.get("/sql/"))
    assert all(query.title("en").replace("'", "&#x27;") in said for query in sql.saved_queries())
    assert "count(distinct user_id) as traders" in text_of(analyst.get("/sql/?saved=markets"))


def test_in_chinese_the_queries_speak_chinese(analyst):
    Member.objects.update(language="zh-hans")
    assert "各生命周期的用户数" in text_of(analyst.get("/sql/"))


def test_the_tables_say_what_is_open(analyst):
    said = text_of(analyst.get("/sql/"))
    assert 'data-inserts="spot_trades"' in said
    assert "notional_usdt, fee_usdt" in said


def test_a_file_has_every_row_and_the_audit_chain_knows(browser_of, serves, shown_home):
    serves(shown_home)
    browser = browser_of("analyst", granted_rights=["export_users"])
    ran(browser, "select user_id, country from users order by registered_at, user_id")
    content = b"".join(browser.post(f"/sql/runs/{number()}/export/csv/").streaming_content)
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert (head, len(rows)) == (["user_id", "country"], 400)
    assert f"'{HOSTILE}" in {row[0] for row in rows}
    book = openpyxl.load_workbook(io.BytesIO(b"".join(browser.post(f"/sql/runs/{number()}/export/xlsx/").streaming_content)))
    assert book["Rows"].max_row == 401
    assert book["About"]["B1"].value.startswith("select user_id")
    row = AuditRow.objects.filter(action="export_users").latest("number")
    assert (row.subject, row.details["users"], row.details["form"]) == (f"statement {number()}", 400, "xlsx")


def test_without_the_right_to_export_there_is_no_file(analyst):
    said = text_of(ran(analyst, USERS))
    assert "/export/csv/" not in said
    assert analyst.post(f"/sql/runs/{number()}/export/csv/").status_code == 403


def test_rows_that_are_no_longer_kept_are_said_to_be_so(analyst, shown_home):
    ran(analyst, USERS)
    (shown_home.path / sql.FOLDER / "answers" / f"{number()}.jsonl").unlink()
    assert "no longer kept" in text_of(analyst.get(f"/sql/?run={number()}"))


def test_a_query_is_saved_for_oneself_and_shared(analyst, browser_of, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        analyst.post("/sql/queries/", {"title": "My users", "statement": USERS})
    assert "My users" in text_of(analyst.get("/sql/"))
    assert "order by user_id limit 5" in text_of(analyst.get("/sql/?query=analyst.my_users"))
    other = browser_of("manager", granted_rights=["use_sql"])
    assert "My users" not in text_of(other.get("/sql/"))
    with django_capture_on_commit_callbacks(execute=True):
        analyst.post("/sql/queries/", {"title": "My users", "statement": USERS, "is_shared": "1"})
    assert "My users" in text_of(other.get("/sql/"))
    assert other.post("/sql/queries/analyst.my_users/forget/").status_code == 302
    assert "My users" in text_of(analyst.get("/sql/"))
    with django_capture_on_commit_callbacks(execute=True):
        analyst.post("/sql/queries/analyst.my_users/forget/")
    assert "My users" not in text_of(analyst.get("/sql/"))


def test_what_cannot_run_is_not_saved(analyst):
    said = text_of(analyst.post("/sql/queries/", {"title": "Bad", "statement": "drop table users"}, follow=True))
    assert "This is not a query." in said


def test_users_of_an_answer_are_kept_as_a_list(analyst, shown_home, django_capture_on_commit_callbacks):
    said = text_of(ran(analyst, "select user_id from profiles where country = 'SG'"))
    found = int(re.search(r"Keep these (\d+) users as a list", said)[1])
    with django_capture_on_commit_callbacks(execute=True):
        answer = analyst.post(f"/sql/runs/{number()}/segment/", {"title": "From Singapore"}, follow=True)
    assert f"The list “From Singapore” has {found} users." in text_of(answer)
    assert published(shown_home.path, "id_list")["from_singapore"].body["ids"] == found
    again = text_of(analyst.post(f"/sql/runs/{number()}/segment/", {"title": "From Singapore!"}, follow=True))
    assert "meanwhile" in again
    (shown_home.path / "definitions" / "id_list" / "from_singapore.yml").unlink()


def test_an_answer_without_users_is_no_list(analyst):
    said = text_of(ran(analyst, "select count(*) as n from users"))
    assert "/segment/" not in said
    assert "no column user_id" in text_of(analyst.post(f"/sql/runs/{number()}/segment/", {"title": "x"}, follow=True))


# The picture


def picture(columns, rows):
    return statements.chart_of(SqlAnswer(tuple(AnswerColumn(*column) for column in columns), rows))


def test_three_columns_are_a_label_a_series_and_a_figure():
    kind, data = picture(
        [("month", "DATE"), ("channel", "VARCHAR"), ("users", "BIGINT")],
        [(date(2026, 3, 1), "b", 2), (date(2026, 3, 2), "a", 3), (date(2026, 3, 2), "b", 4)],
    )
    assert kind == "lines"
    assert data["series"] == [{"name": "b", "values": [2.0, 4.0]}, {"name": "a", "values": [None, 3.0]}]


def test_columns_of_different_units_are_not_drawn_together():
    _, data = picture(
        [("day", "DATE"), ("users", "BIGINT"), ("share_percent", "DOUBLE"), ("traders", "BIGINT")],
        [(date(2026, 3, n), n, 0.5, n * 2) for n in (1, 2)],
    )
    assert [each["name"] for each in data["series"]] == ["users", "traders"]


def test_many_series_are_the_largest_and_the_rest():
    rows = [(day, f"c{n}", n) for day in ("mon", "tue") for n in range(20)]
    _, data = picture([("day", "VARCHAR"), ("name", "VARCHAR"), ("n", "INTEGER")], rows)
    assert [each["name"] for each in data["series"]] == [*(f"c{n}" for n in range(19, 12, -1)), "others"]
    assert data["series"][-1]["values"] == [sum(range(13))] * 2


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ([("n", "BIGINT")], [(1,), (2,)]),
        ([("a", "VARCHAR"), ("b", "VARCHAR")], [("x", "y"), ("z", "w")]),
        ([("a", "VARCHAR"), ("n", "BIGINT")], [("x", 1), ("x", 2)]),
        ([("a", "VARCHAR"), ("n", "BIGINT")], [("x", 1)]),
        ([("a", "VARCHAR"), ("n", "BIGINT")], [(str(n), n) for n in range(100)]),
    ],
)  # fmt: skip
def test_what_makes_no_picture_is_only_a_table(columns, rows):
    assert picture(columns, rows) == ("", None)
