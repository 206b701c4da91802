"""What a changed edge would do is told before it is done: the very moves that the next close then makes."""

import shutil
from datetime import UTC, datetime

import pytest
import yaml

from springtide.analytics import strata
from springtide.home import Home
from springtide.home.moves import Flow
from springtide.home.users import Selection
from springtide.kernel.errors import NothingYet
from tests.home.test_counts import home  # noqa: F401 – a fixture: ann is cooling, bob active, cem never traded, eve an employee


def changed(home, key, *edits):  # noqa: F811
    content = strata.content_of({each.key: each for each in home.stratifications()}[key])
    for stratum, rule in edits:
        next(each for each in content["strata"] if each["name"] == stratum)["rule"] = rule
    return content, strata.of_content({"key": key, "version": 2, **content}, key, name=key)


def test_a_stratification_is_what_its_own_content_says():
    for each in strata.load():
        again = strata.of_content(
            {"key": each.key, "version": each.version, **strata.content_of(each)}, each.key, name=each.key
        )
        assert again == each


def test_nobody_moves_while_nothing_changes(home):  # noqa: F811
    told = home.placed(changed(home, "activity")[1])
    assert (told.rows, told.moving, told.users) == ((), 0, 3)


def test_who_would_move_is_named_by_a_rule(home):  # noqa: F811
    for key in ("activity", "tenure", "frequency"):
        stratification = changed(home, key)[1]
        for stratum, users in home.placed(stratification).sizes.items():
            assert home.count(Selection(rule=stratification.taking(stratum))).users == users


def test_who_would_move_is_who_moves_at_the_next_close(home, tmp_path):  # noqa: F811
    shutil.copytree(home.path, tmp_path / "home")
    ours = Home(tmp_path / "home")
    content, stratification = changed(ours, "activity", ("active", "days_since_trade <= 9"))
    told = ours.placed(stratification)
    assert told.rows == (Flow("activity", "cooling", "active", 1),)
    assert told.sizes == {
        "never_traded": 1, "active": 2, "cooling": 0, "quiet": 0, "silent": 0, "cold": 0, "lost": 0,
    }  # fmt: skip
    (ours.path / "definitions/strata/activity.yml").write_text(yaml.safe_dump({"key": "activity", "version": 2, **content}))
    ours.close(now=datetime(2026, 1, 11, 6, tzinfo=UTC))
    after = ours.strata().as_dict()["stratifications"]["activity"]
    assert (after["version"], after["strata"]) == (2, told.sizes)


def test_edges_of_the_day_are_read_as_the_close_reads_them(home):  # noqa: F811
    told = home.placed(changed(home, "value", ("d1", "net_revenue_90d_usdt <= value_p99_usdt"))[1])
    assert told.users == 3
    assert sum(told.sizes.values()) == 3
    assert all(flow.to_stratum == "d1" for flow in told.rows)


def test_what_was_never_given_is_not_available(home):  # noqa: F811
    with pytest.raises(NothingYet) as refused:
        home.placed(changed(home, "assets", ("empty", "asset_size_usdt < 5"))[1])
    assert refused.value.code == "not_available"
    assert "balances" in refused.value.message


def test_before_the_first_close_nothing_is_told(tmp_path):
    empty = Home.create(tmp_path / "home")
    with pytest.raises(NothingYet) as refused:
        empty.placed(empty.stratifications()[0])
    assert refused.value.code == "nothing_closed"
