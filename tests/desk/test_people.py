"""Admin pages: members are proposed by one and approved by another, who signs in again; the audit chain is read."""

import html
import re

import pytest
from django.test import Client

from springtide.operations.members.actions import create_member
from springtide.operations.members.models import Approval, Member
from tests.desk.conftest import PASSWORD
from tests.desk.pages import text_of
from tests.desk.shown_home import MADE_AT

INVITED = {"username": "lin", "display_name": "Lin", "role": "analyst", "right": ["export_users"], "language": "en"}
CHOSEN = {"new": "another tide, 4 boats", "again": "another tide, 4 boats"}


@pytest.fixture
def approver(browser_of, manager):
    return browser_of("approver")


def link_of(response):
    return html.unescape(re.search(r'<pre tabindex="0">http://testserver(.*?)</pre>', text_of(response))[1])


def answer(browser, *, say="approve", password=PASSWORD, note="", seen=None):
    asked = Approval.objects.latest("pk")
    form = {"seen": seen or asked.content_hash, "answer": say, "password": password, "note": note}
    return browser.post(f"/approvals/{asked.pk}/", form)


def test_somebody_is_invited_approved_and_comes_in(manager, approver):
    link = link_of(manager.post("/admin/members/invite/", INVITED))
    stranger = Client()
    assert "waits for its approval" in text_of(stranger.get(link))
    page = text_of(approver.get("/approvals/"))
    assert "lin: analyst" in page
    seen = text_of(approver.get(f"/approvals/{Approval.objects.get().pk}/"))
    assert "export_users" in seen
    assert answer(approver).headers["Location"] == "/approvals/"
    assert "Your user name is lin" in text_of(stranger.get(link))
    assert stranger.post(link, CHOSEN).headers["Location"] == "/sign-in/"
    assert stranger.post("/sign-in/", {"username": "lin", "password": CHOSEN["new"]}).status_code == 302
    assert stranger.get("/users/").status_code == 200
    assert Client().get(link).status_code == 404


def test_a_role_changes_at_the_moment_it_is_approved(manager, approver, member_of):
    operator = member_of("operator")
    manager.post(f"/admin/members/{operator.pk}/role/", {"role": "collaborator", "department": "risk"})
    page = " ".join(re.sub(r"<[^>]+>", " ", text_of(approver.get(f"/approvals/{Approval.objects.get().pk}/"))).split())
    assert "Role operator collaborator" in page
    assert "Department – risk" in page
    answer(approver)
    changed = Member.objects.get(pk=operator.pk)
    assert (changed.role, changed.department) == ("collaborator", "risk")


def test_a_yes_needs_the_password_again_and_guessing_it_costs_time(manager, approver):
    manager.post("/admin/members/invite/", INVITED)
    assert answer(approver, password="not it").status_code == 400
    assert Approval.objects.get().state == "open"
    for _ in range(4):
        answer(approver, password="not it")
    assert answer(approver).status_code == 429
    assert Approval.objects.get().state == "open"


def test_who_asked_sees_why_they_may_not_answer(manager, approver):
    manager.post("/admin/members/invite/", INVITED)
    number = Approval.objects.get().pk
    assert "Your password" not in text_of(manager.get(f"/approvals/{number}/"))
    assert answer(manager).status_code == 400
    assert Approval.objects.get().state == "open"


def test_what_was_seen_is_what_is_approved(manager, approver):
    manager.post("/admin/members/invite/", INVITED)
    response = answer(approver, seen="something else")
    assert response.status_code == 400
    assert "changed, or answered, since you saw it" in text_of(response)


def test_it_is_sent_back_with_a_word_and_taken_back_by_who_asked(manager, approver):
    manager.post("/admin/members/invite/", INVITED)
    assert "Say why it goes back" in text_of(answer(approver, say="return"))
    answer(approver, say="return", note="Who is this?")
    assert "sent back" in text_of(manager.get("/approvals/"))
    assert "Who is this?" in text_of(manager.get(f"/approvals/{Approval.objects.get().pk}/"))
    manager.post("/admin/members/invite/", {**INVITED, "username": "wei"})
    manager.post(f"/approvals/{Approval.objects.latest('pk').pk}/take-back/")
    assert Approval.objects.latest("pk").state == "void"


