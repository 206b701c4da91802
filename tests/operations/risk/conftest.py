"""Two of risk control, and a home of its own for the gates in force."""

from __future__ import annotations

import pytest

from springtide.operations.members.actions import create_member
from tests.operations.conftest import NOON, PASSWORD


@pytest.fixture
def risk_collaborator(db):
    return _of_risk("risk_one")


@pytest.fixture
def second_of_risk(db):
    return _of_risk("risk_two")


def _of_risk(username):
    return create_member(
        username=username, display_name=username, role="collaborator", department="risk", password=PASSWORD, now=NOON
    )


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path):
    settings.SPRINGTIDE_HOME = str(tmp_path / "home")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "springtide.toml").write_text("", encoding="utf-8")
