"""A path of risk control through the queue, by what is written on the screen."""

import pytest

from tests.desk.browsing import EVERY_WAY, browsing, faults
from tests.desk.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium, served):
    with browsing(chromium) as page:
        page.goto(f"{served.address}/risk/")
        page.get_by_label("Name").fill("risk")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Risk queue").wait_for()
        yield page


def test_a_user_is_flagged_appeals_and_is_heard(page, served):
    page.get_by_text("users: allowed").wait_for()
    assert not faults(page, EVERY_WAY)
    form = page.locator("form", has=page.get_by_role("button", name="Put the flag up"))
    form.get_by_label("User").fill("u00007")
    form.get_by_label("A word why").fill("called")
    form.get_by_role("button", name="Put the flag up").click()
    page.get_by_text("The flag is up. It holds at once.").wait_for()
    page.get_by_role("link", name="u00007").first.click()
    page.get_by_text("Flagged by risk control").wait_for()
    page.locator("summary", has_text="Restrictions").click()
    page.get_by_text("Held by risk control: yes").first.wait_for()
    assert not faults(page, EVERY_WAY)

    page.get_by_label("The user asks for another look").fill("It was my card.")
    page.get_by_role("button", name="File the appeal").click()
    page.get_by_text("The appeal waits for risk control.").wait_for()
    assert not faults(page, EVERY_WAY)
    page.get_by_label("Why", exact=True).fill("not mine to decide")
    page.get_by_role("button", name="Deny").click()
    page.get_by_text("Somebody else of risk control must look at it.").wait_for()

    page.goto(f"{served.address}/risk/gates/")
    page.get_by_role("heading", name="Linked accounts").wait_for()
    assert not faults(page, EVERY_WAY)
    page.get_by_role("link", name="Change the matrix").click()
    page.get_by_role("textbox", name="As text").wait_for()
    assert not faults(page, EVERY_WAY)
