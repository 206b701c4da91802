"""`springtide risk …` over a made-up exchange. Each command has a process of its own: Django is set up once in one."""

from __future__ import annotations

import json
import shutil

import pytest

from springtide.home import Home, Selection
from tests.cli.test_people import springtide

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(first_run, tmp_path_factory):
    """A copy of the exchange: flags are put up in it."""
    return shutil.copytree(first_run[0], tmp_path_factory.mktemp("risk") / "acme")


def ask(home, *words):
    return json.loads(springtide(home, "risk", *map(str, words), "--json").stdout)


def test_the_gates_stand_in_their_order_with_their_rules(home):
    told = ask(home, "gates")
    assert [gate["key"] for gate in told] == [
        "restriction", "jurisdiction", "kyc", "account", "consent", "linked", "referral", "wash", "hedge", "cash_out", "harm", "caps",
    ]  # fmt: skip
    assert told[2]["clauses"][0]["rule"] == "kyc_level < kyc_minimum"


def test_a_try_counts_everybody_once_and_says_what_is_denied(home):
    told = ask(home, "try", "--reward", "fee_voucher", "--amount", "0.5")
    assert told["users"] == told["allowed"] + told["reviewed"] + told["denied"]
    assert {hit["code"] for hit in told["hits"]} >= {"unknown_jurisdiction", "kyc_too_low"}
    assert told["silent"][0]["gate"] == "wash"


def test_a_flag_is_put_up_seen_and_lifted(home):
    user = str(Home(home).users(Selection(), limit=1).rows[0][0])
    before = ask(home, "why", user)
    assert ask(home, "flag", user, "risk_hold", "--note", "called") == {"new": 1}
    told = ask(home, "why", user)
    assert told["reasons"] == ["restricted", *before["reasons"]]
    assert told["gates"][0]["clauses"][0]["seen"]["is_on_risk_hold"] is True
    [flag] = ask(home, "flags", "--user", user)
    assert ask(home, "lift", flag["number"], "--note", "cleared") == {"lifted": flag["number"]}
    assert ask(home, "why", user)["reasons"] == before["reasons"]
    assert ask(home, "queue")["total"] == 0


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("flag", "u1", "risk_hodl"), "Did you mean 'risk_hold'?"),
        (("try", "--reward", "fee_vucher"), "Did you mean 'fee_voucher'?"),
        (("try", "--reward", "cash", "--amount", "many"), "Write it as 5 or 0.25."),
        (("try", "--where", "tenure < 3"), "There is no column 'tenure'."),
        (("why", "nobody"), "There is no user 'nobody'."),
    ],
)
def test_what_cannot_be_is_said_with_the_way_out(home, words, hint):
    assert hint in springtide(home, "risk", *words, code=2).stderr
