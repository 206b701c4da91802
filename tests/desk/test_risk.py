"""The risk queue on screen: what waits is decided with its evidence, flags go up and down, and others see no reasons."""

import re

import pytest

from springtide.operations.definitions import reads as definitions
from springtide.operations.members import approvals
from springtide.operations.members.actions import create_member
from springtide.operations.risk import gates
from springtide.operations.risk.actions import NewCase, open_cases
from springtide.operations.risk.models import Case, Flag
from tests.desk.conftest import PASSWORD
from tests.desk.pages import text_of
from tests.desk.shown_home import MADE_AT

USER = "u00007"


@pytest.fixture
def risk(browser_of, serves, shown_home):
    """Risk control's browser before the shown home."""
    serves(shown_home)
    return browser_of("collaborator", department="risk")


@pytest.fixture
def case(db):
    evidence = {"users": {USER: {"cluster_size": 3, "hedge_30d_usdt": 5_000_000}, "u00008": {"cluster_size": 3}}}
    found = NewCase("cluster 7", (USER, "u00008"), ("linked_few",), evidence=evidence)
    open_cases([found], origin="Come back", now=MADE_AT)
    return Case.objects.get().pk


def test_what_waits_is_shown_with_its_reason_and_decided_with_a_word(risk, case):
    page = text_of(risk.get("/risk/"))
    assert "Reviews that wait: 1. Appeals that wait: 0." in page
    assert "linked with two or more others" in page
    page = text_of(risk.get(f"/risk/cases/{case}/"))
    assert "Linked users, with this one" in page
    assert "not open to you: Opened against a linked user, 30 days" in page
    assert "To deny bars 2 users" in page
    risk.post(f"/risk/cases/{case}/answer/", {"answer": "clear", "note": "one family", "days": "30"})
    assert "Nothing waits for a decision." in text_of(risk.get("/risk/"))
    page = text_of(risk.get("/risk/?state=decided"))
    assert "cleared, Collaborator" in page


def test_a_decision_without_a_word_or_for_a_thousand_days_is_refused(risk, case):
    for sent in ({"answer": "clear", "note": "", "days": "30"}, {"answer": "deny", "note": "a farm", "days": "1000"}):
        page = text_of(risk.post(f"/risk/cases/{case}/answer/", sent, follow=True))
        assert 'class="note bad"' in page
    assert Case.objects.get().state == "open"


def test_a_flag_goes_up_on_the_users_page_and_comes_down(risk):
    risk.post("/risk/flags/", {"user": USER, "kind": "risk_hold", "note": "called", "back": "user"})
    page = text_of(risk.get("/risk/user/", {"user": USER}))
    assert "Flagged by risk control" in page
    assert "Held by risk control" in page
    assert "A message only: denied." in page
    assert "money" not in page
    number = Flag.objects.get().pk
    risk.post(f"/risk/flags/{number}/lift/", {"note": "checked", "back": "user", "user": USER})
    assert "Flagged by risk control" not in text_of(risk.get("/risk/user/", {"user": USER}))


def test_a_flag_of_nobody_is_refused(risk):
    page = text_of(risk.post("/risk/flags/", {"user": "nobody", "kind": "risk_hold"}, follow=True))
    assert "No user has the id" in page
    assert not Flag.objects.exists()


def test_what_the_gates_meet_is_counted_and_mended(risk):
    page = text_of(risk.get("/risk/hits/?reward=fee_voucher&instrument=spot&amount=0.5"))
    assert re.search(r"Of [\d,]+ users: allowed [\d,]+, to be looked at [\d,]+, denied [\d,]+\.", page)
    assert "100 % denied: links were never given. Import the table links" in page
    assert risk.get("/risk/hits/?reward=fee_vucher").status_code == 404
    assert risk.get("/risk/hits/?amount=many").status_code == 400


