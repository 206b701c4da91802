"""What scripts may rely on: the keys and the exit codes of every command."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import FIRST_DAY, LAST_DAY, ask, run

COUNTS = {"read", "taken", "duplicate", "corrected", "quarantined"}
NINE = {"lifecycle", "tenure", "activity", "frequency", "assets", "behaviour", "value", "incentive", "vip_distance"}


def test_an_import_counts_every_row_once(first_run):
    _, said = first_run
    tables = said["import"]["tables"]
    assert {"users", "spot_trades", "contract_trades", "transfers", "balances", "prices", "restrictions"} <= tables.keys()
    for name, counts in tables.items():
        assert counts.keys() >= COUNTS
        assert counts["read"] == counts["taken"] + counts["duplicate"] + counts["corrected"] + counts["quarantined"], name
        assert counts["quarantined"] == 0, name


def test_the_same_import_again_changes_nothing(first_run, made_up):
    home, _ = first_run
    before = (home / "lake" / "manifest.json").read_bytes()
    tables = ask("import", "--home", home, made_up / "exchange")["tables"]
    assert all(counts["taken"] == counts["corrected"] == 0 for counts in tables.values())
    assert (home / "lake" / "manifest.json").read_bytes() == before


def test_a_close_says_which_days_how_long_and_how_many_rows(first_run):
    _, said = first_run
    closed = said["close"]
    assert closed["days"][0] == str(FIRST_DAY)
    assert closed["days"][-1] == closed["through"] == str(LAST_DAY)
    assert closed["seconds"] > 0
    assert closed["rows"]["user_days"] > 0


def test_closing_again_closes_nothing(first_run):
    home, _ = first_run
    assert ask("close", "--home", home, "--through", LAST_DAY)["days"] == []


def test_every_user_stands_in_one_stratum_of_each(first_run):
    home, _ = first_run
    told = ask("strata", "--home", home, "--on", LAST_DAY)
    assert told["day"] == str(LAST_DAY)
    assert told["stratifications"].keys() == NINE
    for key, stratification in told["stratifications"].items():
        assert stratification["available"] is True, (key, stratification["reason"])
        assert stratification["version"] == 1
    assert len({sum(s["strata"].values()) for s in told["stratifications"].values()}) == 1


@pytest.mark.parametrize("unit", ["users", "assets", "revenue"])
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_growth_adds_up_in_every_unit_and_period(first_run, unit, period):
    home, _ = first_run
    words = ("growth", "--home", home, "--unit", unit, "--period", period, "--from", FIRST_DAY, "--to", LAST_DAY)
    rows = ask(*words)
    assert rows
    before = None
    for row in rows:
        parts = {name: float(row[name]) for name in row if name not in ("period", "quick_ratio", "is_complete")}
        assert parts["active"] == pytest.approx(parts["new"] + parts["retained"] + parts["resurrected"], abs=1e-5)
        if before is not None:
            moved = before + parts["new"] + parts["resurrected"] + parts["expansion"] - parts["contraction"] - parts["churned"]
            assert parts["active"] == pytest.approx(moved, abs=1e-5)
        before = parts["active"]


def test_the_states_make_up_dau_wau_and_mau(first_run):
    home, _ = first_run
    for row in ask("states", "--home", home)["rows"]:
        assert row["dau"] == row["new"] + row["current"] + row["reactivated"] + row["resurrected"]
        assert row["wau"] == row["dau"] + row["at_risk_wau"]
        assert row["mau"] == row["wau"] + row["at_risk_mau"]


def test_moves_activation_concentration_market_users_and_freshness_answer(first_run):
    home, _ = first_run
    assert ask("moves", "--home", home, "--from", FIRST_DAY, "--to", LAST_DAY)["moves"]
    assert ask("activation", "--home", home)["rows"]
    assert ask("concentration", "--home", home)["rows"]
    assert ask("market", "--home", home, "--from", LAST_DAY, "--to", LAST_DAY)["rows"]
    lapsing = ask("strata", "--home", home)["stratifications"]["lifecycle"]["strata"]["lapsing"]
    assert ask("users", "--home", home, "lifecycle = 'lapsing'")["total"] == lapsing
    assert ask("freshness", "--home", home)["closed_through"] == str(LAST_DAY)


def test_one_user_is_told_with_strata_reasons_and_timeline(first_run):
    home, _ = first_run
    listed = ask("users", "trades_30d > 0", "--home", home, "--limit", 1)
    user_id = listed["rows"][0][0]
    told = ask("user", user_id, "--home", home)
    assert told["user_id"] == user_id
    assert {each["stratification"] for each in told["stands"]} == NINE
    assert all(each["stratum"] and each["why"] for each in told["stands"])
    assert told["timeline"][0].keys() == {"happened_at", "kind", "what", "detail", "amount_usdt", "times"}


def test_a_rebuild_from_all_history_is_equal(first_run):
    home, _ = first_run
    told = ask("verify", "--home", home)
    assert told["equal"] is True
    assert {"user_days", "firsts", "state", "profiles", "strata"} <= told["rows"].keys()


def test_brief_and_report_show_the_same_checksum(first_run, tmp_path):
    home, _ = first_run
    assert run("brief", "--home", home).exit_code == 0
    out = tmp_path / "report.xlsx"
    told = ask("report", "--home", home, "--out", out)
    assert out.stat().st_size > 10_000
    assert told["as_of"] == str(LAST_DAY)
    assert told["checksum"] == ask("brief", "--home", home)["checksum"]


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("strata", "--on", "yesterday"), 2, "bad_day"),
        (("strata", "--on", "1999-01-01"), 3, "not_kept"),
        (("users", "lifecyle = 'lapsing'"), 2, "unknown_column"),
        (("growth", "--product", "sopt"), 2, "unknown_product"),
        (("import", "nowhere"), 2, None),
        (("import", "nowhere", "--mapping", "balancer_weakly"), 2, None),
        (("close", "--through", "2200-01-01"), 2, "day_not_over"),
        (("user", "nobody"), 2, "unknown_user"),
        (("init",), 2, "home_exists"),
    ],
)
def test_bad_input_exits_with_2_or_3_and_says_what_to_do(first_run, words, exit_code, code):
    home, _ = first_run
    result = run("--home", home, *words, "--json")
    assert result.exit_code == exit_code, result.output
    error = json.loads(result.output)["error"]
    assert error.keys() == {"code", "message", "hint"}
    assert error["message"]
    assert error["hint"]
    assert code in (None, error["code"])


def test_without_a_home_there_is_nothing_to_do_yet(tmp_path):
    result = run("strata", "--home", tmp_path / "none", "--json")
    assert result.exit_code == 3
    assert json.loads(result.output)["error"]["code"] == "no_home"
