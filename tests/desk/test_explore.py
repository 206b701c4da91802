"""Explore: a question is built, answered, opened into its users, saved and pinned."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from springtide.desk.explore import KINDS, Form
from springtide.home import Home
from springtide.kernel.errors import BadInput
from springtide.operations.definitions import reads
from tests.desk.pages import text_of, total
from tests.desk.shown_home import LAST

FUNNEL = {
    "kind": "funnel",
    "steps": [{"event": "deposited"}, {"event": ["traded_spot", "traded_contracts"]}],
    "window": {"value": 7, "unit": "day"},
}


def asked(client, question, **more):
    return client.get("/explore/answer/", {"q": json.dumps(question), **more})


def opened(page):
    """The addresses that the figures of an answer open, with the figures."""
    found = re.findall(r'<a href="(/users/list/\?[^"]+)">([\d,.%]+)</a>', page)
    return [(address.replace("&amp;", "&"), figure) for address, figure in found]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_builder_has_an_answer(manager, kind):
    page = text_of(manager.get("/explore/", {"kind": kind}))
    assert 'aria-current="true"' in page
    address = re.search(r'hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    answer = manager.get(address)
    assert answer.status_code == 200, text_of(answer)
    assert "<tbody><tr>" in text_of(answer)


@pytest.mark.parametrize("kind", ["retention", "funnel", "trend"])
@pytest.mark.parametrize("split", ["lifecycle", "country"])
def test_an_answer_can_be_split(manager, kind, split):
    page = text_of(manager.get("/explore/", {"kind": kind, "split": split}))
    address = re.search(r'hx-get="([^"]+)"', page)[1].replace("&amp;", "&")
    answer = manager.get(address)
    assert answer.status_code == 200, text_of(answer)
    assert "<tbody><tr>" in text_of(answer)


@pytest.mark.parametrize("more", [{}, {"breakdown": {"prop": "country", "scope": "user", "limit": 2}}])
def test_the_values_of_a_trend_open_as_many_users_as_they_count(manager, more):
    series = [{"event": "traded_spot", "math": "unique_users"}]
    figures = opened(text_of(asked(manager, {"kind": "trend", "series": series, "period": "week", **more})))
    assert len(figures) > 3
    for address, figure in figures[:4]:
        assert total(text_of(manager.get(address))) == int(figure.replace(",", ""))


def test_a_formula_is_one_line_and_opens_nobody(manager):
    series = [{"event": "traded_spot"}, {"event": "deposited"}]
    page = text_of(asked(manager, {"kind": "trend", "series": series, "formula": "A / B", "period": "week"}))
    assert "A / B" in page
    assert opened(page) == []


def test_the_steps_of_a_funnel_open_as_many_users_as_they_count(manager):
    page = text_of(asked(manager, FUNNEL))
    figures = opened(page)
    assert len(figures) == 2
    for address, figure in figures:
        assert total(text_of(manager.get(address))) == int(figure.replace(",", ""))


def test_a_cell_of_retention_opens_its_users_and_they_can_be_exported(manager):
    question = {"kind": "retention", "start": {"event": "registered"}, "return": {"event": "traded_spot"}, "period": "week",
                "cohort_from": "2026-03-01", "cohort_to": str(LAST), "intervals": 4}  # fmt: skip
    page = text_of(asked(manager, question))
    assert "unfinished" in page  # the newest cohort's weeks have not passed
    sizes = [(address, figure) for address, figure in opened(page) if "%" not in figure]
    address, size = sizes[0]
    assert total(text_of(manager.get(address))) == int(size.replace(",", ""))
    query = parse_qs(urlsplit(address).query)
    export = manager.post(f"/users/list/export/csv/?{urlsplit(address).query}")
    assert len(b"".join(export.streaming_content).decode("utf-8-sig").strip().splitlines()) == int(size.replace(",", "")) + 1
    assert query["question"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"q": "select"}, "bad_question"),
        ({"q": "[]"}, "bad_question"),
        ({"q": '{"kind": "fun"}'}, "unknown_kind"),
        ({"q": json.dumps({**FUNNEL, "steps": [{"event": "depositted"}, {"event": "traded_spot"}]})}, "unknown_event"),
        ({"q": json.dumps({**FUNNEL, "window": {"value": 0, "unit": "day"}})}, None),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_was_seen_and_what_to_do(manager, query, code):
    answer = manager.get("/explore/answer/", query, headers={"HX-Request": "true"})
    assert answer.status_code in (400, 404)
    assert 'role="alert"' in text_of(answer)


def test_the_builder_refuses_what_no_form_says(manager):
    for query in ({"kind": "dance"}, {"kind": "funnel", "window": "0"}, {"period": "century"}, {"since": "soon"}):
        page = text_of(manager.get("/explore/", query))
        assert 'role="alert"' in page, query
    with pytest.raises(BadInput):
        Form.read({"unit": "year"}, LAST)


def test_an_analyst_saves_a_question_and_takes_it_away(browser_of, serves, shown_home, settings, tmp_path):
    serves(shown_home)
    analyst = browser_of("analyst")
    analyst.post("/explore/save/", {"title": "First trades", "q": json.dumps(FUNNEL)})
    [saved] = reads.definitions("saved_question")
    assert (saved.key, saved.body["question"]) == ("first-trades", FUNNEL)
    assert "First trades" in text_of(analyst.get("/explore/"))

    analyst.post("/explore/save/", {"title": "First trades", "q": json.dumps({**FUNNEL, "order": "strict"})})
    assert reads.definition("saved_question", "first-trades").version == 2
    analyst.post("/explore/forget/first-trades/")
    assert reads.definitions("saved_question") == ()


def test_a_manager_reads_questions_and_does_not_save_them(manager):
    assert manager.post("/explore/save/", {"title": "x", "q": json.dumps(FUNNEL)}).status_code == 403
    assert "Save the question" not in text_of(manager.get("/explore/"))


def test_an_answer_is_pinned_shared_and_taken_off(manager, browser_of):
    manager.post("/explore/pin/", {"title": "My morning", "q": json.dumps(FUNNEL)})
    [board] = reads.definitions("dashboard")
    assert "My morning" in text_of(manager.get("/dashboards/"))
    page = text_of(manager.get(f"/dashboards/{board.key}/"))
    assert "explore/answer/?q=" in page

    other = browser_of("analyst")
    assert "My morning" not in text_of(other.get("/dashboards/"))
    assert other.get(f"/dashboards/{board.key}/").status_code == 404
    manager.post(f"/dashboards/{board.key}/change/", {"what": "share"})
    assert "My morning" in text_of(other.get("/dashboards/"))
    assert "Take off" not in text_of(other.get(f"/dashboards/{board.key}/"))

    manager.post("/explore/pin/", {"title": "Second", "q": json.dumps(FUNNEL), "dashboard": board.key})
    assert [tile["title"] for tile in reads.definition("dashboard", board.key).body["tiles"]] == ["My morning", "Second"]
    manager.post(f"/dashboards/{board.key}/change/", {"what": "0"})
    assert [tile["title"] for tile in reads.definition("dashboard", board.key).body["tiles"]] == ["Second"]
    manager.post(f"/dashboards/{board.key}/change/", {"what": "retire"})
    assert reads.definitions("dashboard") == ()


def test_who_may_not_see_users_gets_figures_that_open_nothing(browser_of, serves, shown_home):
    serves(shown_home)
    approver = browser_of("approver")
    page = text_of(asked(approver, FUNNEL))
    assert opened(page) == []
    assert "<tbody><tr>" in page


def test_what_can_have_happened_is_listed_with_the_exchanges_own_names(shown_home):
    names = Home(shown_home.path).event_names()
    assert names[:3] == ("registered", "kyc_passed", "deposited")
