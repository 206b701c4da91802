"""The edges of strata on screen: read in words, changed as numbers, shown before they are done, in force through two persons."""

import html
import re

import pytest
import yaml

from springtide.analytics import strata
from springtide.operations.definitions import reads
from springtide.operations.members import approvals
from tests.desk.conftest import PASSWORD
from tests.desk.pages import text_of, total
from tests.desk.shown_home import MADE_AT

pytestmark = pytest.mark.usefixtures("commits_at_once")


def fields(page):
    """What the form of edges would send as it stands."""
    form = re.search(r'<form id="edges".*?</form>', page, re.S)[0]
    found = dict(re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
    return {name: html.unescape(value) for name, value in found.items()}


def moved(page):
    """Rows of the effect: from, to, users."""
    rows = re.findall(
        r"<tr><th scope=\"row\">([^<]*)</th><td>([^<]*)</td><td class=\"figure\">(?:<a href=\"([^\"]*)\">)?([\d,]+)", page
    )
    return [(was, becomes, int(users.replace(",", "")), href.replace("&amp;", "&")) for was, becomes, href, users in rows]


def test_the_rules_are_read_in_words(manager):
    page = text_of(manager.get("/data/definitions/"))
    assert "Days since trade at most 30" in page
    assert "Volume by API, 90 days ÷ Volume, 90 days at least 50\u00a0%" in page
    assert "less than 1,000,000\u00a0USDT" in page
    assert "everybody who is left" in page
    assert "/data/definitions/activity/" in page


def test_a_number_that_is_changed_says_who_would_move_and_opens_them(manager):
    sent = fields(text_of(manager.get("/data/definitions/activity/")))
    assert sent["edge-active-0"] == "7"
    same = text_of(manager.post("/data/definitions/activity/try/", sent))
    assert "Nobody would move." in same
    page = text_of(manager.post("/data/definitions/activity/try/", {**sent, "edge-active-0": "3"}))
    [(was, becomes, users, href)] = moved(page)
    assert (was, becomes) == ("Active", "Cooling")
    assert users > 0
    assert total(text_of(manager.get(href))) == users
    assert "“Cooling” is described by a number that went away" in page


def test_a_share_is_written_in_per_cent(manager):
    sent = fields(text_of(manager.get("/data/definitions/behaviour/")))
    assert sent["edge-contract_only-0"] == "95"
    assert sent["edge-api_bot-0"] == "50"


def test_a_changed_edge_is_in_force_once_a_second_person_approved_it(browser_of, own_home):
    analyst, manager = browser_of("analyst"), browser_of("manager")
    sent = fields(text_of(analyst.get("/data/definitions/activity/")))
    told = moved(text_of(analyst.post("/data/definitions/activity/try/", {**sent, "edge-active-0": "3"})))
    analyst.post("/data/definitions/activity/change/", {**sent, "edge-active-0": "3", "what": "submit"})
    [draft] = reads.definitions("strata", among=("in_review",))
    number = approvals.question_about("strata", draft.number)
    assert f"/approvals/{number}/" in text_of(manager.get("/approvals/"))
    assert f"/approvals/{number}/" not in text_of(analyst.get("/data/definitions/"))
    page = text_of(manager.get(f"/approvals/{number}/"))
    assert 'Days since trade at most 7</td><td class="wide">Days since trade at most 3' in page
    assert moved(page)[0][:3] == told[0][:3]
    answer = {"answer": "approve", "seen": draft.content_hash, "password": PASSWORD}
    assert manager.post(f"/approvals/{number}/", answer).status_code == 302
    activity = next(each for each in own_home.stratifications() if each.key == "activity")
    assert (activity.version, activity["active"].rule.text) == (2, "days_since_trade <= 3")


def test_a_draft_goes_back_with_a_word_and_is_mended(browser_of, own_home):
    analyst, manager = browser_of("analyst"), browser_of("manager")
    sent = fields(text_of(analyst.get("/data/definitions/tenure/")))
    analyst.post("/data/definitions/tenure/change/", {**sent, "edge-onboarding-0": "14", "what": "submit"})
    [draft] = reads.definitions("strata", among=("in_review",))
    number = approvals.question_about("strata", draft.number)
    answer = {"answer": "return", "seen": draft.content_hash, "password": PASSWORD, "note": "Ten days, please."}
    manager.post(f"/approvals/{number}/", answer)
    page = text_of(analyst.get("/data/definitions/tenure/"))
    assert "Ten days, please." in page
    sent = fields(page)
    assert sent["edge-onboarding-0"] == "14"
    analyst.post("/data/definitions/tenure/change/", {**sent, "what": "drop"})
    assert reads.draft("strata", "tenure") is None


def test_the_whole_text_may_add_a_stratum(browser_of, own_home):
    analyst = browser_of("analyst")
    browser_of("manager")
    page = text_of(analyst.get("/data/definitions/tenure/"))
    whole = re.search(r'<textarea id="whole"[^>]*>(.*?)</textarea>', page, re.S)[1]
    whole = html.unescape(whole)
    added = "- name: second_week\n  rule: tenure_days <= 14\n  label: {en: Second week, zh: 第二周}\n  about: {en: x, zh: x}\n"
    whole = whole.replace("- name: settling", added + "- name: settling")
    assert "Second week" in text_of(analyst.post("/data/definitions/tenure/try/", {"whole": whole}))
    answer = analyst.post("/data/definitions/tenure/change/", {"whole": whole, "seen": "", "what": "save"})
    assert answer.status_code == 302
    assert "second_week" in [each["name"] for each in reads.draft("strata", "tenure").body["strata"]]


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"edge-active-0": "soon"}, "is not a number"),
        ({"rule-active": "days_since_trad <= 3"}, "Did you mean"),
        ({"rule-active": "days_since_trade <= '3"}, "cannot be read"),
        ({"label-zh-active": " "}, "in one of the languages"),
        ({"whole": "strata: ["}, "no YAML"),
        ({"whole": "title: {en: x, zh: x}"}, "lacks"),
        ({"whole": "- just a list"}, "no stratification"),
    ],
)
def test_what_cannot_be_is_told_and_what_was_typed_is_not_lost(browser_of, own_home, sent, says):
    analyst = browser_of("analyst")
    browser_of("manager")
    form = fields(text_of(analyst.get("/data/definitions/activity/")))
    assert says in text_of(analyst.post("/data/definitions/activity/try/", {**form, **sent}))
    answer = analyst.post("/data/definitions/activity/change/", {**form, **sent, "what": "submit"})
    assert answer.status_code == 400
    assert says in text_of(answer)
    assert reads.definitions("strata", among=("draft", "in_review")) == ()


