"""`./run`: one door to everything."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "run"


def run(*words, folder=ROOT):
    return subprocess.run([RUN, *words], cwd=folder, capture_output=True, text=True, timeout=60)


def test_help_lists_every_verb():
    verbs = set(
        re.findall(r"^    (\w+)[ |)]", RUN.read_text(encoding="utf-8").split("\ncase $verb in\n")[1], flags=re.MULTILINE)
    )
    listed = set(re.findall(r"^\./run (\w+)", run("help").stdout, flags=re.MULTILINE))
    assert listed == verbs - {"show"}


def test_it_works_from_any_folder(tmp_path):
    assert run("help", folder=tmp_path).stdout == run("help").stdout


def test_an_unknown_verb_is_refused_with_the_list():
    refused = run("tset")
    assert refused.returncode == 2
    assert "There is no ./run tset." in refused.stderr
    assert "./run test" in refused.stderr


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_a_script_can_be_started_and_read_by_bash(script):
    assert os.access(ROOT / script, os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / script], check=False).returncode == 0


def test_what_must_hold_before_a_change_is_taken_is_the_same_as_what_a_newcomer_runs():
    assert "exec ./run test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
