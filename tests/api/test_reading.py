"""What the closed days say, over the API: the same as the home says, and the errors in one form."""

from datetime import date

import pytest
from django.test import Client

from springtide.home import Home
from springtide.operations.members import states
from springtide.operations.members.models import Member
from tests.api.conftest import Program

READING = ("strata", "moves", "growth", "states", "activation", "concentration", "market")


@pytest.mark.parametrize("name", READING)
def test_it_says_what_the_home_says(program, small_home, name):
    calls = {"states": "daily_states"}
    told = getattr(Home(small_home.path), calls.get(name, name))()
    assert program.get(name) == told.as_dict()
    assert program.status == 200


def test_a_question_is_passed_on(program, small_home):
    told = program.get("growth", unit="revenue", period="month", until="2026-03-31")
    assert told == Home(small_home.path).growth(unit="revenue", period="month", until=date(2026, 3, 31)).as_dict()
    assert all(isinstance(row["active"], str) and "." in row["active"] for row in told["rows"])


def test_freshness_says_until_when_everything_is_known(program):
    assert program.get("freshness")["closed_through"] == "2026-03-31"


def test_me_says_for_whom_the_token_speaks(program_of):
    assert program_of("analyst", "see_overview").get("me") == {
        "member": "analyst", "role": "analyst", "rights": ["see_overview"],
    }  # fmt: skip


@pytest.mark.parametrize("name", READING)
@pytest.mark.parametrize("role", states.ROLES)
def test_who_may_ask(program_of, serves, small_home, name, role):
    serves(small_home)
    program = program_of(role)
    told = program.get(name)
    expected = 403 if role in ("collaborator", "admin") else 200
    assert program.status == expected
    if expected == 403:
        assert (told["code"], told["message"]) == ("not_allowed", "This needs the right 'see_overview'.")


def test_a_token_opens_no_more_than_it_carries(program_of, serves, small_home):
    serves(small_home)
    program = program_of("manager", "see_data")
    program.get("freshness")
    assert program.status == 200
    program.get("strata")
    assert program.status == 403


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer spt_wrong"}, {"Authorization": "Basic bWFuYWdlcjpwdw=="}])
def test_a_stranger_is_told_to_bring_a_token(db, serves, small_home, header):
    serves(small_home)
    program = Program("")
    program.client.defaults |= {f"HTTP_{name.upper()}": value for name, value in header.items()}
    assert program.get("strata")["code"] == "bad_token"
    assert (program.status, program.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_session_of_the_console_opens_nothing(token_of, serves, small_home):
    serves(small_home)
    token_of("manager")
    client = Client()
    client.force_login(Member.objects.get())
    assert client.get("/api/v1/strata").status_code == 401


def test_an_address_that_guesses_must_wait(db, serves, small_home):
    serves(small_home)
    program = Program("spt_wrong")
    for _ in range(20):
        program.get("me")
        assert program.status == 401
    assert program.get("me")["code"] == "too_many_tries"
    assert program.status == 429


@pytest.mark.parametrize(
    ("address", "query", "status", "code"),
    [
        ("strata", {"on": "31.03.2026"}, 422, "bad_request"),
        ("strata", {"on": "2026-02-30"}, 422, "bad_request"),
        ("strata", {"on": "1969-12-31"}, 422, "bad_request"),
        ("strata", {"on": "2201-01-01"}, 422, "bad_request"),
        ("strata", {"on": "2020-01-01"}, 409, "not_kept"),
        ("strata", {"everyone": "1"}, 422, "bad_request"),
        ("growth", {"unit": "coins"}, 422, "bad_request"),
        ("growth", {"product": "spoot"}, 422, "unknown_product"),
        ("growth", {"since": "2026-03-02", "until": "2026-03-01"}, 422, "empty_range"),
        ("market", {"since": "2026-03-02", "until": "2026-03-01"}, 422, "empty_range"),
        ("nothing", {}, 404, "no_such_address"),
        ("jobs/1", {}, 404, "unknown_job"),
        ("jobs/9223372036854775808", {}, 422, "bad_request"),
        ("jobs/one", {}, 422, "bad_request"),
    ],
)
def test_what_cannot_be_taken_is_told_in_one_form(program, address, query, status, code):
    told = program.get(address, **query)
    assert (program.status, told["code"]) == (status, code)
    assert set(told) == {"code", "message", "hint"}
    assert told["hint"]


def test_a_home_without_a_closed_day_says_so(program_of, serves, tmp_path):
    serves(Home.create(tmp_path / "home"))
    program = program_of("manager")
    assert program.get("strata")["code"] == "nothing_closed"
    assert program.status == 409


def test_a_method_that_an_address_does_not_take(program):
    assert program.post("strata")["code"] == "method_not_allowed"
    assert (program.status, program.headers["Allow"]) == (405, "GET")


def test_the_documentation_names_every_operation_with_its_right(program):
    told = program.get("openapi.json")
    operations = [each for path in told["paths"].values() for each in path.values()]
    assert all(each["summary"] and each["description"] for each in operations)
    assert told["paths"]["/api/v1/strata"]["get"]["x-right"] == "see_overview"
    assert "Problem" in told["components"]["schemas"]


def test_the_documentations_page_takes_nothing_from_outside(client, db):
    page = client.get("/api/v1/docs").content.decode()
    assert "https://" not in page
    assert "//cdn" not in page