def test_a_stratum_that_the_strategy_names_is_not_left_out(browser_of, own_home):
    analyst = browser_of("analyst")
    browser_of("manager")
    sent = fields(text_of(analyst.get("/data/definitions/lifecycle/")))
    page = text_of(analyst.get("/data/definitions/lifecycle/"))
    whole = html.unescape(re.search(r'<textarea id="whole"[^>]*>(.*?)</textarea>', page, re.S)[1])
    answer = analyst.post(
        "/data/definitions/lifecycle/change/",
        {"whole": whole.replace("name: lapsing", "name: quietening"), "seen": sent["seen"], "what": "submit"},
    )
    assert "The strategy would no longer fit" in text_of(answer)


def test_who_may_not_edit_reads_and_nobody_finds_what_is_not_there(browser_of, serves, shown_home):
    serves(shown_home)
    operator = browser_of("operator")
    assert "/data/definitions/activity/" not in text_of(operator.get("/data/definitions/"))
    assert operator.get("/data/definitions/activity/").status_code == 403
    assert operator.post("/data/definitions/activity/change/", {"what": "submit"}).status_code == 403
    manager = browser_of("manager")
    assert manager.get("/data/definitions/activty/").status_code == 404
    assert manager.post("/data/definitions/activity/change/", {"what": "dance"}).status_code == 400


def test_a_version_that_a_close_used_is_not_used_again_though_its_file_is_gone(browser_of, own_home):
    file = own_home.path / "definitions/strata/activity.yml"
    shipped = next(each for each in own_home.stratifications() if each.key == "activity")
    content = {"key": "activity", "version": 7, **strata.content_of(shipped)}
    content["strata"][1]["rule"] = "days_since_trade <= 5"
    file.write_text(yaml.safe_dump(content))
    own_home.close(now=MADE_AT)
    file.unlink()
    analyst = browser_of("analyst")
    sent = fields(text_of(analyst.get("/data/definitions/activity/")))
    analyst.post("/data/definitions/activity/change/", {**sent, "edge-active-0": "3", "what": "save"})
    assert reads.draft("strata", "activity").version == 8


def test_who_wrote_it_does_not_approve_it(browser_of, own_home):
    manager = browser_of("manager")
    browser_of("approver")
    sent = fields(text_of(manager.get("/data/definitions/activity/")))
    manager.post("/data/definitions/activity/change/", {**sent, "edge-active-0": "3", "what": "submit"})
    [draft] = reads.definitions("strata", among=("in_review",))
    number = approvals.question_about("strata", draft.number)
    assert "had a hand in it" in text_of(manager.get(f"/approvals/{number}/"))
