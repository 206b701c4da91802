"""The console over small homes that were closed for it, and the people who sign in."""

from __future__ import annotations

import shutil

import pytest
from django.test import Client

from springtide.home import Home
from springtide.operations.members.actions import create_member
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