def test_an_approval_is_not_there_for_who_has_nothing_to_do_with_it(manager, approver, browser_of):
    manager.post("/admin/members/invite/", INVITED)
    assert browser_of("analyst").get(f"/approvals/{Approval.objects.get().pk}/").status_code == 404


def test_an_invitation_that_cannot_be_says_why(manager, approver):
    manager.post("/admin/members/invite/", {**INVITED, "role": "manger"})
    assert "Did you mean &#x27;manager&#x27;?" in text_of(manager.get("/admin/members/"))
    assert not Approval.objects.exists()


def test_an_admin_switches_a_member_off_and_their_session_ends(browser_of, serves, shown_home):
    serves(shown_home)
    analyst, admin = browser_of("analyst"), browser_of("admin")
    assert analyst.get("/").status_code == 200
    admin.post(f"/admin/members/{Member.objects.get(role='analyst').pk}/off/")
    assert analyst.get("/").status_code == 302
    assert "switched off" in text_of(admin.get("/admin/members/"))


@pytest.mark.parametrize(
    ("address", "roles"),
    [
        ("/admin/members/", {"manager", "approver", "admin"}),
        ("/admin/schedules/", {"manager", "analyst", "admin"}),
        ("/admin/audit/", {"manager", "operator", "analyst", "qc_reviewer", "approver", "collaborator", "admin"}),
    ],
)
def test_who_may_open_it_and_for_whom_it_stands_in_the_side_bar(browser_of, serves, shown_home, address, roles):
    serves(shown_home)
    for role in ("manager", "operator", "analyst", "qc_reviewer", "approver", "collaborator", "admin"):
        browser = browser_of(role)
        assert browser.get(address).status_code == (200 if role in roles else 403), role
        side = text_of(browser.get("/account/")).split("<nav")[1].split("</nav>")[0]
        assert (f'href="{address}' in side) is (role in roles), role


POSTS = {
    "/admin/members/invite/": {"manager", "admin"},
    "/admin/members/1/role/": {"manager", "admin"},
    "/admin/members/1/off/": {"admin"},
    "/admin/schedules/change/": {"manager", "admin"},
    "/admin/jobs/1/again/": {"manager", "admin"},
}


@pytest.mark.parametrize("address", POSTS)
def test_who_may_not_change_it(browser_of, serves, shown_home, address):
    serves(shown_home)
    for role in ("manager", "operator", "analyst", "qc_reviewer", "approver", "collaborator", "admin"):
        assert (browser_of(role).post(address).status_code == 403) is (role not in POSTS[address]), role


def test_everybody_reads_their_own_rows_and_some_everybodys(manager, browser_of):
    manager.post("/account/language/", {"language": "en"})
    operator = browser_of("operator")
    operator.post("/account/language/", {"language": "en"})
    own = text_of(operator.get("/admin/audit/"))
    assert "What you did yourself." in own
    assert "member operator" in own
    assert "member manager" not in own
    everybody = text_of(browser_of("admin").get("/admin/audit/"))
    assert "member operator" in everybody
    assert "member manager" in everybody
    assert "The audit chain is whole" in everybody


def test_the_chain_is_searched_and_turned_page_by_page(manager):
    for n in range(60):
        create_member(username=f"member{n}", display_name="", role="operator", password=PASSWORD, now=MADE_AT)
    assert "Page 1 of 2" in text_of(manager.get("/admin/audit/"))
    found = text_of(manager.get("/admin/audit/", {"search": "member59"}))
    assert "member member59" in found
    assert "member member58" not in found
    assert manager.get("/admin/audit/?page=0").status_code == 400
