"""A tiny made-up exchange, taken through every command once."""

from __future__ import annotations

import json
from datetime import date

import pytest
from click.testing import CliRunner

from springtide.cli.main import springtide

LAST_DAY = date(2026, 3, 31)
FIRST_DAY = date(2026, 2, 10)


def run(*words: object):
    """The result of `springtide WORDS…`; its output is what a shell would see."""
    return CliRunner().invoke(springtide, [str(word) for word in words], prog_name="springtide")


def ask(*words: object):
    """What a command prints with --json."""
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """The folder into which a tiny exchange was simulated."""
    out = tmp_path_factory.mktemp("made-up")
    days = (LAST_DAY - FIRST_DAY).days + 1
    ask("simulate", "--users", 400, "--days", days, "--seed", 7, "--through", LAST_DAY, "--out", out)
    return out


@pytest.fixture(scope="session")
def first_run(tmp_path_factory, made_up):
    """The home of that exchange, imported and closed, with what the commands said."""
    home = tmp_path_factory.mktemp("homes") / "acme"
    said = {"init": ask("init", "--home", home, "--exchange", "Acme")}
    said["import"] = ask("--home", home, "import", made_up / "exchange")
    said["close"] = ask("close", "--home", home, "--through", LAST_DAY)
    return home, said
