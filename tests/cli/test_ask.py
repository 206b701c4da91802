"""`springtide ask`: a question in a file, over the home or over a file of events."""

import json

import pytest

from tests.cli.conftest import ask, run

LOG = """user,event,time,coin
ann,deposited,2026-03-02T09:00:00+00:00,
ann,traded,2026-03-04T10:00:00+00:00,BTC
bob,deposited,2026-03-03T09:00:00+00:00,
bob2,traded,2026-03-11T09:00:00+00:00,ETH
"""
RETENTION = {
    "kind": "retention",
    "start": {"event": "deposited"},
    "return": {"event": "traded"},
    "period": "week",
    "intervals": 2,
}


@pytest.fixture
def question(tmp_path):
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "aliases.json").write_text('{"bob2": "bob"}')

    def written(question):
        (tmp_path / "question.json").write_text(json.dumps(question))
        return tmp_path / "question.json"

    return written


def test_a_file_of_events_is_asked(question, tmp_path):
    told = ask("ask", "--events", tmp_path / "log.csv", "--question", question(RETENTION))
    assert told["cohorts"] == ["2026-03-02", "2026-03-09"]
    assert told["matrix"] == [[2, 0], [0, 0]]


def test_aliases_are_merged_first(question, tmp_path):
    told = ask("ask", question(RETENTION), "--events", tmp_path / "log.csv", "--aliases", tmp_path / "aliases.json")
    assert told["matrix"] == [[2, 1], [0, 0]]


def test_an_answer_is_a_table_for_people(question, tmp_path):
    output = run("ask", question(RETENTION), "--events", tmp_path / "log.csv").output
    assert "2026-03-02" in output
    trend = {"kind": "trend", "series": [{"event": "traded"}], "breakdown": {"prop": "coin"}}
    output = run("ask", question(trend), "--events", tmp_path / "log.csv").output
    assert "series 1" in output
    assert "BTC" in output


def test_the_home_is_asked(first_run, question):
    home, _ = first_run
    spot = {"event": "traded_spot"}
    told = ask("ask", "--home", home, question({"kind": "retention", "start": spot, "return": spot, "period": "month"}))
    assert sum(row[0] for row in told["matrix"]) > 0


@pytest.mark.parametrize(
    ("content", "code"),
    [("not json", "bad_file"), ("[]", "not_an_object"), ('{"kind": "retentionn"}', "unknown_kind"), ("{}", "missing_key")],
)
def test_what_is_no_question_is_refused(question, tmp_path, content, code):
    path = question({})
    path.write_text(content)
    refused = run("ask", path, "--events", tmp_path / "log.csv", "--json")
    assert refused.exit_code == 2
    assert json.loads(refused.output)["error"]["code"] == code


@pytest.mark.parametrize(
    ("line", "code"),
    [("ann,traded,yesterday,BTC", "bad_event"), ("ann,,2026-03-01,BTC", "bad_event")],
)
def test_an_event_that_is_none_is_told_with_its_place(question, tmp_path, line, code):
    (tmp_path / "log.csv").write_text(LOG + line)
    refused = run("ask", question(RETENTION), "--events", tmp_path / "log.csv", "--json")
    assert json.loads(refused.output)["error"]["code"] == code
    assert "Event 5" in json.loads(refused.output)["error"]["message"]
