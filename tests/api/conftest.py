"""The API over a small home, and programs that carry a member's token."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from springtide.kernel import clock
from springtide.operations.members import append_only
from springtide.operations.members.actions import create_member
from springtide.operations.members.tokens import make_token, rights_for_a_token
from tests.desk.shown_home import MADE_AT, make_home

PASSWORD = "a tide that lifts 3 boats"


@pytest.fixture(scope="session")
def small_home(tmp_path_factory):
    """A home in which everything but rewards is known."""
    return make_home(tmp_path_factory.mktemp("small") / "home", users=120, days=40)


@pytest.fixture
def serves(settings):
    """Makes the API serve a home."""

    def serve(home):
        settings.SPRINGTIDE_HOME = home.path
        (home.path / "uploads").mkdir(exist_ok=True)
        return home

    return serve


@pytest.fixture
def token_of(db):
    """Makes a member of a role with a token that carries these rights, or all it can."""

    def make(role, *rights, **more):
        member = create_member(username=role, display_name=role.title(), role=role, password=PASSWORD, now=MADE_AT, **more)
        carried = rights or rights_for_a_token(member)
        return make_token(member, name="program", rights=carried, days=30, now=clock.now()).secret

    return make


@pytest.fixture
def committed(transactional_db):
    """Commits are real, so that other threads see them. The triggers of journals would refuse the emptying that follows."""
    yield
    with connection.schema_editor() as schema:
        for table in ("members_auditrow", "rewards_entry", "rewards_posting"):
            append_only.unguard(schema, table)


@pytest.fixture
def program_of(token_of):
    """A program with a token of a member of a role."""
    return lambda role, *rights, **more: Program(token_of(role, *rights, **more))


@pytest.fixture
def program(program_of, serves, small_home):
    """A manager's program before the small home."""
    serves(small_home)
    return program_of("manager")


class Program:
    """Speaks to the API: what it answers is its JSON, and `status` says how it went."""

    def __init__(self, token):
        self.client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})

    def get(self, address, **query):
        return self._told(self.client.get(f"/api/v1/{address}", query))

    def post(self, address, data=None, **more):
        return self._told(self.client.post(f"/api/v1/{address}", data, **more))

    def delete(self, address):
        return self._told(self.client.delete(f"/api/v1/{address}"))

    def _told(self, response):
        self.status, self.headers = response.status_code, response.headers
        assert response.headers["Content-Type"].startswith("application/json")
        return response.json()
