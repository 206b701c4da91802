"""Lists as files: every row, ids as text, hostile text as text, and the audit chain knows."""

import csv
import io
import re

import openpyxl
import pytest

from springtide.operations.members.models import AuditRow
from tests.desk.pages import text_of
from tests.desk.shown_home import HOSTILE, LONG_ID


def table(response):
    """The rows of an exported file."""
    content = b"".join(response.streaming_content)
    if "csv" in response.headers["Content-Type"]:
        assert content.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[cell.value for cell in row] for row in book["Users"].iter_rows()]


def users(manager, query=""):
    return int(re.search(r"<h2>([\d,]+) users?</h2>", text_of(manager.get(f"/users/list/?{query}")))[1].replace(",", ""))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_file_has_exactly_the_users_of_the_list(manager, form):
    response = manager.post(f"/users/list/export/{form}/?lifecycle=repeat&country=SG")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="springtide-lifecycle-repeat-trader')
    head, *body = table(response)
    assert head[0] == "User"
    assert len(body) == users(manager, "lifecycle=repeat&country=SG") > 0
    assert {row[head.index("Country")] for row in body} == {"SG"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_long_id_keeps_every_digit(manager, form):
    [_, row] = table(manager.post(f"/users/list/export/{form}/?user={LONG_ID}"))
    assert row[0] == LONG_ID


def test_a_hostile_id_is_text_in_excel(manager):
    response = manager.post("/users/list/export/xlsx/?" + "user=%3Dcmd%7C%27%20%2FC%20calc%27!A0")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    cell = book["Users"]["A2"]
    assert (cell.value, cell.data_type) == (HOSTILE, "s")


def test_a_hostile_id_cannot_come_alive_in_csv(manager):
    [_, row] = table(manager.post("/users/list/export/csv/?" + "user=%3Dcmd%7C%27%20%2FC%20calc%27!A0"))
    assert row[0] == f"'{HOSTILE}"


def test_figures_are_figures_in_excel_and_plain_in_csv(manager):
    head, *body = table(manager.post("/users/list/export/xlsx/?lifecycle=repeat"))
    assert all(isinstance(row[head.index("Net revenue, 90 days")], int | float) for row in body)
    assert body[0][head.index("Registered")].year in (2025, 2026)
    head, *body = table(manager.post("/users/list/export/csv/?lifecycle=repeat"))
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", row[head.index("Net revenue, 90 days")]) for row in body)


def test_the_workbook_says_what_it_is(manager):
    response = manager.post("/users/list/export/xlsx/?lifecycle=repeat")
    about = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))["About this list"]
    said = {row[0].value: row[1].value for row in about.iter_rows()}
    assert said["List"] == "Lifecycle: Repeat trader"
    assert said["As of"] == "2026-03-31"
    assert said["Users"] == f"{users(manager, 'lifecycle=repeat')}"


def test_who_exports_is_in_the_audit_chain_with_what_and_how_many(manager):
    manager.post("/users/list/export/csv/?lifecycle=repeat")
    row = AuditRow.objects.latest("number")
    assert (row.action, row.subject, row.acting.username) == ("export_users", "Lifecycle: Repeat trader", "manager")
    assert row.details["users"] == users(manager, "lifecycle=repeat")
    assert row.details["form"] == "csv"
    assert row.details["asked"] == {"lifecycle": "repeat"}


def test_columns_a_member_may_not_see_are_not_in_the_file_and_the_audit_row_says_so(browser_of, serves, shown_home):
    serves(shown_home)
    analyst = browser_of("analyst", granted_rights=["export_users"])
    [head, *_] = table(analyst.post("/users/list/export/csv/"))
    assert "Net revenue, 90 days" not in head
    assert AuditRow.objects.latest("number").details["left_out"] == ["Volume, 30 days", "Net revenue, 90 days", "Assets"]


@pytest.mark.parametrize("role", ["analyst", "operator", "qc_reviewer", "approver", "collaborator", "admin"])
def test_without_the_right_nothing_leaves_the_house(browser_of, serves, shown_home, role):
    serves(shown_home)
    assert browser_of(role).post("/users/list/export/csv/").status_code == 403
    assert not AuditRow.objects.filter(action="export_users").exists()


def test_the_button_is_shown_to_those_who_may(manager, browser_of):
    assert "/users/list/export/csv/" in text_of(manager.get("/users/list/"))
    assert "/users/list/export/" not in text_of(browser_of("analyst").get("/users/list/"))


def test_an_export_is_asked_for_by_post_and_in_a_form_we_know(manager):
    assert manager.get("/users/list/export/csv/").status_code == 405
    assert manager.post("/users/list/export/pdf/").status_code == 400


def test_a_list_too_long_for_a_sheet_is_refused_with_a_way_out(manager, monkeypatch):
    from springtide.desk import exports

    monkeypatch.setitem(exports.MOST, "xlsx", 10)
    response = manager.post("/users/list/export/xlsx/")
    assert response.status_code == 400
    assert "Export as CSV" in text_of(response)
    assert not AuditRow.objects.filter(action="export_users").exists()
