"""`springtide campaign …`: from a YAML file to a funnel, by two people, and what is refused."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import run

FILE = """
key: hello_again
title: Hello again
objective: Bring back traders who went quiet
problem: low_activity
hypothesis: A word brings back one in twenty
audience: {rule: "trades_all > 0"}
steps:
  - {key: hello, do: message, channel: inbox, template: come_back}
measure: {primary: net_revenue, planned_users: 200}
"""
TEMPLATE = {"texts": {"en": {"subject": "Hello", "text": "We missed you."}}, "fallback": "en"}
PASSWORD = "a tide that lifts 3 boats"


@pytest.fixture
def home(first_run, tmp_path):
    """A home of the test's own, with a manager, an approver and a template."""
    path = tmp_path / "home"
    shutil.copytree(first_run[0], path)
    script = f"""
from springtide.kernel import clock
from pathlib import Path
from springtide.desk.serve import prepare
prepare(Path({str(path)!r}))
from springtide.operations.members.actions import create_member
from springtide.operations.definitions.actions import publish_definition
people = {{role: create_member(username=name, display_name=name, role=role, password={PASSWORD!r}, now=clock.now())
           for name, role in (("mia", "manager"), ("al", "approver"))}}
publish_definition("message_template", "come_back", title="Come back", body={TEMPLATE!r}, acting=people["manager"], now=clock.now())
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
    (tmp_path / "hello.yml").write_text(FILE, encoding="utf-8")
    return path


def springtide(home, *words):
    """A command in a process of its own: one process has one database."""
    command = [sys.executable, "-c", "from springtide.cli import main; main()", "--home", str(home), *map(str, words), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return ran.returncode, json.loads(ran.stdout or ran.stderr)


@pytest.mark.slow
def test_a_campaign_from_its_file_to_its_funnel(home):
    file = home.parent / "hello.yml"
    code, checked = springtide(home, "campaign", "check", file)
    assert (code, checked["approvals"][0]["quorum"]) == (0, 1)
    assert springtide(home, "campaign", "draft", file, "--as", "mia")[1]["state"] == "draft"
    assert springtide(home, "campaign", "draft", file, "--as", "mai") == (
        2, {"error": {"code": "unknown_member", "message": "There is no member 'mai'.", "hint": "Did you mean 'mia'?"}}
    )  # fmt: skip
    dry = springtide(home, "campaign", "dry-run", "hello_again")[1]
    assert dry["audience"] == checked["users"] == sum(row["users"] for row in dry["funnel"])
    assert springtide(home, "campaign", "submit", "hello_again", "--as", "mia")[1]["state"] == "in_review"
    wrong = springtide(home, "campaign", "approve", "hello_again", "--as", "al", "--password", "guess")
    assert wrong[1]["error"]["code"] == "wrong_password"
    own = springtide(home, "campaign", "approve", "hello_again", "--as", "mia", "--password", PASSWORD)
    assert own[1]["error"]["code"] == "four_eyes"
    assert (
        springtide(home, "campaign", "approve", "hello_again", "--as", "al", "--password", PASSWORD)[1]["state"] == "approved"
    )
    assert springtide(home, "campaign", "launch", "hello_again", "--as", "mia")[1]["state"] == "running"
    shown = springtide(home, "campaign", "show", "hello_again")[1]
    assert (shown["version"], shown["runs"]) == (1, [])
    killed = ("campaign", "kill", "hello_again", "--as", "mia", "--reason", "x", "--password", PASSWORD)
    assert springtide(home, *killed)[1]["state"] == "measuring"


def test_the_verbs_are_listed():
    assert "dry-run" in run("campaign", "--help").output
