"""A person's path through the console, by what is written on the screen: Chromium before `springtide serve`, worker and all."""

import re

import pytest

from tests.desk.browsing import EVERY_WAY, PHONE, browsing, counted, faults, ready, violations

pytestmark = pytest.mark.browser

TRADES = """成交ID,用户ID,成交时间,交易对,方向,成交价,数量,成交额,手续费
t1,u00010,2026-04-01 07:30:00,BTCUSDT,买入,60000,0.01,600,0.6
t2,u00011,2026-04-01 23:30:00,BTCUSDT,卖出,60000,0.02,1200,1.2
t3,u00012,2026-04-01 09:00:00,BTCUSDT,买入,60000,-0.01,600,0.6
"""


@pytest.fixture
def stranger(chromium):
    with browsing(chromium) as page:
        yield page


@pytest.fixture
def page(signed_in, served):
    """A manager's browser before the Overview."""
    signed_in.goto(served[0])
    ready(signed_in)
    return signed_in


def test_a_manager_reads_the_overview_opens_a_list_and_comes_back_to_the_same_view(page):
    assert re.search(r"\d+ traded in the last 7 days", page.locator(".answer").inner_text())
    assert page.locator(".number").count() == 5
    for name in ("growth", "moves"):
        assert page.locator(f'[data-chart="{name}"] svg').count() == 1
    users = int(page.locator(".number a.value").first.inner_text().replace(",", ""))
    page.locator(".number a.value").first.click()
    assert counted(page) == users
    page.go_back()
    ready(page)

    page.get_by_label("Country").select_option("SG")
    page.wait_for_url("**country=SG**")
    ready(page)
    page.locator("#tile-strata").get_by_role("link", name="Assets").click()
    page.locator("#tile-strata").get_by_text("Whale").wait_for()
    page.locator("#tile-growth").get_by_role("link", name="Month").click()
    page.wait_for_url("**period=month**")
    assert "country=SG" in page.url
    assert "by=assets" in page.url
    page.reload()
    ready(page)
    assert page.locator("#tile-growth [aria-current]").all_inner_texts() == ["Users", "Month"]
    assert page.locator("#tile-strata [aria-current]").all_inner_texts() == ["Assets"]


def test_a_cell_of_the_map_opens_its_users_and_a_chart_has_its_table(page):
    cell = page.locator("#tile-map td a").first
    users = int(cell.inner_text().replace(",", ""))
    cell.click()
    assert counted(page) == users
    page.go_back()
    ready(page)
    twin = page.locator("#tile-growth details.twin")
    twin.locator("summary").click()
    assert twin.locator("tbody tr").count() > 3
    chart = page.get_by_role("img", name="Growth accounting as stacked bars")
    assert chart.is_visible()


