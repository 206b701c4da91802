"""Metrics: the catalogue, a page for each with its figures and definition, and signals that people answer."""

import re

import pytest

from springtide.analytics.metrics.served import SERVED
from springtide.desk.metrics import THEMES
from springtide.home import Home
from springtide.operations.definitions import reads
from tests.desk.pages import links, text_of, total


@pytest.fixture(autouse=True)
def nothing_is_written(monkeypatch):
    """A test is one transaction that never ends, and files are written when one does: here not at all."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda do, **_: None)


@pytest.mark.parametrize("theme", THEMES)
def test_every_metric_of_a_theme_has_a_line_with_its_value_or_the_reason(manager, theme):
    page = text_of(manager.get(f"/metrics/theme/{theme}/"))
    for asked in SERVED:
        assert (f"/metrics/of/{asked.key}/" in page) == (asked.theme == theme)
    assert page.count("<tr>") == 1 + sum(asked.theme == theme for asked in SERVED)


def test_a_metric_says_what_it_asks_and_how_it_is_reckoned(manager):
    page = text_of(manager.get("/metrics/of/take_rate/"))
    assert "What share of volume became fees?" in page
    assert "Formula" in page
    assert "/changes/?metric=take_rate" in page


@pytest.mark.parametrize("asked", [{}, {"period": "day"}, {"by": "country"}, {"by": "lifecycle"}, {"by": "product"}])
def test_its_figures_are_told_by_period_and_by_group(manager, asked):
    page = text_of(manager.get("/metrics/of/volume/figures/", asked))
    assert "<tbody><tr>" in page
    assert 'data-chart="lines"' in page


def test_what_was_never_given_is_told_with_its_reason(manager):
    page = text_of(manager.get("/metrics/of/incentive_dependent_share/figures/", {"period": "day"}))
    assert "Not available." in page
    assert "reward_entries" in page


def test_the_catalogue_opens_and_what_is_unknown_is_told(manager):
    page = text_of(manager.get("/metrics/"))
    assert page.count('hx-get="/metrics/theme/') == len(THEMES)
    assert manager.get("/metrics/of/happiness/").status_code == 404
    assert manager.get("/metrics/theme/happiness/").status_code == 404
    assert manager.get("/metrics/of/volume/figures/", {"by": "moon"}).status_code == 404


def test_a_watched_metric_is_owned_and_noted_on_by_those_who_may(manager, browser_of):
    assert "What is usual" in text_of(manager.get("/metrics/of/registrations/watch/"))
    manager.post("/metrics/of/registrations/own/", {"owner": "manager"})
    assert reads.definition("signal_owner", "registrations").body == {"owner": "manager"}
    sent = {"title": "New app", "kind": "release", "since": "2026-03-20", "only": "1"}
    manager.post("/metrics/of/registrations/note/", sent)
    [noted] = reads.definitions("annotation")
    assert (noted.title, noted.body["metrics"]) == ("New app", ["registrations"])

    refused = text_of(manager.post("/metrics/of/registrations/note/", {**sent, "kind": "moon"}, follow=True))
    assert "moon" in refused
    qc = browser_of("qc_reviewer")
    assert qc.post("/metrics/of/registrations/own/", {"owner": "manager"}).status_code == 403
    assert "Note it" not in text_of(qc.get("/metrics/of/registrations/watch/"))


def test_a_signal_that_is_not_there_cannot_be_answered(manager):
    page = text_of(manager.post("/metrics/of/registrations/answer/", {"signal": "gone", "answer": "explained"}, follow=True))
    assert "not there any more" in page


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("registrations", {"period": "week"}),
        ("active_traders", {"period": "day", "by": "country"}),
        ("active_traders", {"period": "week", "country": "SG"}),
        ("first_trade_7d", {"period": "month"}),
    ],
)
def test_a_value_opens_the_users_whom_it_counts(manager, key, asked):
    page = text_of(manager.get(f"/metrics/of/{key}/figures/", asked))
    counts = [(address, words) for address, words in links(page) if re.fullmatch(r"[\d,]+", words)]
    assert len(counts) > 3 or key == "first_trade_7d"
    for address, users in counts[:4]:
        assert total(text_of(manager.get(address))) == int(users.replace(",", ""))


def test_a_ratio_stands_with_its_two_sides_and_the_list_says_which(manager):
    page = text_of(manager.get("/metrics/of/take_rate/figures/", {"period": "week"}))
    assert "Numerator" in page
    [above, below] = [
        next(address for address, _ in links(page) if side in address) for side in ("metric=", "side=denominator")
    ]
    assert "above the line" in text_of(manager.get(above))
    assert "below the line" in text_of(manager.get(below))


def test_a_list_behind_a_value_becomes_a_segment_of_as_many(manager, own_home, commits_at_once):
    page = text_of(manager.get("/metrics/of/registrations/figures/", {"period": "week"}))
    address, users = next((address, words) for address, words in links(page) if address.startswith("/users/list/"))
    manager.post(address.replace("/users/list/", "/segments/save/"), {"title": "Newcomers"})
    assert Home(own_home.path).segment_members("newcomers").total == int(users.replace(",", ""))


def test_a_list_behind_no_value_is_told(manager):
    assert manager.get("/users/list/", {"metric": "happiness", "from": "2026-03-01", "to": "2026-03-01"}).status_code == 404
    assert manager.get("/users/list/", {"metric": "trades", "from": "soon", "to": "2026-03-01"}).status_code == 400
