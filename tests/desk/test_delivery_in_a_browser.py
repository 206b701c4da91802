"""A manager's path through the pages of messages and connectors, by what is written on the screen."""

import pytest

from tests.desk.browsing import EVERY_WAY, faults

pytestmark = pytest.mark.browser


def test_a_manager_writes_a_template_and_sees_what_users_read_while_typing(signed_in, served):
    page = signed_in
    page.goto(f"{served.address}/messages/new/")
    page.get_by_role("textbox", name="Title", exact=True).fill("Welcome")
    page.get_by_role("textbox", name="Key", exact=True).fill("welcome")
    english, chinese = (page.get_by_role("group", name=name) for name in ("English", "简体中文"))
    english.get_by_label("Subject").fill("Welcome, {{ name }}")
    english.get_by_role("textbox", name="Text", exact=True).fill("Your bonus of {{ amount }} USDT waits.")
    chinese.get_by_role("textbox", name="Text", exact=True).fill("{{ amount }} USDT 奖励等您领取。")
    page.get_by_label("An example of amount").fill("25")
    page.get_by_label("If name is not known").select_option("put this in its place")
    page.get_by_label("In place of name").fill("trader")
    page.get_by_text("Your bonus of 25 USDT waits.").wait_for()
    page.get_by_text("Welcome, trader").wait_for()
    page.locator("#preview").get_by_text("25 USDT 奖励等您领取。").wait_for()
    assert not faults(page, EVERY_WAY)

    page.get_by_role("button", name="Put it in force").click()
    page.get_by_text("The template is in force.").wait_for()
    page.get_by_role("link", name="Messages").first.click()
    page.get_by_role("link", name="Welcome", exact=True).wait_for()
    assert not faults(page)


def test_nothing_stands_in_the_way_on_the_page_of_connectors(signed_in, served):
    signed_in.goto(f"{served.address}/admin/connectors/")
    signed_in.get_by_text("nothing sent in a day").wait_for()
    assert not faults(signed_in, EVERY_WAY)
