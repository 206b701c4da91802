"""An analyst's path through the SQL page, by what is written on the screen."""

import pytest

from tests.desk.browsing import EVERY_WAY, browsing, faults

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium, served, state_of):
    with browsing(chromium, storage_state=state_of("analyst")) as page:
        page.goto(f"{served.address}/sql/")
        yield page


def test_an_analyst_asks_looks_exports_saves_and_keeps_the_users(page):
    page.get_by_role("link", name="Lifecycle by day").click()
    page.get_by_role("textbox", name="Statement").press("Control+Enter")
    page.get_by_role("img", name="The rows of the answer as a picture").locator("svg").wait_for()

    page.get_by_role("textbox", name="Statement").fill("select user_id, country from profiles where country = 'SG' and ")
    page.locator(".schema summary", has_text="profiles").click()
    page.get_by_role("button", name="is_counted").click()
    page.get_by_role("button", name="Run").click()
    keep = page.locator("summary", has_text="users as a list")
    keep.wait_for()
    assert "?run=" in page.url
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    keep.click()
    page.locator("#answer").get_by_label("Title").fill("From Singapore")
    page.get_by_role("button", name="Save as a segment").click()
    page.get_by_text("The list “From Singapore” has").wait_for()

    page.get_by_text("Save this query").click()
    page.locator("form[data-sql]").get_by_label("Title").fill("Singapore")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Singapore", exact=True).wait_for()


def test_a_statement_over_a_second_shows_that_it_goes_on(page):
    page.get_by_role("textbox", name="Statement").fill("select count(*) as n from range(200000) a, range(200000) b")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("heading", name="Running").wait_for()
    page.get_by_text("40,000,000,000").or_(page.get_by_text("was stopped")).wait_for(timeout=60_000)


def test_a_mistake_is_told_beside_the_statement(page):
    page.get_by_role("textbox", name="Statement").fill("select cuntry from users")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("alert").get_by_text("cuntry").first.wait_for()


def test_nothing_stands_in_the_way_of_a_screen_reader_in_light_and_dark_and_on_a_phone(page, served):
    page.goto(f"{served.address}/sql/?saved=countries")
    page.get_by_role("button", name="Run").click()
    page.locator("#rows-title").wait_for()
    assert not faults(page, EVERY_WAY)
