"""Data: what is there, what is not and why, what was refused, what was restated, and by which rules users are placed."""

import re

import pytest

from springtide.analytics.facts import fact_schema
from tests.desk.pages import links, text_of
from tests.desk.shown_home import MADE_AT

PAGES = ("/data/", "/data/quarantine/", "/data/restatements/", "/data/definitions/")


def test_every_table_says_how_far_it_reaches_and_what_is_missing_says_why(manager):
    page = text_of(manager.get("/data/"))
    row = re.search(r"<code>spot_trades</code>.*?</tr>", page, re.S)[0]
    assert "31 Mar 2026" in row
    assert "up to date" in row
    assert "given, empty" in re.search(r"<code>restrictions</code>.*?</tr>", page, re.S)[0]
    assert "no reward_entries was given" in page
    assert "<code>reward_entries</code>" in page.split("Never given")[1]
    assert "Closed through 31 Mar 2026." in page


def test_a_home_without_anything_says_so(browser_of, serves, empty_home):
    serves(empty_home)
    manager = browser_of("manager")
    assert "Nothing has been imported yet." in text_of(manager.get("/data/"))
    assert "Nothing is in quarantine." in text_of(manager.get("/data/quarantine/"))
    assert "No published figure has moved." in text_of(manager.get("/data/restatements/"))
    assert "Restricted" in text_of(manager.get("/data/definitions/"))


@pytest.fixture
def with_quarantine(empty_home, serves):
    """Three refused rows: two break one rule."""
    rows = [
        ("spot_trades", "trades.csv", 7, "price", "-5", "negative", '{"price": "-5"}', "", "2026-03-31 00:00:00"),
        ("spot_trades", "trades.csv", 9, "price", "-6", "negative", '{"price": "-6"}', "", "2026-03-31 00:00:00"),
        ("users", "users.csv", 2, None, "a,b,c", "layout", '{"text": "<b>a,b,c"}', "", "2026-03-31 00:00:00"),
    ]
    with empty_home.engine() as engine, empty_home.lake.writing() as publication:
        engine.table("given_rows", fact_schema("quarantine"), rows)
        path = publication.new_path("quarantine")
        publication.add("quarantine", path, rows=engine.write("select * from given_rows", path))
        publication.commit(now=MADE_AT)
    return serves(empty_home)


def test_refused_rows_are_told_by_rule_and_as_they_came(with_quarantine, browser_of):
    manager = browser_of("manager")
    page = text_of(manager.get("/data/quarantine/"))
    assert "price is negative" in page
    assert "the row does not split into the fields of the heading" in page
    assert "&lt;b&gt;a,b,c" in page
    assert "<b>a,b,c" not in page
    [address] = [address for address, words in links(page) if words == "2"]
    some = text_of(manager.get(address))
    assert '<h2 id="rows-title">2 rows</h2>' in some
    assert "a,b,c" not in some.split('id="rows-title"')[1]


def test_a_table_that_nothing_has_is_not_found(with_quarantine, browser_of):
    assert browser_of("manager").get("/data/quarantine/?table=spot_trade").status_code == 404


def test_figures_that_moved_are_told_with_what_they_were(empty_home, serves, browser_of):
    note = {"day": "2026-03-30", "figures": {"spot_trades": [10, 12], "spot_fees_usdt": [1_500_000, 1_750_000]}}
    with empty_home.lake.writing() as publication:
        publication.note("restatements", [{**note, "at": "2026-04-01T00:00:00+00:00"}])
        publication.commit(now=MADE_AT)
    serves(empty_home)
    page = re.sub(r"<[^>]+>", " ", text_of(browser_of("manager").get("/data/restatements/")))
    assert "30 Mar 2026 Spot trades 10 12 2" in " ".join(page.split())
    assert "Spot fees 1.50 1.75 0.25" in " ".join(page.split())


def test_definitions_are_read_downwards_with_their_version(manager):
    page = text_of(manager.get("/data/definitions/"))
    assert page.count("version 1") == 9
    lifecycle = page.split('id="lifecycle"')[1].split("</section>")[0]
    assert "days_since_trade &gt; 90" in lifecycle
    assert lifecycle.index("Dormant") < lifecycle.index("Lapsing") < lifecycle.index("Repeat trader")


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("manager", 200),
        ("analyst", 200),
        ("operator", 200),
        ("qc_reviewer", 200),
        ("approver", 200),
        ("admin", 200),
        ("collaborator", 403),
    ],
)
def test_who_may_see_it(browser_of, serves, shown_home, address, role, status):
    serves(shown_home)
    if address == "/data/quarantine/" and role not in ("manager", "analyst"):
        status = 403  # rows of users
    assert browser_of(role).get(address).status_code == status


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_is_sent_to_the_door(client, serves, shown_home, db, address):
    serves(shown_home)
    assert client.get(address).url == f"/sign-in/?next={address}"


def test_the_side_bar_shows_only_what_a_member_may_open(browser_of, serves, shown_home):
    serves(shown_home)

    def side(role):
        page = text_of(browser_of(role).get("/account/"))
        return [words for _, words in links(page.split("<nav")[1].split("</nav>")[0])]

    sides = {role: side(role) for role in ("manager", "operator", "admin", "collaborator")}
    assert {"Overview", "Users", "Quarantine", "Import", "Approvals", "Members", "Audit", "Schedules"} <= set(sides["manager"])
    assert {"Overview", "Users", "Freshness", "Audit"} <= set(sides["operator"])
    assert not {"Quarantine", "Import", "Approvals", "Members", "Schedules"} & set(sides["operator"])
    assert sides["admin"] == ["Freshness", "Restatements", "Definitions", "Members", "Audit", "Schedules", "Connectors"]
    assert sides["collaborator"] == ["Segments", "Strategy", "Audit"]
