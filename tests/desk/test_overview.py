"""The Overview: it answers, for whom, with what is missing said, and every figure opens exactly its users."""

import json
import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from springtide.analytics import metrics
from springtide.desk import reads
from springtide.desk.strip import Strip
from springtide.desk.words import Labels
from springtide.home.users import Selection
from tests.desk.pages import figures_that_open_users, text_of
from tests.desk.shown_home import LAST

TILES = ("map", "growth", "moves", "strata", "activation", "freshness")


def chart(page, name):
    """The data of a chart as it stands in the page."""
    return json.loads(re.search(rf'<script id="{name}-data" type="application/json">(.*?)</script>', page, re.S)[1])


def test_it_opens_with_a_sentence_five_numbers_three_movements_and_three_lists(manager):
    page = text_of(manager.get("/"))
    assert re.search(r"\d+ traded in the last 7 days, [\d.]+% (more|fewer) than in the 7 days before", page)
    assert page.count('<div class="number">') == 5
    movements, lists = page.split('id="movements-title"')[1].split('id="lists-title"')
    assert movements.count('<span class="title">') == 3
    assert lists.count('<span class="title">') == 3
    assert "Market: " in page


def test_the_screen_and_the_reports_open_with_the_same_numbers(shown_home):
    on_screen = reads.headline(shown_home, Strip(), Labels(shown_home.stratifications())).numbers
    with shown_home.reading() as (engine, snapshot):
        told: Any = metrics.headline(engine, snapshot).rows
    assert [(each.value, each.change and each.change.difference) for each in on_screen] == [
        (row.value, row.value - row.before) for row in told
    ]


@pytest.mark.parametrize("name", TILES)
def test_every_tile_has_an_address_of_its_own(manager, name):
    response = manager.get(f"/overview/{name}/")
    assert response.status_code == 200
    assert "<h2>" in text_of(response)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/overview/map/",
        "/overview/strata/?by=activity",
        "/overview/moves/",
        "/overview/growth/?period=day",
        "/overview/activation/",
    ],
)
def test_every_figure_opens_as_many_users_as_it_says(manager, address):
    figures = figures_that_open_users(text_of(manager.get(address)))
    assert len(figures) >= 3
    for opens, users in figures[:: max(1, len(figures) // 25)]:
        shown = re.search(r"<h2>([\d,]+) users?</h2>", text_of(manager.get(opens)))
        assert shown, opens
        assert int(shown[1].replace(",", "")) == users, opens


def test_filters_cut_the_figures_and_travel_along_the_links(manager):
    everybody = figures_that_open_users(text_of(manager.get("/overview/map/")))
    some = figures_that_open_users(text_of(manager.get("/overview/map/?country=SG")))
    assert 0 < sum(n for _, n in some) < sum(n for _, n in everybody)
    assert all("country=SG" in address for address, _ in some)


def test_an_earlier_day_is_shown_as_it_was(manager, shown_home):
    day = LAST - timedelta(days=7)
    page = text_of(manager.get(f"/overview/map/?day={day}"))
    assert f"{shown_home.count(Selection(as_of=day)).users} users on 24 Mar 2026" in page
    assert f"{shown_home.count(Selection()).users} users" not in page


def test_new_retained_and_back_make_the_active_in_the_picture_of_growth(manager):
    data = chart(text_of(manager.get("/overview/growth/")), "growth")
    parts = {each["key"]: each["values"] for each in data["series"]}
    assert parts.keys() == {"new", "resurrected", "churned"}
    nets = [new + back + lost for new, back, lost in zip(*parts.values(), strict=True)]
    assert nets == data["net"]["values"]
    active = data["active"]["values"]
    assert [b - a for a, b in pairwise(active)] == nets[1:]


def test_money_is_told_with_what_grew_and_shrank(manager):
    page = text_of(manager.get("/overview/growth/?unit=assets&period=week"))
    assert {each["key"] for each in chart(page, "growth")["series"]} == {
        "new",
        "resurrected",
        "churned",
        "expansion",
        "contraction",
    }


def test_a_tab_keeps_what_the_address_says_besides_and_the_address_says_both(manager):
    response = manager.get(
        "/overview/strata/?by=tenure",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?unit=assets&country=SG"},
    )
    assert response.headers["HX-Replace-Url"] == "/?unit=assets&country=SG&by=tenure"
    assert "country=SG" in text_of(response)


def test_moves_add_up_and_those_who_stayed_are_shown_when_asked(manager):
    page = text_of(manager.get("/overview/moves/"))
    moved = int(re.search(r"([\d,]+) moved, [\d,]+ stayed", page)[1].replace(",", ""))
    flows = chart(page, "moves")["flows"]
    assert sum(flow["users"] for flow in flows) == moved
    assert all(flow["from"] != flow["to"] for flow in flows)
    with_stayed = chart(text_of(manager.get("/overview/moves/?stayed=1")), "moves")["flows"]
    assert any(flow["from"] == flow["to"] for flow in with_stayed)


def test_what_is_not_available_says_why_and_is_never_zero(browser_of, serves, bare_home):
    serves(bare_home)
    manager = browser_of("manager")
    numbers = text_of(manager.get("/")).split('id="movements-title"')[0]
    assert numbers.count('<div class="number">') == 5
    assert "Active traders" in numbers
    assert "Net revenue" not in numbers  # the five that can be told stand first
    assert "No balances or given aggregates (user_days) was given" in text_of(manager.get("/overview/growth/?unit=assets"))
    for address in ("/overview/growth/?unit=revenue", "/overview/strata/?by=value"):
        page = text_of(manager.get(address))
        assert "Not available." in page
        assert "is unknown in" in page
    assert "data-chart" not in page


def test_before_anything_is_imported_it_teaches_the_next_step(browser_of, serves, empty_home):
    serves(empty_home)
    manager = browser_of("manager")
    page = text_of(manager.get("/"))
    assert "Nothing has been imported yet." in page
    assert 'href="/data/import/"' in page
    assert manager.get("/overview/map/").status_code == 409


@pytest.mark.parametrize("address", ["/", *(f"/overview/{name}/" for name in TILES)])
def test_a_stranger_is_sent_to_the_door_and_comes_back(client, serves, shown_home, address, db):
    serves(shown_home)
    response = client.get(address + "?country=SG")
    assert response.status_code == 302
    assert response.url == f"/sign-in/?next={address}%3Fcountry%3DSG"


def test_a_tile_of_somebody_who_was_signed_out_meanwhile_sends_the_whole_page_to_the_door(client, serves, shown_home, db):
    serves(shown_home)
    response = client.get(
        "/overview/map/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?day=2026-03-24"}
    )
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/sign-in/?next=/%3Fday%3D2026-03-24")


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("manager", 200),
        ("analyst", 200),
        ("operator", 200),
        ("qc_reviewer", 200),
        ("approver", 200),
        ("collaborator", 403),
        ("admin", 403),
    ],
)
def test_who_may_see_it(browser_of, serves, shown_home, role, status):
    serves(shown_home)
    browser = browser_of(role)
    assert browser.get("/").status_code == status
    assert browser.get("/overview/map/").status_code == status


