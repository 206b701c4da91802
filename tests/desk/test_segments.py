"""Segments: built, sized while written, put in force, opened; lists become segments with the same count."""

import re

import pytest
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from springtide.analytics.segments.tree import text_of, tree_of
from springtide.desk.builder import Build, Row
from springtide.operations.definitions import reads
from tests.desk.pages import text_of as page_of
from tests.desk.pages import total
from tests.desk.shown_home import MADE_AT

pytestmark = pytest.mark.usefixtures("commits_at_once")

RULE = "lifecycle = 'repeat' and trades_30d >= 3"


@pytest.fixture
def analyst(browser_of, own_home):
    return browser_of("analyst", granted_rights=["see_money", "export_users"])


@pytest.fixture
def published(analyst):
    """Puts a segment in force as the page does."""

    def publish(title, text, **more):
        return analyst.post("/segments/publish/", {"title": title, "text": text, **more})

    return publish


def sized(page):
    return int(re.search(r"<b>([\d,]+) users?</b>", page)[1].replace(",", ""))


def test_the_size_while_typing_is_that_of_the_list_it_opens(analyst):
    page = page_of(analyst.get("/segments/size/", {"text": RULE}))
    address = re.search(r'href="(/users/list/[^"]+)"', page)[1].replace("&amp;", "&")
    assert sized(page) == total(page_of(analyst.get(address))) > 0


def test_a_segment_is_put_in_force_and_its_members_are_told_after_the_next_close(analyst, published, own_home):
    assert published("Busy repeaters", RULE, about="For calls").url == "/segments/of/busy_repeaters/"
    assert "after the last close" in page_of(analyst.get("/segments/"))
    own_home.close(now=MADE_AT)
    # No day is new, so the day is closed again only when asked; the list is told from the text at once.
    listed = page_of(analyst.get("/users/list/", {"where": "segment('busy_repeaters')"}))
    assert total(listed) == own_home.segment_size(RULE).users
    page = page_of(analyst.get("/segments/of/busy_repeaters/"))
    assert "For calls" in page
    assert "lifecycle = &#x27;repeat&#x27;" in page


def test_another_version_needs_what_was_seen_and_keeps_the_history(analyst, published):
    published("Busy", RULE)
    seen = reads.definition("segment", "busy")
    assert published("Busy", "trades_30d >= 5", key="busy", seen="somebody else's").status_code == 400
    assert published("Busy", "trades_30d >= 5", key="busy", seen=seen.content_hash).status_code == 302
    page = page_of(analyst.get("/segments/of/busy/"))
    assert "<b>2</b>" in page
    assert "<b>1</b>" in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lifecyle = 'repeat'", "lifecycle"),
        ("segment('nobody_knows')", "nobody_knows"),
        ("trades_30d >=", "cannot be read"),
    ],
)
def test_a_text_that_cannot_be_read_names_the_word_and_the_nearest_and_is_not_lost(analyst, published, text, says):
    assert says in page_of(analyst.get("/segments/size/", {"text": text}))
    answer = published("Wrong", text)
    assert answer.status_code == 400
    page = page_of(answer)
    assert 'role="alert"' in page
    assert escape(text) in page
    assert reads.definitions("segment") == ()


def test_the_builder_says_a_text_and_its_size(analyst):
    sent = {"join": "all", "row-0-kind": "column", "row-0-column": "lifecycle", "row-0-op": "=", "row-0-value": "repeat",
            "row-1-kind": "times", "row-1-event": "traded_spot", "row-1-op": ">=", "row-1-value": "2", "row-1-days": "14"}  # fmt: skip
    page = page_of(analyst.post("/segments/build/", sent))
    assert "lifecycle = &#x27;repeat&#x27; and times(&#x27;traded_spot&#x27;, days =&gt; 14) &gt;= 2" in page
    assert sized(page) >= 0
    more = page_of(analyst.post("/segments/build/", {**sent, "add": "1"}))
    assert 'name="row-2-kind"' in more
    fewer = page_of(analyst.post("/segments/build/", {**sent, "drop": "0"}))
    assert 'name="row-1-kind"' not in fewer


