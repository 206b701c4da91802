"""Tokens on the account page, and the address from which Excel reads a list."""

import html
import re

import pytest
from django.test import Client

from springtide.operations.members.models import AuditRow, Token
from tests.desk.pages import text_of
from tests.desk.test_export import table, users


def secret_of(response):
    return html.unescape(re.search(r"<pre tabindex=\"0\">(.*?)</pre>", text_of(response))[1])


@pytest.fixture
def address(manager):
    return secret_of(manager.post("/users/list/address/?lifecycle=repeat&country=SG")).removeprefix("http://testserver")


def test_a_token_is_made_shown_once_listed_and_revoked(manager):
    response = manager.post("/account/tokens/", {"name": "notebook", "days": "30", "right": ["see_overview", "see_users"]})
    secret = secret_of(response)
    assert secret.startswith("spt_")
    assert response.headers["Cache-Control"] == "private, no-store"
    page = text_of(manager.get("/account/"))
    assert "notebook" in page
    assert "2 rights" in page
    assert secret not in page
    manager.post(f"/account/tokens/{Token.objects.get().pk}/revoke/")
    assert "You have no token." in text_of(manager.get("/account/"))


def test_a_token_that_cannot_be_made_says_why(manager):
    manager.post("/account/tokens/", {"name": "", "days": "30"})
    assert "A token needs a name" in text_of(manager.get("/account/"))
    manager.post("/account/tokens/", {"name": "n", "right": "approve_plans"})
    assert "No token carries" in text_of(manager.get("/account/"))
    assert not Token.objects.exists()


def test_somebody_elses_token_is_not_there(manager, browser_of):
    manager.post("/account/tokens/", {"name": "notebook", "days": "30"})
    assert browser_of("analyst").post(f"/account/tokens/{Token.objects.get().pk}/revoke/").status_code == 404


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_excel_reads_the_list_from_its_address_without_signing_in(manager, address, form):
    response = Client().get(address.replace("users.csv", f"users.{form}"))
    head, *body = table(response)
    assert len(body) == users(manager, "lifecycle=repeat&country=SG") > 0
    assert "Net revenue, 90 days" in head
    row = AuditRow.objects.latest("number")
    assert (row.action, row.acting.username, row.details["form"]) == ("export_users", "manager", form)
    assert row.details["by_token"] == Token.objects.get().pk


def test_an_address_opens_its_own_list_and_nothing_else(manager, address):
    again = Client().get(f"{address}?lifecycle=vip&country=")
    assert len(table(again)) - 1 == users(manager, "lifecycle=repeat&country=SG")
    assert Client().get("/users/list/", headers={"Authorization": f"Bearer {address.split('/')[2]}"}).status_code == 302


def test_columns_its_maker_may_not_see_are_not_in_it(browser_of, serves, shown_home):
    serves(shown_home)
    analyst = browser_of("analyst", granted_rights=["export_users"])
    address = secret_of(analyst.post("/users/list/address/?lifecycle=repeat"))
    [head, *_] = table(Client().get(address))
    assert "Net revenue, 90 days" not in head
    assert AuditRow.objects.latest("number").details["left_out"] == ["Volume, 30 days", "Net revenue, 90 days", "Assets"]


@pytest.mark.parametrize("role", ["analyst", "operator", "qc_reviewer", "approver", "collaborator", "admin"])
def test_without_the_right_there_is_no_address(browser_of, serves, shown_home, role):
    serves(shown_home)
    assert browser_of(role).post("/users/list/address/").status_code == 403
    assert not Token.objects.exists()


def test_an_operator_who_may_export_still_has_no_lists_of_everybody(browser_of, serves, shown_home):
    serves(shown_home)
    operator = browser_of("operator", granted_rights=["export_users"])
    assert operator.post("/users/list/export/csv/").status_code == 403
    assert operator.post("/users/list/address/").status_code == 403


def test_a_revoked_a_wrong_and_a_guessing_address_get_two_lines_of_text(manager, address):
    manager.post(f"/account/tokens/{Token.objects.get().pk}/revoke/")
    response = Client().get(address)
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert text_of(response).startswith("This token does not work any more.\nMake a new one")
    for _ in range(20):
        assert Client().get("/lists/spl_wrong/users.csv").status_code == 404
    assert Client().get("/lists/spl_wrong/users.csv").status_code == 429


def test_the_form_of_a_list_is_one_we_know(address):
    assert Client().get(address.replace("users.csv", "users.pdf")).status_code == 400


def test_a_token_is_not_written_to_the_log():
    import logging

    from springtide.desk.logs import WithoutSecrets

    record = logging.LogRecord("django.request", 30, "f", 1, "Not Found: %s", ("/lists/spl_" + "x" * 43 + "/users.csv",), None)
    assert WithoutSecrets().filter(record)
    assert record.getMessage() == "Not Found: /lists/spl_…/users.csv"


def test_signing_out_everywhere_else_keeps_this_browser_in(manager):
    from springtide.operations.members.models import Member

    other = Client()
    other.force_login(Member.objects.get())
    assert other.get("/").status_code == 200
    manager.post("/account/elsewhere/")
    assert manager.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_signing_in_takes_a_new_session_so_that_a_planted_one_opens_nothing(member_of, serves, shown_home):
    from tests.desk.conftest import PASSWORD

    serves(shown_home)
    member_of("manager")
    browser = Client()
    browser.session.save()
    planted = str(browser.session.session_key)
    browser.cookies["springtide_session"] = planted
    browser.post("/sign-in/", {"username": "manager", "password": PASSWORD})
    assert browser.cookies["springtide_session"].value != planted
    stranger = Client()
    stranger.cookies["springtide_session"] = planted
    assert stranger.get("/").status_code == 302
