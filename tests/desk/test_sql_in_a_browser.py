"""An analyst's path through the SQL page, by what is written on the screen."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from tests.desk.conftest import PASSWORD
from tests.desk.test_browser import DESKTOP, PHONE, SERVE, browsing, chromium, violations  # noqa: F401 – chromium is a fixture

pytestmark = pytest.mark.browser

ADD = """
import sys
from pathlib import Path
from springtide.desk.serve import prepare
prepare(Path(sys.argv[1]))
from springtide.kernel import clock
from springtide.operations.members.actions import create_member
create_member(username='analyst', display_name='Analyst', role='analyst', password=sys.argv[2], now=clock.now(),
              granted_rights=['export_users'])
"""


@pytest.fixture(scope="module")
def address(shown_home, tmp_path_factory):
    """The console over a home of its own, in which an analyst can sign in."""
    home = tmp_path_factory.mktemp("served-sql") / "home"
    shutil.copytree(shown_home.path, home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "SPRINGTIDE", "DATABASE"))}
    subprocess.run([sys.executable, "-c", ADD, str(home), PASSWORD], env=clean, check=True, timeout=60)
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(home), str(port)], env=clean, stdout=subprocess.DEVNULL)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def state(chromium, address):  # noqa: F811
    """What a browser keeps of an analyst who signed in by hand."""
    with browsing(chromium) as page:
        page.goto(f"{address}/sql/")
        page.get_by_label("Name").fill("analyst")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="SQL").wait_for()
        return page.context.storage_state()


@pytest.fixture
def page(chromium, address, state):  # noqa: F811
    with browsing(chromium, storage_state=state) as page:
        page.goto(f"{address}/sql/")
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


def test_nothing_stands_in_the_way_of_a_screen_reader_in_light_and_dark_and_on_a_phone(page, address):
    page.goto(f"{address}/sql/?saved=countries")
    page.get_by_role("button", name="Run").click()
    page.locator("#rows-title").wait_for()
    for size, scheme in ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
