"""The door, one's own account, and what a page from elsewhere may not do."""

import pytest
from django.test import Client

from springtide.desk.serve import FIRST_SIGN_IN
from springtide.operations.members.models import AuditRow, Member
from tests.desk.conftest import PASSWORD
from tests.desk.pages import text_of


@pytest.fixture
def at_the_door(member_of, serves, shown_home):
    """A stranger's browser, and a member who exists."""
    serves(shown_home)
    member_of("manager")
    return Client()


def sign_in(browser, password=PASSWORD, username="manager", **more):
    return browser.post("/sign-in/", {"username": username, "password": password, **more})


def test_with_name_and_password_one_is_in_and_where_one_wanted_to_be(at_the_door):
    response = sign_in(at_the_door, next="/users/?country=SG")
    assert (response.status_code, response.url) == (302, "/users/?country=SG")
    assert at_the_door.get("/").status_code == 200
    assert AuditRow.objects.filter(action="sign_in").count() == 1


@pytest.mark.parametrize("there", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_the_door_leads_nowhere_but_inside(at_the_door, there):
    assert sign_in(at_the_door, next=there).url == "/"


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(at_the_door):
    wrong_password, wrong_name = sign_in(at_the_door, "not it"), sign_in(at_the_door, username="nobody")
    assert wrong_password.status_code == wrong_name.status_code == 401
    assert "do not go together" in text_of(wrong_password)
    assert text_of(wrong_password).replace("manager", "nobody").split("csrf")[0] == text_of(wrong_name).split("csrf")[0]


def test_guessing_costs_time_even_for_the_right_password(at_the_door):
    for _ in range(5):
        assert sign_in(at_the_door, "not it").status_code == 401
    response = sign_in(at_the_door)
    assert response.status_code == 429
    assert "Too many wrong passwords. Wait" in text_of(response)
    assert at_the_door.get("/").status_code == 302


def test_a_member_who_is_switched_off_stays_outside(at_the_door):
    Member.objects.update(is_active=False)
    assert sign_in(at_the_door).status_code == 401


def test_signing_out_ends_it_and_needs_a_post(manager):
    assert manager.get("/sign-out/").status_code == 405
    manager.post("/sign-out/")
    assert manager.get("/").status_code == 302


def test_a_new_password_keeps_this_browser_in_and_turns_the_others_out(at_the_door):
    other = Client()
    sign_in(at_the_door)
    sign_in(other)
    changed = {"old": PASSWORD, "new": "another tide, 4 boats", "again": "another tide, 4 boats"}
    assert at_the_door.post("/account/", changed).status_code == 302
    assert at_the_door.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_the_founders_password_is_forgotten_once_it_was_changed(manager, shown_home):
    path = shown_home.path / FIRST_SIGN_IN
    path.write_text("manager secret\n")
    manager.post("/account/", {"old": PASSWORD, "new": "another tide, 4 boats", "again": "another tide, 4 boats"})
    assert not path.exists()


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"old": "not it", "new": "another tide, 4 boats", "again": "another tide, 4 boats"}, "not your present password"),
        ({"old": PASSWORD, "new": "another tide, 4 boats", "again": "another"}, "The two new passwords differ."),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "too short"),
    ],
)
def test_a_password_that_cannot_be_changed_says_why(manager, form, says):
    response = manager.post("/account/", form)
    assert response.status_code == 400
    assert says in text_of(response)


def test_a_language_is_kept_for_the_member_and_the_page_stays(manager):
    response = manager.post("/account/language/", {"language": "zh-hans", "next": "/users/?country=SG"})
    assert response.url == "/users/?country=SG"
    page = manager.get("/users/")
    assert page.headers["Content-Language"] == "zh-hans"
    assert '<html lang="zh-Hans">' in text_of(page)
    assert "他们是谁" in text_of(page)
    assert manager.post("/account/language/", {"language": "fr"}).status_code == 400


def test_a_stranger_reads_the_door_in_the_browsers_language(client, db):
    assert "登录" in text_of(client.get("/sign-in/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}))
    assert "Sign in" in text_of(client.get("/sign-in/", headers={"Accept-Language": "fr"}))


FORMS = [
    "/sign-in/",
    "/sign-out/",
    "/account/",
    "/account/language/",
    "/account/elsewhere/",
    "/account/tokens/",
    "/account/tokens/1/revoke/",
    "/users/list/export/csv/",
    "/users/list/address/",
    "/admin/members/invite/",
    "/admin/schedules/change/",
    "/approvals/1/",
    "/join/spi_x/",
    "/data/close/",
    "/data/import/",
]


@pytest.mark.parametrize("address", FORMS)
def test_a_form_from_elsewhere_is_refused(member_of, serves, shown_home, address):
    serves(shown_home)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member_of("manager"))
    response = browser.post(address, {"language": "zh-hans"})
    assert response.status_code == 403
    assert "not sent from a page of ours" in text_of(response)


def test_every_page_says_what_it_may_load_and_who_may_keep_it(manager):
    headers = manager.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "private, no-store"


def test_cookies_are_not_for_scripts_nor_for_other_sites(at_the_door):
    session = sign_in(at_the_door).cookies["springtide_session"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_no_page_has_a_script_or_a_style_inside(manager):
    for address in ("/", "/users/", "/users/list/", "/data/", "/data/definitions/", "/data/import/", "/account/"):
        page = text_of(manager.get(address))
        inside = [part.split(">")[0] for part in page.split("<script")[1:] if "src=" not in part.split(">")[0]]
        assert all('type="application/json"' in attributes for attributes in inside)
        assert "<style" not in page
        assert " onclick=" not in page


def test_a_host_that_is_not_ours_is_not_answered(client, db):
    assert client.get("/sign-in/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_static_files_are_named_by_content_and_kept_for_a_year(client, db):
    page = text_of(client.get("/sign-in/"))
    address = page.split('href="/static/desk/springtide.css')[1].split('"')[0]
    assert address.startswith("?v=")
    response = client.get(f"/static/desk/springtide.css{address}")
    assert response.status_code == 200
    assert b"--accent" in b"".join(response.streaming_content)
    assert "max-age=31536000" in response.headers["Cache-Control"]
    response.close()
