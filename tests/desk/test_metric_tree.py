"""The metric tree: every node with its figure, its change, its page and its users."""

import re
from datetime import date

import pytest

from springtide.desk import tree
from tests.desk.pages import links, text_of, total


@pytest.fixture
def figures(manager):
    return lambda **asked: text_of(manager.get("/metrics/tree/figures/", asked))


def test_the_page_lets_one_choose_and_brings_the_figures(manager):
    page = text_of(manager.get("/metrics/tree/", {"root": "fees", "period": "month"}))
    assert all(f'value="{root}"' in page for root in tree.ROOTS)
    assert 'hx-get="/metrics/tree/figures/?root=fees&amp;period=month"' in page
    assert 'aria-current="page">Metrics' in page


@pytest.mark.parametrize("root", tree.ROOTS)
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_every_node_stands_in_the_picture_and_in_the_table(figures, shown_home, root, period):
    page = figures(root=root, period=period, on="2026-03-29")
    rows = shown_home.metric_tree(root, period=period, on=date(2026, 3, 29)).rows
    assert page.count('class="node"') == len(rows)
    assert page.split("<tbody>")[1].count("<tr>") == len(rows)


def test_by_default_it_is_the_last_whole_week_against_the_one_before(figures, shown_home):
    page = figures()
    assert "Net revenue: " in page
    assert "in the week of 23 Mar 2026" in page
    assert "against the period before" in page
    assert "then=2026-03-16..2026-03-22" in page.replace("%2E", ".")
    assert "so far" not in page
    assert "so far" in figures(on="2026-03-31")


def test_a_node_leads_to_its_metric_and_opens_its_users(figures, manager, shown_home):
    page = figures(root="active_traders")
    assert "/metrics/of/active_traders/" in page
    [traders, new, stayed, back] = [
        (address, int(words.replace(",", "")))
        for address, words in links(page.split("<tbody>")[1])
        if address.startswith("/users/list/")
    ]
    assert traders[1] == new[1] + stayed[1] + back[1]
    for address, users in (traders, new, stayed, back):
        assert total(text_of(manager.get(address))) == users


def test_what_was_never_given_says_so(figures):
    assert re.search(r"Cost of rewards.*?Not available.*?reward_entries", figures(root="net_revenue"), re.S)


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"root": "arpu"}, 404), ({"period": "year"}, 404), ({"on": "soon"}, 400), ({"on": "2026-04-09"}, 409)],
)
def test_what_has_no_tree_is_told(manager, asked, status):
    assert manager.get("/metrics/tree/figures/", asked).status_code in (status, 400, 404)


def test_a_collaborator_finds_no_tree(browser_of, serves, shown_home):
    serves(shown_home)
    assert browser_of("collaborator").get("/metrics/tree/").status_code == 403
