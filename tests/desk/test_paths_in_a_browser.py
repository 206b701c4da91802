"""A person's path on each page, by what is written on the screen; what the page shows at its end stands in nobody's way."""

import re

import pytest
from playwright.sync_api import expect

from tests.desk.browsing import browsing, counted, faults, figure, ready
from tests.desk.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def at(signed_in, served):
    """A manager's browser, and how to go somewhere with it: `at("/explore/")`."""

    def go(path):
        signed_in.goto(served.address + path)
        ready(signed_in)
        return signed_in

    return go


@pytest.fixture
def approve(chromium, served, state_of):
    """Another member approves what waits under a title, after looking at what it would change."""

    def say_yes(title, *changes):
        with browsing(chromium, storage_state=state_of("approver")) as page:
            page.goto(f"{served.address}/approvals/")
            page.get_by_role("link", name=title).click()
            for change in changes:
                page.get_by_text(change).first.wait_for()
            assert not faults(page)
            page.get_by_label("Your password").fill(PASSWORD)
            page.get_by_role("button", name="Approve").click()
            page.get_by_text("Your answer is written down.").wait_for()

    return say_yes


def opens_what_it_says(page, link):
    """A figure opens as many users as it says."""
    users = figure(link)
    link.click()
    page.locator(".list h2").wait_for()
    assert counted(page) == users


def test_explore_a_question_is_built_its_users_become_a_segment_and_its_answer_is_pinned(at):
    page = at("/explore/")
    page.get_by_role("link", name="Trend").click()
    page.get_by_label("Split by").select_option("lifecycle")
    page.wait_for_url("**split=lifecycle**")
    page.locator("#answer svg").wait_for()
    assert "Repeat trader" in page.locator(".answer").inner_text()
    page.get_by_text("Show as a table").click()
    assert page.locator("#answer tbody tr").count() > 5

    page.get_by_role("link", name="Funnel").click()
    page.get_by_label("Step 2").select_option("traded_spot")
    page.wait_for_url("**step=traded_spot**")
    ready(page)
    asked = page.url
    opens_what_it_says(page, page.locator("#answer tbody a").last)
    users = counted(page)
    page.get_by_label("Name of the segment").fill("Came to the end")
    page.get_by_role("button", name="Save as a segment").click()
    page.get_by_role("heading", name="Came to the end").wait_for()

    page.goto(asked)
    ready(page)
    page.get_by_label("Title").fill("To the first trade")
    page.get_by_role("button", name="Pin it").click()
    page.get_by_role("heading", name="To the first trade", level=1).wait_for()
    ready(page)
    assert figure(page.locator(".tile tbody a").last) == users
    page.get_by_role("button", name="Share it").click()
    page.get_by_text("shared").first.wait_for()
    ready(page)
    assert not faults(page)
    page.get_by_role("link", name="Dashboards").click()
    page.get_by_role("link", name="To the first trade").wait_for()
    assert not faults(page)


def test_metrics_one_is_found_and_its_figures_are_told_by_week(at):
    page = at("/metrics/")
    page.get_by_role("link", name="Registrations", exact=True).first.click()
    page.get_by_role("heading", name="Registrations", level=1).wait_for()
    page.locator("[data-chart] svg").first.wait_for()
    page.get_by_role("link", name="Week").or_(page.get_by_label("By").first).first.wait_for()
    ready(page)
    assert not faults(page)


def test_changes_a_metric_is_taken_apart_into_parts_that_open_their_users(at):
    page = at("/changes/")
    page.get_by_role("combobox", name="Metric", exact=True).select_option("volume")
    page.wait_for_url("**metric=volume**")
    page.locator('[data-chart="waterfall"] svg').wait_for()
    assert re.match(r"Volume went from \S+ to \S+ ", page.locator(".answer").inner_text())
    page.get_by_role("link", name="open the users").first.click()
    assert counted(page) > 0
    page.go_back()
    ready(page)
    assert not faults(page)