@pytest.mark.parametrize("role", ["manager", "operator", "analyst", "qc_reviewer", "approver"])
def test_others_see_neither_queue_nor_reasons(browser_of, serves, shown_home, risk, case, role):
    risk.post("/risk/flags/", {"user": USER, "kind": "risk_hold"})
    other = browser_of(role)
    assert other.get("/risk/").status_code == 403
    assert other.get("/risk/hits/").status_code == 403
    assert other.get(f"/risk/cases/{case}/").status_code == 404
    assert other.post(f"/risk/cases/{case}/answer/", {"answer": "clear"}).status_code == 404
    assert other.post("/risk/flags/", {"user": USER, "kind": "risk_hold"}).status_code == 403
    seen = other.get("/risk/user/", {"user": USER})
    if seen.status_code == 200:
        assert "Flagged by risk control" in text_of(seen)
        assert "Held by risk control" not in text_of(seen)
    else:
        assert (role, seen.status_code) in [("operator", 404), ("qc_reviewer", 404), ("approver", 404)]


def test_an_appeal_is_filed_seen_by_its_filer_and_decided_by_another(manager, risk):
    manager.post("/risk/user/appeal/", {"user": USER, "text": "It was my card."})
    number = Case.objects.get().pk
    assert "It waits for risk control." not in text_of(manager.get(f"/risk/cases/{number}/"))
    assert "Take the appeal back" in text_of(manager.get(f"/risk/cases/{number}/"))
    risk.post(f"/risk/cases/{number}/answer/", {"answer": "deny", "note": "see the report", "days": "30"})
    page = text_of(manager.get(f"/risk/cases/{number}/"))
    assert "Denied" in page
    assert "see the report" not in page


@pytest.mark.usefixtures("commits_at_once")
def test_a_gate_changes_through_two_persons(browser_of, own_home):
    manager, risk = browser_of("manager"), browser_of("collaborator", department="risk")
    page = text_of(manager.get("/risk/gates/"))
    assert "kyc_level &lt; kyc_minimum" in page
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", text_of(manager.get("/risk/gates/gate/linked/")), re.S)[1]
    text = (
        text.replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&#x27;", "'")
        .replace("&quot;", '"')
        .replace("cluster_size >= 3", "cluster_size >= 4")
    )
    bad = manager.post(
        "/risk/gates/gate/linked/change/", {"text": text.replace("cluster_size", "size"), "what": "submit", "seen": ""}
    )
    assert bad.status_code == 400
    assert "There is no column" in text_of(bad)
    manager.post("/risk/gates/gate/linked/change/", {"text": text, "what": "submit", "seen": ""})
    [waiting] = definitions.definitions("gate", among=("in_review",))
    number = approvals.question_about("gate", waiting.number)
    page = text_of(risk.get(f"/approvals/{number}/"))
    assert "review: cluster_size &gt;= 4" in page
    risk.post(f"/approvals/{number}/", {"answer": "approve", "seen": waiting.content_hash, "password": PASSWORD})
    [linked] = [gate for gate in gates.gates_now() if gate.key == "linked"]
    assert (linked.version, linked.clauses[-1].rule.text) == (
        2,
        "cluster_size >= 4 and cluster_size < 8 and not is_cluster_hub_only",
    )


@pytest.mark.usefixtures("commits_at_once")
def test_a_row_of_the_matrix_changes_through_two_persons(browser_of, own_home):
    one = browser_of("collaborator", department="risk")
    other = create_member(
        username="second", display_name="Second", role="collaborator", department="risk", password=PASSWORD, now=MADE_AT
    )
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", text_of(one.get("/risk/gates/risk_matrix/matrix/")), re.S)[1]
    text += "- {where: [XX], verdict: allowed, since: 2026-03-01, why: opened}\n"
    one.post(
        "/risk/gates/risk_matrix/matrix/change/", {"text": text.replace("&#x27;", "'").replace("&quot;", '"'), "what": "submit"}
    )
    [waiting] = definitions.definitions("risk_matrix", among=("in_review",))
    number = approvals.question_about("risk_matrix", waiting.number)
    one.force_login(other)
    assert "where XX; verdict allowed; since 2026-03-01; why opened" in text_of(one.get(f"/approvals/{number}/"))
    one.post(f"/approvals/{number}/", {"answer": "approve", "seen": waiting.content_hash, "password": PASSWORD})
    assert gates.matrix_now().verdict("XX", "spot", "retail", on=MADE_AT.date()) == "allowed"
