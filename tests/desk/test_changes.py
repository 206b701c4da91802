"""Changes: a metric between two periods, taken apart so that the table adds up, each group opening its users."""

import re
from datetime import date
from decimal import Decimal

import pytest

from springtide.analytics.metrics.changes import UNDIVIDED, Split
from springtide.desk.changes import ChangeForm, choices, metrics, whole
from springtide.kernel.errors import BadInput, NothingYet
from tests.desk.pages import text_of
from tests.desk.shown_home import LAST


def _answer(client, **asked):
    return client.get("/changes/answer/", asked)


@pytest.mark.parametrize("metric", metrics())
def test_every_metric_has_an_answer_that_adds_up_or_says_why_not(manager, shown_home, metric):
    page = text_of(_answer(manager, metric=metric))
    form = ChangeForm.read({"metric": metric}, LAST)
    try:
        why = shown_home.why(metric, then=form.then, now=form.now)
    except NothingYet:  # never given, or no snapshot is kept: the page said so above
        return
    if isinstance(why.split, Split):
        assert "went from" in page
        assert sum((row.amount for row in why.split.rows), Decimal(0)) == why.split.change
        assert page.count("<tr>") == len(why.split.rows) + 2
    else:
        assert "It cannot be taken apart." in page


def test_a_figure_without_parts_is_offered_and_says_why(manager):
    page = text_of(manager.get("/changes/", {"metric": "gini"}))
    assert '<optgroup label="Cannot be taken apart">' in page
    assert '<option value="gini" selected>Gini coefficient' in page
    assert whole().keys() == UNDIVIDED.keys()
    for key in whole():
        page = text_of(_answer(manager, metric=key))
        assert "It cannot be taken apart." in page
        assert "group" in page


def test_a_sum_by_what_it_is_made_of_and_by_product(manager):
    page = text_of(_answer(manager, metric="net_revenue", by="parts"))
    assert '<th scope="row">Fees</th>' in page
    page = text_of(_answer(manager, metric="volume", by="product"))
    assert '<th scope="row">Contracts</th>' in page


def test_the_page_asks_what_the_form_says(manager):
    page = text_of(manager.get("/changes/", {"metric": "arpu", "by": "country", "span": "28"}))
    assert re.search(r'<option value="arpu" selected>', page)
    assert re.search(r'<option value="country" selected>Country', page)
    assert "changes/answer/?metric=arpu&amp;by=country&amp;span=28" in page


def test_a_group_opens_the_users_who_stand_in_it(manager, shown_home):
    page = text_of(_answer(manager, metric="net_revenue", by="lifecycle"))
    addresses = [address.replace("&amp;", "&") for address in re.findall(r'href="(/users/list/\?[^"]+)"', page)]
    assert addresses
    listed = text_of(manager.get(addresses[0]))
    assert re.search(r"<h2>[\d,]+ users?</h2>", listed)


def test_movers_are_told_by_where_they_went(manager):
    page = text_of(_answer(manager, metric="net_revenue", by="activity", movers="1"))
    assert "→" in page.split("<tbody>")[1]


def test_days_of_ones_own_are_compared(manager):
    page = text_of(_answer(manager, metric="volume", span="own", then="2026-03-01..2026-03-07", now="2026-03-22..2026-03-28"))
    assert "1 Mar 2026 to 7 Mar 2026, then 22 Mar 2026 to 28 Mar 2026" in page


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"metric": "happiness"}, 404),
        ({"metric": "volume", "by": "moon"}, 404),
        ({"metric": "volume", "span": "9"}, 400),
        ({"metric": "volume", "span": "own", "then": "2026-03-10..2026-03-01", "now": "2026-03-22"}, 400),
        ({"metric": "active_traders", "span": "own", "then": "2026-03-01", "now": "2026-03-22..2026-03-28"}, 400),
        ({"metric": "volume", "span": "own", "then": "2020-01-01", "now": "2026-03-22"}, 409),
    ],
)
def test_what_cannot_be_compared_says_why(manager, asked, status):
    answer = _answer(manager, **asked)
    assert answer.status_code == status
    assert manager.get("/changes/", asked).status_code == 200


def test_periods_lie_next_to_each_other():
    week = ChangeForm.read({}, LAST)
    assert (week.then.since, week.then.until, week.now.since) == (date(2026, 3, 18), date(2026, 3, 24), date(2026, 3, 25))
    day = ChangeForm.read({"span": "1"}, LAST)
    assert (day.then.since, day.now.since) == (date(2026, 3, 24), LAST)
    with pytest.raises(BadInput):
        ChangeForm.read({"span": "soon"}, LAST)


def test_what_a_metric_can_be_taken_apart_by_is_its_own():
    assert choices("assets")[0][0] == "flows"
    assert "factors" in dict(choices("fees"))
    assert "factors" not in dict(choices("registrations"))
    assert choices("happiness") == []


def test_a_rule_of_ones_own_opens_a_list_but_not_over_columns_that_are_closed(manager, browser_of):
    page = text_of(manager.get("/users/list/", {"where": "country = 'SG' and equity_usdt >= 100"}))
    assert re.search(r"<h2>[\d,]+ users?</h2>", page)
    assert manager.get("/users/list/", {"where": "countri = 'SG'"}).status_code == 404
    assert manager.get("/users/list/", {"where": "true) or (true"}).status_code == 400
    analyst = browser_of("analyst")
    assert analyst.get("/users/list/", {"where": "country = 'SG'"}).status_code == 200
    assert analyst.get("/users/list/", {"where": "equity_usdt >= 100"}).status_code in (400, 403)