def test_segments_one_is_built_sized_put_in_force_and_laid_over_another(at):
    page = at("/segments/")
    page.get_by_role("link", name="Build a segment").click()
    page.get_by_role("combobox", name="Column").select_option("country")
    value = page.get_by_role("textbox", name="Value")
    value.fill("SG")
    value.press("Tab")
    size = page.locator("#size b")
    size.wait_for()
    text = page.get_by_label("As text")
    expect(text).to_have_value("country = 'SG'")
    in_singapore = figure(size)
    text.fill("country = 'SG' and lifecycle = 'repeat'")
    expect(size).not_to_have_text(re.compile(f"^{in_singapore} "))
    smaller = figure(size)
    assert 0 < smaller < in_singapore
    text.fill("country = 'SG' and lifecycl = 'repeat'")
    page.get_by_text("Did you mean 'lifecycle'?").wait_for()
    assert not faults(page)
    text.fill("country = 'SG' and lifecycle = 'repeat'")
    page.get_by_label("Title").fill("Regulars of Singapore")
    page.get_by_role("button", name="Put it in force").click()
    page.get_by_role("heading", name="Regulars of Singapore").wait_for()

    page = at("/segments/edit/?text=country%20%3D%20%27SG%27")
    page.get_by_label("Title").fill("Singapore")
    page.get_by_role("button", name="Put it in force").click()
    page.get_by_role("heading", name="Singapore", exact=True).wait_for()

    page = at("/data/")
    page.get_by_role("button", name="Close the days").click()
    page.get_by_role("heading", name="Done").wait_for()
    page = at("/segments/")
    opens_what_it_says(page, page.get_by_role("row", name="Regulars of Singapore").get_by_role("link").nth(1))
    page = at("/segments/")
    page.get_by_role("combobox", name="One", exact=True).select_option("singapore")
    page.wait_for_url("**left=singapore**")
    page.get_by_role("combobox", name="The other").select_option("regulars_of_singapore")
    page.wait_for_url("**right=regulars_of_singapore**")
    assert figure(page.get_by_role("row", name="In both").locator(".figure")) == smaller
    assert figure(page.get_by_role("row", name="Only in the one").locator(".figure")) == in_singapore - smaller
    assert not faults(page)
    page.get_by_role("link", name="Regulars of Singapore").click()
    assert not faults(page)


def test_diagnosis_a_finding_opens_its_users(at):
    page = at("/diagnosis/")
    opens_what_it_says(page, page.locator("a.figure").first)


def test_users_one_is_opened_and_what_the_team_said_and_did_is_kept(at):
    page = at("/users/")
    opens_what_it_says(page, page.get_by_role("row", name="Repeat trader").get_by_role("link"))
    page.locator("[data-list] tbody a").first.click()
    page.get_by_role("heading", name="Where they stand, and why").wait_for()
    page.locator("summary", has_text="Lifecycle").click()
    page.get_by_role("columnheader", name="What it saw").first.wait_for()
    page.get_by_label("What was said").fill("Asks about contracts")
    page.get_by_role("button", name="Log the contact").click()
    page.get_by_text("Asks about contracts").wait_for()
    page.get_by_role("textbox", name="Note").fill("Prefers the evening")
    page.get_by_role("button", name="Keep the note").click()
    page.get_by_text("Prefers the evening").wait_for()
    page.get_by_role("combobox", name="Tag").fill("evening")
    page.get_by_role("button", name="Put the tag on").click()
    page.get_by_role("button", name="Take the tag evening off").wait_for()
    assert not faults(page)


def test_strategy_a_cell_gets_another_channel_once_somebody_else_said_yes(at, approve):
    page = at("/strategy/")
    page.locator('a[href*="dormant%3Ahigh"]').last.click()
    page.get_by_role("heading", name="Dormant × High").wait_for()
    page.get_by_label("Channel").select_option("call")
    page.get_by_label("Contacts at most").fill("2")
    page.get_by_role("button", name="Save in the draft").click()
    page.get_by_role("row", name="Dormant × High · Channel").wait_for()
    assert not faults(page)
    page.get_by_role("button", name="Submit for approval").first.click()
    page.get_by_text("waits for a second person").first.wait_for()
    approve("Engagement strategy", "Dormant × High · Contacts at most")
    page = at("/strategy/")
    page.get_by_text("version 2").wait_for()


def test_definitions_an_edge_is_moved_once_somebody_else_saw_who_would_move(at, approve):
    page = at("/data/definitions/")
    page.get_by_role("link", name="Change Activity").click()
    page.get_by_text("Nobody would move.").wait_for()
    edge = page.get_by_label("Active: Days since trade")
    edge.fill("3")
    would = page.locator("#effect tbody a").first
    would.wait_for()
    users = figure(would)
    assert re.match(rf"{users} of \d+ users would move", page.locator("#effect .answer").inner_text())
    assert not faults(page)
    would.click()
    assert counted(page) == users
    page.go_back()
    edge.fill("3")
    would.wait_for()
    page.get_by_role("button", name="Submit for approval").first.click()
    page.get_by_text("waits for a second person").first.wait_for()
    approve("Activity", "Days since trade at most 3", f"{users} of")
    page = at("/data/definitions/")
    page.locator("#activity").get_by_text("version 2").wait_for()
    page.locator("#activity").get_by_text("Days since trade at most 3", exact=True).wait_for()
