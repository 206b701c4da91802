"""A manager's path through the page of rewards, by what is written on the screen."""

import pytest

from tests.desk.browsing import EVERY_WAY, faults, ready

pytestmark = pytest.mark.browser


def test_a_manager_opens_budgets_publishes_an_offer_and_adjusts(signed_in, served):
    page = signed_in
    page.goto(f"{served[0]}/rewards/")
    page.get_by_role("heading", name="No budget yet.").wait_for()
    assert not faults(page, EVERY_WAY)

    for key, title, kind, inside, amount in (
        ("april", "April", "Plan", "no other", "50,000"),
        ("win-back", "Win back", "Campaign", "April", "8000"),
    ):
        if key != "april":
            page.locator("summary", has_text="Open a budget").click()
        form = page.locator("details", has=page.locator("summary", has_text="Open a budget"))
        form.get_by_label("Key").fill(key)
        form.get_by_label("Title").fill(title)
        form.get_by_label("Kind").select_option(label=kind)
        form.get_by_label("Inside").select_option(label=inside)
        form.get_by_label("USDT").fill(amount)
        form.get_by_role("button", name="Open it").click()
        page.get_by_text("The budget is as you say.").wait_for()

    page.locator("summary", has_text="Publish an offer").click()
    form = page.locator("details", has=page.locator("summary", has_text="Publish an offer"))
    form.get_by_label("Key").fill("fees")
    form.get_by_label("Title").fill("Fees back")
    form.get_by_label("Kind").select_option(label="Fee voucher")
    form.get_by_label("Up to, USDT").fill("10")
    form.get_by_label("Terms, one a line").fill("net_deposit_usdt: 100\nlock_days: 7")
    form.get_by_role("button", name="Publish").click()
    page.get_by_text("version 1, can be given").wait_for()

    page.get_by_label("Shall have, in USDT").fill("60000")
    page.get_by_role("button", name="Give it this amount").click()
    page.get_by_text("It waits for somebody who must agree.").or_(page.get_by_text("The budget is as you say.")).wait_for()
    page.get_by_role("row", name="Win back").wait_for()
    ready(page)
    assert not faults(page, EVERY_WAY)
