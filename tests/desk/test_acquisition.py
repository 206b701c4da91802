"""Acquisition: channels ranked with likely ranges, cohort quality beside new users, and every figure opens its users."""

import json
import re
from datetime import date

import pytest

from springtide.home import Home
from tests.desk.pages import links, text_of, total

ASKED = {"since": "2026-02-15", "until": "2026-02-22", "least": "2"}


@pytest.fixture
def channels(manager):
    return lambda **asked: text_of(manager.get("/metrics/acquisition/channels/", {**ASKED, **asked}))


@pytest.fixture
def cohorts(manager):
    return lambda **asked: text_of(manager.get("/metrics/acquisition/cohorts/", asked))


def test_the_page_brings_the_ranking_and_the_weeks(manager):
    page = text_of(manager.get("/metrics/acquisition/", {"of": "search"}))
    assert 'hx-get="/metrics/acquisition/channels/?of=search"' in page
    assert 'hx-get="/metrics/acquisition/cohorts/?of=search"' in page
    assert '<option value="kol-7">' in page
    assert 'value="200"' in page


def test_channels_stand_ranked_with_the_range_of_every_figure(channels, shown_home):
    page, told = (
        channels(),
        Home(shown_home.path).acquisition(
            least_users=2, since=date.fromisoformat("2026-02-15"), until=date.fromisoformat("2026-02-22")
        ),
    )
    assert [int(rank) for rank in re.findall(r"<tr><td>(\d+)</td>", page)] == [row.rank for row in told.rows if row.rank]
    chart = json.loads(re.search(r'id="channels-data" type="application/json">(.*?)</script>', page)[1])
    assert [row["name"] for row in chart["rows"]] == [row.channel_id for row in told.rows if row.rank]
    assert all(row["low"] <= row["value"] <= row["high"] for row in chart["rows"])
    assert "brings most" in page
    assert "%</small>" in page
    assert re.search(r"Linked accounts: .*?links", page)


def test_channels_of_few_users_have_no_rank_and_no_picture(channels):
    page = channels(least="200")
    assert "so none is ranked" in page
    assert 'data-chart="intervals"' not in page
    assert "<tr><td>–</td>" in page


def test_every_figure_of_a_channel_opens_its_users(channels, manager, shown_home):
    told = {
        row.channel_id: row
        for row in Home(shown_home.path)
        .acquisition(since=date.fromisoformat("2026-02-15"), until=date.fromisoformat("2026-02-22"))
        .rows
    }
    opened = 0
    for address, _words in links(channels()):
        asked = dict(re.findall(r"(\w+)=([^&]*)", address))
        if asked["figure"] == "ltv_30":
            continue
        figure = getattr(told[asked["of_channel"]], asked["figure"])
        assert total(text_of(manager.get(address))) == (figure if isinstance(figure, int) else figure.users)
        opened += 1
    assert opened > 8


def test_weeks_show_how_many_came_and_how_many_came_back(cohorts, manager, shown_home):
    page, told = cohorts(), Home(shown_home.path).cohort_quality()
    chart = json.loads(re.search(r'id="cohorts-data" type="application/json">(.*?)</script>', page)[1])
    users = [row.users for row in told.rows]
    assert chart["bars"]["values"] == users[-len(chart["labels"]) :]
    assert sum(chart["bars"]["values"]) == sum(users)
    opened = [(address, words) for address, words in links(page) if re.fullmatch(r"[\d,]+", words)]
    for address, words in opened[:3]:
        assert total(text_of(manager.get(address))) == int(words.replace(",", ""))
    assert "No week is old enough yet" in page


def test_of_one_channel(cohorts):
    assert "How good the newcomers were · search" in cohorts(of="search")


def test_too_young_users_and_a_bad_number_are_told(manager):
    assert "37 days" in text_of(manager.get("/metrics/acquisition/channels/", {"until": "2026-03-31"}))
    assert manager.get("/metrics/acquisition/channels/", {"least": "few"}).status_code == 400


def test_who_shares_a_device_is_not_for_everybody(browser_of, serves, shown_home):
    serves(shown_home)
    asked = {"of_channel": "search", "figure": "linked", "from": "2026-02-15", "to": "2026-02-22"}
    assert browser_of("analyst").get("/users/list/", asked).status_code == 403
    assert browser_of("operator").get("/metrics/acquisition/").status_code == 200
    assert browser_of("collaborator").get("/metrics/acquisition/").status_code == 403
