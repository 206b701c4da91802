"""`springtide strategy` and `springtide diagnosis` over a made-up exchange: every figure opens exactly its users."""

from decimal import Decimal

import pytest
from openpyxl import load_workbook

from springtide.home import Home
from springtide.home.users import Selection
from tests.cli.conftest import ask, run


@pytest.fixture(scope="module")
def home(first_run):
    return Home(first_run[0])


def test_every_user_stands_in_one_cell_which_opens_exactly_its_users(home):
    found = home.engagement()
    assert sum(row.users for row in found.rows) == home.count(Selection()).users
    for row in found.rows:
        counted = home.count(Selection(rule=row.rule), sums=("equity_usdt", "net_revenue_90d_usdt"))
        assert counted.users == row.users, row
        assert counted.total("equity_usdt") == row.equity_usdt
        assert counted.total("net_revenue_90d_usdt") == row.net_revenue_90d_usdt
    assert (
        sum(row.change_7d for row in found.rows)
        == home.count(Selection()).users - home.count(Selection(as_of=found.as_of.replace(day=24))).users
    )


def test_the_matrix_goes_to_excel_as_text_and_numbers(first_run, tmp_path):
    told = ask("strategy", "--home", first_run[0], "--xlsx", tmp_path / "strategy.xlsx")
    sheet = load_workbook(tmp_path / "strategy.xlsx")["Strategy"]
    heads = [cell.value for cell in sheet[1]]
    users = heads.index("Users") + 1
    assert [sheet.cell(line, users).value for line in range(2, sheet.max_row + 1)] == [row["users"] for row in told["rows"]]
    assert sheet.cell(2, 1).data_type == "s"
    assert run("strategy", "--home", first_run[0], "--zh").exit_code == 0


def test_each_finding_opens_exactly_its_users_and_nobody_stands_in_two(home):
    found = home.diagnosis()
    assert {problem.key for problem in found.rows} == {"dormant_users", "low_activity", "new_user_retention", "conversion"}
    seen: set[str] = set()
    for finding in (one for problem in found.rows for one in problem.findings):
        page = home.users(Selection(rule=finding.rule), columns=(), order="registered_on", limit=1000)
        assert page.total == finding.users, finding.key
        ids = {row[0] for row in page.rows}
        assert not ids & seen
        seen |= ids
    yearly = [problem.yearly_usdt or 0 for problem in found.rows]
    assert yearly == sorted(yearly, reverse=True)


def test_a_sizing_is_its_own_arithmetic_and_says_what_it_takes_for_granted(home):
    for finding in (one for problem in home.diagnosis().rows for one in problem.findings):
        if finding.yearly_usdt is None:
            assert finding.reason
            continue
        got_on = home.count(Selection(rule=_peers(finding.key)[1])).users
        peers = home.count(Selection(rule=_peers(finding.key)[0])).users
        assert (finding.peers, finding.would) == (peers, finding.users * got_on // peers)
        assert finding.yearly_usdt == max(0, finding.would - (finding.anyway or 0)) * finding.value_usdt
        assert f"{finding.would:,} would get on" in finding.assumption.en
        assert f"{finding.would:,} 人" in finding.assumption.zh


def _peers(key):
    from springtide.analytics.segments import shipped_rules

    rule = next(one for one in shipped_rules().findings if one.key == key)
    return rule.peers.text, f"({rule.peers.text}) and ({rule.reached.text})"


def test_the_diagnosis_is_told_as_json_and_as_a_table(first_run):
    told = ask("diagnosis", "--home", first_run[0])
    assert len(told["rows"]) == 4
    finding = told["rows"][0]["findings"][0]
    assert isinstance(Decimal(finding["equity_usdt"]), Decimal)
    shown = run("diagnosis", "--home", first_run[0])
    assert shown.exit_code == 0
    assert "Deposited and never traded" in shown.output
