"""Risk control over the API: flags go in, cases are decided, and reasons stay with those who may see them."""

import pytest

from springtide.operations.risk.actions import NewCase, open_cases
from springtide.operations.risk.models import Case, Flag
from tests.desk.shown_home import MADE_AT

JSON = {"content_type": "application/json"}
HOLD = {"user_id": "u00002", "kind": "risk_hold", "source": "screening"}


@pytest.fixture
def risk(program_of, serves, small_home):
    """A program of risk control before the small home."""
    serves(small_home)
    return program_of("collaborator", department="risk")


@pytest.fixture
def case(db):
    evidence = {"users": {"u00002": {"cluster_size": 3, "hedge_30d_usdt": 5_000_000}}}
    open_cases(
        [NewCase("cluster 2", ("u00002", "u00003"), ("linked_few",), evidence=evidence)], origin="campaign 1", now=MADE_AT
    )
    return Case.objects.get().pk


def test_flags_go_up_once_and_bar_their_user_at_once(risk):
    assert risk.post("risk/flags", {"flags": [HOLD]}, **JSON) == {"new": 1}
    assert risk.status == 201
    assert risk.post("risk/flags", {"flags": [HOLD]}, **JSON) == {"new": 0}
    assert risk.get("risk/why", user_id="u00002")["reasons"][0] == "restricted"
    [flag] = risk.get("risk/flags", user_id="u00002")
    assert (flag["kind"], flag["source"]) == ("risk_hold", "screening")


def test_a_flag_is_lifted_with_a_word(risk):
    risk.post("risk/flags", {"flags": [HOLD]}, **JSON)
    number = Flag.objects.get().pk
    assert risk.client.post(f"/api/v1/risk/flags/{number}/lift", {"note": "checked"}, **JSON).status_code == 204
    assert risk.get("risk/flags") == []
    assert risk.post(f"risk/flags/{number}/lift", {"note": "again"}, **JSON)["code"] == "moved_already"
    assert risk.post("risk/flags/999999/lift", {"note": "none"}, **JSON)["code"] == "no_such_flag"
    assert risk.status == 404


@pytest.mark.parametrize(
    "flag",
    [
        {**HOLD, "kind": "risk_hodl"},
        {**HOLD, "user_id": ""},
        {**HOLD, "user_id": "a\x00b"},
        {**HOLD, "ends_at": "2026-03-31T00:00:00"},
        {**HOLD, "severity": 3},
        {"user_id": "u00002", "kind": "risk_hold"},
    ],
)
def test_one_bad_flag_and_none_goes_up(risk, flag):
    told = risk.post("risk/flags", {"flags": [HOLD, flag]}, **JSON)
    assert (risk.status, told["code"]) == (422, "bad_request")
    assert not Flag.objects.exists()


def test_the_queue_is_read_and_decided(risk, case):
    found = risk.get("risk/queue")
    assert (found["total"], found["waiting"]) == (1, {"review": 1})
    [seen] = found["cases"]
    assert (seen["codes"], seen["users"]) == (["linked_few"], ["u00002", "u00003"])
    assert seen["evidence"] == {"u00002": {"cluster_size": 3}}
    assert seen["left_out"] == ["hedge_30d_usdt"]
    assert risk.client.post(f"/api/v1/risk/cases/{case}/decide", {"says": "deny", "note": "a farm"}, **JSON).status_code == 204
    assert risk.get(f"risk/cases/{case}")["says"] == "deny"
    assert risk.get("risk/why", user_id="u00003")["reasons"][0] == "decided"
    assert risk.post(f"risk/cases/{case}/decide", {"says": "clear", "note": "no"}, **JSON)["code"] == "move_not_open"
    assert risk.status == 409


def test_money_is_there_for_who_may_see_money(program_of, serves, small_home, case):
    serves(small_home)
    program = program_of("collaborator", department="risk", granted_rights=["see_money"])
    assert program.get(f"risk/cases/{case}")["evidence"]["u00002"]["hedge_30d_usdt"] == "5.000000"


@pytest.mark.parametrize("role", ["manager", "operator", "analyst", "qc_reviewer", "approver"])
def test_others_see_the_flag_and_not_the_reason(program_of, serves, small_home, risk, case, role):
    risk.post("risk/flags", {"flags": [HOLD]}, **JSON)
    other = program_of(role)
    assert other.get("risk/flag", user_id="u00002") == {"is_flagged": True, "kinds": None, "decided": None}
    for address in ("risk/queue", "risk/flags", "risk/why?user_id=u00002"):
        other.get(address)
        assert other.status == 403, address
    assert other.get(f"risk/cases/{case}")["code"] == "unknown_case"
    assert other.status == 404
    assert other.post("risk/flags", {"flags": [HOLD]}, **JSON)["code"] == "not_allowed"


def test_an_appeal_is_filed_by_the_team_and_seen_without_reasons(risk, program_of):
    operator = program_of("operator")
    number = operator.post("risk/appeals", {"user_id": "u00002", "text": "It was my card."}, **JSON)["case"]
    assert operator.get(f"risk/cases/{number}")["text"] == "It was my card."
    risk.client.post(f"/api/v1/risk/cases/{number}/decide", {"says": "deny", "note": "see the report"}, **JSON)
    seen = operator.get(f"risk/cases/{number}")
    assert (seen["state"], seen["says"], seen["note"]) == ("decided", "deny", "")


def test_what_the_gates_would_say_is_counted_for_anybody_who_plans(program):
    told = program.get("risk/try", reward="fee_voucher", amount="0.5")
    assert told["users"] == told["allowed"] + told["reviewed"] + told["denied"] > 0
    assert program.get("risk/gates")[0]["key"] == "restriction"
    program.get("risk/try", reward="fee_voucher", amount="0.0000001")
    assert program.status == 422


def test_a_stranger_is_told_to_bring_a_token(serves, small_home, db):
    from tests.api.conftest import Program

    serves(small_home)
    for address in ("risk/queue", "risk/flags", "risk/gates", "risk/cases/1"):
        stranger = Program("")
        stranger.get(address)
        assert stranger.status == 401
