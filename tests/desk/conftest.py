"""The console over small homes that were closed for it, and the people who sign in."""

from __future__ import annotations

import shutil

import pytest
from django.test import Client

from springtide.home import Home
from springtide.operations.members.actions import create_member
from tests.desk.browsing import FLAGS, browsing, serving
from tests.desk.shown_home import MADE_AT, make_home

PASSWORD = "a tide that lifts 3 boats"


@pytest.fixture(scope="session")
def shown_home(tmp_path_factory):
    """A home in which everything but rewards is known."""
    return make_home(tmp_path_factory.mktemp("shown") / "home", users=400, days=45)


@pytest.fixture(scope="session")
def bare_home(tmp_path_factory):
    """A home that knows fills without fees, and nothing else."""
    return make_home(tmp_path_factory.mktemp("bare") / "home", users=80, days=16, only_trades=True)


@pytest.fixture
def empty_home(tmp_path):
    """A home into which nothing was imported."""
    return Home.create(tmp_path / "home")


@pytest.fixture
def serves(settings):
    """Makes the console serve a home."""

    def serve(home):
        settings.SPRINGTIDE_HOME = home.path
        (home.path / "uploads").mkdir(exist_ok=True)
        return home

    return serve


@pytest.fixture
def own_home(shown_home, tmp_path, serves):
    """A copy of the shown home, served: definitions are written into it."""
    shutil.copytree(shown_home.path, tmp_path / "home", ignore=shutil.ignore_patterns("spill"))
    return serves(Home(tmp_path / "home"))


@pytest.fixture
def commits_at_once(monkeypatch):
    """A test is one transaction that never ends, and files are written when one does: here as soon as they are asked for."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda do, **_: do())


@pytest.fixture
def member_of(db):
    """Makes a member of a role, named after it."""

    def make(role, **more):
        return create_member(username=role, display_name=role.title(), role=role, password=PASSWORD, now=MADE_AT, **more)

    return make


@pytest.fixture
def browser_of(member_of):
    """A signed-in browser of a member of a role."""

    def sign_in(role, **more):
        client = Client()
        client.force_login(member_of(role, **more))
        return client

    return sign_in


@pytest.fixture
def manager(browser_of, serves, shown_home):
    """A manager's browser before the shown home."""
    serves(shown_home)
    return browser_of("manager")


@pytest.fixture(scope="session")
def served(shown_home, tmp_path_factory):
    """A console over a home of its own, for every test with a browser: (address, the founder's name and password)."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(shown_home.path, home)
    with serving(home, PASSWORD) as console:
        yield console


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def state_of(chromium, served):
    """What a browser keeps of a member who signed in by hand: of `founder`, who is a manager, of `analyst` or `approver`."""
    kept = {}

    def sign_in(who):
        if who not in kept:
            name, password = (served.name, served.password) if who == "founder" else (who, PASSWORD)
            with browsing(chromium) as page:
                page.goto(f"{served.address}/users/")
                page.get_by_label("Name").fill(name)
                page.get_by_label("Password").fill(password)
                page.get_by_role("button", name="Sign in").click()
                page.get_by_role("heading", name="Users").wait_for()
                kept[who] = page.context.storage_state()
        return kept[who]

    return sign_in


@pytest.fixture
def signed_in(chromium, state_of):
    """A manager's browser."""
    with browsing(chromium, storage_state=state_of("founder")) as page:
        yield page
