"""`springtide budget` and `springtide reward`."""

import pytest

from tests.cli.conftest import ask, run


@pytest.fixture
def home(db, tmp_path, monkeypatch):
    monkeypatch.setattr("springtide.desk.serve.prepare", lambda home: None)  # the database is the test's own
    path = tmp_path / "home"
    ask("init", "--home", path)
    return path


def test_budgets_are_opened_changed_listed_and_add_up(home):
    made = ask("--home", home, "budget", "open", "april", "50,000", "--title", "April")
    assert (made["key"], made["given_usdt"], made["left_usdt"]) == ("april", "50000.000000", "50000.000000")
    ask("--home", home, "budget", "open", "win-back", "8000.50", "--kind", "campaign", "--inside", "april")
    assert ask("--home", home, "budget", "change", "april", "60000", "--reason", "a good month")["given_usdt"] == "60000.000000"

    assert [(each["key"], each["depth"], each["left_usdt"]) for each in ask("--home", home, "budget", "list")] == [
        ("april", 0, "60000.000000"),
        ("win-back", 1, "8000.500000"),
    ]
    assert "April" in run("--home", home, "budget", "list").output
    assert ask("--home", home, "budget", "verify") == {"postings": 3, "faults": [], "is_whole": True}

    refused = run("--home", home, "budget", "change", "win-back", "99999", "--reason", "more", "--json")
    assert (refused.exit_code, '"over_parent"' in refused.output) == (2, True)
    assert run("--home", home, "budget", "open", "may", "lots").exit_code == 2
    unknown = run("--home", home, "reward", "show", "nobody", "--json")
    assert '"unknown_reward"' in unknown.output
    assert ask("--home", home, "reward", "of", "ann") == []
    assert ask("--home", home, "reward", "owed")["liability"] == []
    assert run("--home", home, "reward", "compare", "--json").exit_code == 3
