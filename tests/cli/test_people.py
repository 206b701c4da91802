"""Members, the audit chain and the worker at the command line. Each command has a process of its own: Django is set up once in one."""

import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from springtide.home import Home

SPRINGTIDE = (sys.executable, "-c", "from springtide.cli import main; main()")


@pytest.fixture
def home(tmp_path):
    return Home.create(tmp_path / "acme").path


def springtide(home, *words, code=0):
    command = [*SPRINGTIDE, "--home", str(home), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env=_environment())
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran


def _environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("SPRINGTIDE", "DJANGO", "DATABASE"))}


@pytest.mark.slow
def test_a_member_is_added_listed_and_given_a_new_password_and_the_chain_is_walked(home):
    made = json.loads(springtide(home, "member", "add", "anna", "--role", "approver", "--json").stdout)
    again = json.loads(springtide(home, "member", "password", "anna", "--json").stdout)
    assert made["username"] == again["username"] == "anna"
    assert made["password"] != again["password"]
    [anna] = json.loads(springtide(home, "member", "list", "--json").stdout)
    assert (anna["username"], anna["role"], anna["is_active"]) == ("anna", "approver", True)
    assert json.loads(springtide(home, "audit", "verify", "--json").stdout) == {"rows": 2, "whole": True, "broken_at": None}
    assert "Did you mean 'anna'?" in springtide(home, "member", "password", "ana", code=2).stderr

    with sqlite3.connect(home / "desk.sqlite3") as database:
        database.executescript("drop trigger audit_keeps_update; update members_auditrow set subject = 'x' where number = 1;")
    assert "Row 1 is not what it was" in springtide(home, "audit", "verify", code=1).stderr


@pytest.mark.slow
def test_a_worker_stops_when_it_is_told_to(home):
    command = [*SPRINGTIDE, "--home", str(home), "worker"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Working for")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()