def test_who_may_not_open_users_sees_figures_without_links(browser_of, serves, shown_home):
    serves(shown_home)
    operator = browser_of("operator")
    for address in ("/", *(f"/overview/{name}/" for name in TILES)):
        assert "/users/list/" not in text_of(operator.get(address))


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/?day=yesterday", 400, "&#x27;yesterday&#x27; is not a day."),
        ("/?day=1999-01-01", 409, "There is no snapshot of 1999-01-01."),
        ("/overview/mop/", 404, "Did you mean &#x27;map&#x27;?"),
        ("/overview/growth/?unit=user", 404, "Did you mean &#x27;users&#x27;?"),
        ("/overview/growth/?period=year", 404, "day, month, week"),
        ("/overview/strata/?by=livecycle", 404, "Did you mean &#x27;lifecycle&#x27;?"),
        ("/overview/moves/?since=3", 400, "Choose 1, 7 or 28."),
        ("/?country=" + "x" * 300, 400, "cannot have this value"),
        ("/?country=%00", 400, "cannot have this value"),
        ("/nowhere/", 404, "There is no such page."),
    ],
)
def test_bad_input_says_what_was_seen_and_what_is_allowed(manager, address, status, says):
    response = manager.get(address)
    assert response.status_code == status
    assert says in text_of(response)


def test_an_error_in_a_tile_stays_in_the_tile(manager):
    response = manager.get("/overview/strata/?by=livecycle", headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert "<html" not in text_of(response)
    assert 'role="alert"' in text_of(response)


@pytest.mark.parametrize("value", ["O'Brien", "x') or true --", "<script>alert(1)</script>"])
def test_a_filter_of_any_text_is_a_value_and_nothing_else(manager, value):
    response = manager.get("/overview/map/", {"country": value})
    assert response.status_code == 200
    assert "Nobody is inside these filters." in text_of(response)
    assert "<script>alert" not in text_of(manager.get("/", {"country": value}))


def test_growth_is_told_by_product_and_the_choice_is_kept_in_the_address(manager):
    page = text_of(manager.get("/overview/growth/?product=contract"))
    assert '<option value="contract" selected>Contracts</option>' in page
    everything = chart(text_of(manager.get("/overview/growth/")), "growth")["active"]["values"]
    assert sum(chart(page, "growth")["active"]["values"]) < sum(everything)
    assert manager.get("/overview/growth/?product=contrct").status_code == 404