def test_the_keyboard_finds_users_pages_and_rows(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "seek"
    page.keyboard.type("u00010")
    page.keyboard.press("Enter")
    page.wait_for_url("**user=u00010")
    assert page.get_by_role("heading", level=1).inner_text() == "u00010"
    page.keyboard.press("g")
    page.keyboard.press("u")
    page.wait_for_url("**/users/")
    page.goto(page.url + "list/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.rowIndex") == 2
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard").is_visible()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_colours_follow_the_system_until_somebody_chooses(page):
    surface = "getComputedStyle(document.body).backgroundColor"
    drawn = "document.querySelector('#tile-growth svg text').getAttribute('fill')"
    light, light_text = page.evaluate(surface), page.evaluate(drawn)
    page.emulate_media(color_scheme="dark")
    for _ in range(50):
        if page.evaluate(drawn) != light_text:
            break
        page.wait_for_timeout(100)
    assert page.evaluate(drawn) != light_text
    dark = page.evaluate(surface)
    assert dark != light
    switch = page.get_by_role("button", name="Colours")
    switch.click()
    assert (switch.inner_text(), page.evaluate(surface)) == ("Light", light)
    page.reload()
    assert page.evaluate(surface) == light
    switch.click()
    switch.click()
    assert (switch.inner_text(), page.evaluate(surface)) == ("System", dark)


def test_a_member_changes_the_language_and_everything_follows(page):
    page.get_by_label("Language", exact=True).first.select_option("zh-hans")
    page.get_by_role("heading", name="总览").wait_for()
    ready(page)
    shown = page.locator("main").inner_text()
    for word in ("活跃交易用户", "重要变动", "值得跟进的名单", "增长核算", "生命周期", "最近 7 天有"):
        assert word in shown
    assert not re.search(r"\b(Lifecycle|Strata|Moves|Users|Not available)\b", shown)
    page.locator("#language").select_option("en")
    page.get_by_role("heading", name="Overview").wait_for()


def test_a_file_is_dropped_looked_at_imported_and_closed(page, tmp_path):
    file = tmp_path / "四月成交.csv"
    file.write_text(TRADES, encoding="gb18030")
    page.get_by_role("link", name="Import").click()
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_role("heading", name="四月成交.csv").wait_for()
    assert page.get_by_label("成交额").input_value() == "notional_usdt"
    page.get_by_label("Time zone of the times").fill("Asia/Shanghai")
    page.get_by_label("Keep these choices as the mapping").fill("april_trades")
    page.get_by_role("button", name="Look before it goes in").click()
    page.get_by_role("heading", name="Of 3 rows 1 would be quarantined").wait_for()
    assert "quantity is negative" in page.locator("#preview").inner_text()
    page.get_by_role("button", name="Import; the rest goes to quarantine").click()
    page.get_by_role("heading", name="Done").wait_for()
    row = page.get_by_role("row", name="spot_trades").inner_text().split()
    assert row[1:] == ["3", "2", "0", "0", "1"]
    page.get_by_role("button", name="Close the days").click()
    page.get_by_text("1 day closed, through 1 Apr 2026.").wait_for()
    page.get_by_role("link", name="To the Overview").click()
    ready(page)
    assert page.get_by_label("As of").input_value() == ""
    assert "1 Apr 2026" in page.get_by_label("As of").inner_text()


ADDRESSES = (
    "/users/one/?user=u00010",
    "/explore/?kind=retention",
    "/explore/?kind=funnel",
    "/explore/?kind=trend",
    "/dashboards/",
    "/metrics/",
    "/metrics/of/registrations/",
    "/metrics/tree/",
    "/metrics/acquisition/?least=2",
    "/changes/",
    "/segments/",
    "/segments/edit/",
    "/diagnosis/",
    "/strategy/",
    "/", "/users/", "/users/list/?lifecycle=repeat", "/users/list/?user=nobody", "/data/", "/data/quarantine/", "/data/restatements/",
    "/data/definitions/", "/data/definitions/behaviour/", "/strategy/edit/", "/strategy/edit/?cell=lapsing:high:*", "/data/import/",
    "/account/", "/admin/members/", "/admin/audit/", "/admin/schedules/", "/approvals/",
    "/nowhere/",
)  # fmt: skip


@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_stands_in_the_way_of_a_screen_reader_in_light_and_dark_and_on_a_phone(signed_in, served, path):
    page = signed_in
    page.goto(served[0] + path)
    ready(page)
    page.complaints[:] = [said for said in page.complaints if "404" not in said]
    assert not faults(page, EVERY_WAY)


def test_the_door_is_clean_too(stranger, served):
    stranger.goto(f"{served[0]}/sign-in/")
    assert not violations(stranger)
    stranger.set_viewport_size(PHONE)
    stranger.emulate_media(color_scheme="dark")
    assert not violations(stranger)


def test_a_token_is_made_shown_once_and_revoked(signed_in, served):
    page = signed_in
    page.goto(f"{served[0]}/account/")
    page.get_by_label("Name of the program").fill("notebook")
    page.get_by_label("see the Overview").check()
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("heading", name="Your new token").wait_for()
    assert page.locator("pre").first.inner_text().startswith("spt_")
    assert not violations(page)
    page.get_by_role("link", name="To your account").click()
    page.get_by_role("button", name="Revoke notebook").click()
    page.get_by_text("You have no token.").wait_for()


def test_the_documentation_of_the_api_needs_nothing_from_elsewhere(signed_in, served):
    page = signed_in
    elsewhere = []
    page.on(
        "request", lambda request: elsewhere.append(request.url) if not request.url.startswith((served[0], "data:")) else None
    )
    page.goto(f"{served[0]}/api/v1/docs")
    page.get_by_text("/api/v1/strata").first.wait_for()
    assert elsewhere == []


def test_an_upload_is_clean_for_a_screen_reader_with_its_preview(signed_in, served, tmp_path):
    page = signed_in
    page.goto(f"{served[0]}/data/import/")
    file = tmp_path / "成交五月.csv"
    file.write_text(TRADES.replace("成交ID", "流水号"), encoding="utf-8")
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_label("Time zone of the times").fill("UTC")
    page.get_by_role("button", name="Look before it goes in").click()
    page.locator("#preview h2").wait_for()
    assert not violations(page)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    assert not violations(page)