def test_a_pasted_list_becomes_a_list_and_what_no_user_has_is_given_back(analyst, own_home):
    page = page_of(
        analyst.post("/segments/bring/", {"title": "Spring calls", "purpose": "list", "ids": "u00010, u00011\nghost;u00010"})
    )
    assert "2 users are on the list" in page
    assert "<code>ghost</code>" in page
    assert own_home.segment_size("in_list('spring_calls')").users <= 2
    assert "Spring calls" in page_of(analyst.get("/segments/"))
    assert "No user has any of these ids" in page_of(
        analyst.post("/segments/bring/", {"title": "x", "ids": "ghost"}, follow=True)
    )


@pytest.mark.parametrize(
    "query",
    [{"lifecycle": "repeat"}, {"list": "active_traders"}, {"was": "lifecycle:repeat", "since": "2026-03-24"}],
)
def test_any_list_becomes_a_segment_with_the_same_count(analyst, own_home, query):
    from urllib.parse import urlencode

    expected = total(page_of(analyst.get("/users/list/", query)))
    answer = analyst.post(f"/segments/save/?{urlencode(query)}", {"title": "Kept"})
    assert answer.url == "/segments/of/kept/"
    assert total(page_of(analyst.get("/users/list/", {"where": "segment('kept')"}))) == expected > 0


def test_two_segments_overlap(analyst, published):
    published("A", "trades_30d >= 1")
    published("B", "country = 'SG'")
    page = page_of(analyst.get("/segments/", {"left": "a", "right": "b"}))
    assert "In both" in page


def test_who_may_not_edit_segments_reads_them(manager, browser_of):
    operator = browser_of("operator")
    assert operator.get("/segments/").status_code == 200
    assert "Build a segment" not in page_of(operator.get("/segments/"))
    assert operator.post("/segments/publish/", {"title": "x", "text": "true"}).status_code == 403
    assert browser_of("admin").get("/segments/").status_code == 403


def test_a_member_without_money_builds_nothing_on_it(browser_of, own_home):
    plain = browser_of("analyst")
    page = page_of(plain.get("/segments/size/", {"text": "equity_usdt >= 1000"}))
    assert "You may not ask about equity_usdt" in page
    assert plain.post("/segments/publish/", {"title": "Rich", "text": "equity_usdt >= 1000"}).status_code == 400


names = st.sampled_from(["lifecycle", "country", "trades_30d", "equity_usdt"])
rows = st.one_of(
    st.builds(
        Row,
        column=st.just("country"),
        op=st.sampled_from(["=", "<>"]),
        value=st.sampled_from(["SG", "VN"]),
        is_not=st.booleans(),
    ),
    st.builds(Row, column=st.just("trades_30d"), op=st.sampled_from([">=", "<"]), value=st.integers(0, 99).map(str)),
    st.builds(Row, kind=st.just("segment"), key=st.sampled_from(["vips", "new_ones"]), is_not=st.booleans()),
    st.builds(Row, kind=st.just("times"), op=st.just(">="), value=st.integers(1, 9).map(str), days=st.integers(1, 90).map(str)),
)


@given(st.lists(rows, min_size=2, max_size=5), st.sampled_from(["all", "any"]))
def test_the_rows_of_the_builder_say_a_text_that_says_the_same_rows(built, join):
    build = Build(join, tuple(built))
    again = Build.of(tree_of(text_of(build.tree())))
    assert again is not None
    assert text_of(again.tree()) == text_of(build.tree())
    assert [row.node() for row in again.rows] == [row.node() for row in build.rows]


def test_a_text_that_rows_cannot_show_is_edited_as_text(analyst, published):
    published("Deep", "(country = 'SG' or country = 'VN') and trades_30d > 2")
    assert "says more than the builder shows" in page_of(analyst.get("/segments/edit/", {"key": "deep"}))
