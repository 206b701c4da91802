"""`springtide segment`: from a file to a size, its members, and a list of ids that somebody brings."""

import json
import shutil

import pytest

from tests.cli.conftest import ask, run

SEGMENT = """
key: singapore
title: Traders in Singapore
text: country = 'SG' and times('traded_spot', days => 30) >= 1
"""


@pytest.fixture
def home(first_run, monkeypatch, settings, tmp_path, db):
    """The home that the other commands read, its definitions written into by this test alone."""
    home, _ = first_run
    mine = tmp_path / "home"
    shutil.copytree(home, mine)
    settings.SPRINGTIDE_HOME = mine
    monkeypatch.setattr("springtide.desk.serve.prepare", lambda path, **more: None)
    monkeypatch.setattr("django.db.transaction.on_commit", lambda work: work())  # the test's own transaction never commits
    return mine


def test_a_segment_goes_from_a_file_to_its_members(home, tmp_path):
    file = tmp_path / "singapore.yml"
    file.write_text(SEGMENT)
    made = ask("segment", "publish", "--home", home, file)
    assert made["version"] == 1
    size = ask("segment", "size", "--home", home, "segment('singapore')")
    assert 0 < size["users"] == made["users"] < size["of"]
    [listed] = ask("segment", "list", "--home", home)["rows"]
    assert (listed["users"], listed["reason"]) == (None, "it was published after the last close")
    run("close", "--home", home, "--through", "2026-03-31")
    [listed] = ask("segment", "list", "--home", home)["rows"]
    assert listed["users"] == size["users"]
    members = ask("segment", "members", "--home", home, "singapore", "--limit", 1000)
    assert members["total"] == len(members["rows"]) == size["users"]
    assert ask("segment", "show", "--home", home, "singapore")["rows"][-1]["users"] == size["users"]
    assert "users in singapore as of 2026-03-31" in run("segment", "members", "--home", home, "singapore").output
    again = ask("segment", "publish", "--home", home, file)
    assert again == made

    ids = [row[0] for row in members["rows"]][:3]
    (tmp_path / "ids.txt").write_text("\n".join([*ids, "nobody"]))
    brought = ask("segment", "bring", "--home", home, "calls", tmp_path / "ids.txt")
    assert brought == {"key": "calls", "users": 3, "unmatched": ["nobody"]}
    overlap = ask("segment", "overlap", "--home", home, "calls", "singapore")
    assert (overlap["both"], overlap["left_alone"]) == (3, 0)


def test_a_wrong_word_is_answered_with_the_nearest_and_exit_code_2(first_run):
    home, _ = first_run
    result = run("segment", "size", "--home", home, "contry = 'SG'", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "unknown_column"


@pytest.mark.parametrize("text", ["key: [", "title: x", "- a"])
def test_a_file_that_is_no_segment_is_named(first_run, tmp_path, text):
    home, _ = first_run
    (tmp_path / "bad.yml").write_text(text)
    result = run("segment", "publish", "--home", home, tmp_path / "bad.yml")
    assert result.exit_code == 2
    assert "bad.yml" in result.stderr
