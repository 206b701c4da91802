"""Importing: what goes in, what is known, what corrects; twice changes nothing; a folder in its order."""

from __future__ import annotations

import gzip
from datetime import date, datetime

import duckdb
import pytest

from springtide.analytics.facts import Progress
from springtide.kernel.errors import BadInput
from tests.analytics.facts.conftest import BALANCE, REWARD, TICKET, TRADE, csv_of, trades, users


def test_a_fact_is_kept_with_its_user_as_numbers_and_its_money_in_micro_usdt(exchange):
    exchange.has_users("ann", "bob")
    exchange.imports(
        "spot_trades.csv", trades("event_id user_id price quantity notional_usdt fee_usdt\n1 bob 0.1 3 0.3 0.000001")
    )
    [row] = exchange.rows("spot_trades", "user_no, account_no, source, event_id, version, executed_at, notional_usdt, fee_usdt")
    assert row == (1, 1, "exchange", "1", 1, datetime(2026, 3, 1, 10), 300_000, 1)


def test_the_summary_adds_up_and_is_what_scripts_expect(exchange):
    exchange.has_users("ann")
    told = exchange.imported("spot_trades.csv", trades("event_id price\n1 1\n1 1\n2 -1"))
    assert told.as_dict() == {
        "tables": {"spot_trades": {"read": 3, "taken": 1, "duplicate": 1, "corrected": 0, "quarantined": 1}}
    }


def test_the_same_file_twice_changes_nothing(exchange):
    exchange.has_users("ann")
    text = trades("event_id price\n1 1\n2 -1\n3 5\n3 6\nbroken 1").replace("broken,1", "broken")
    exchange.imports("spot_trades.csv", text)
    manifest = exchange.lake.manifest_path.read_bytes()
    refused = exchange.refused()
    assert exchange.imports("spot_trades.csv", text) == (0, 2, 0, 3)
    assert exchange.lake.manifest_path.read_bytes() == manifest
    assert exchange.refused() == refused
    exchange.imports("users.csv", users("ann"))
    assert exchange.lake.manifest_path.read_bytes() == manifest


def test_a_higher_version_corrects_and_the_old_row_is_kept_aside(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id price\n1 10\n2 20"))
    assert exchange.imports("late/spot_trades.csv", trades("event_id price version\n1 11 2")) == (0, 0, 1, 0)
    assert exchange.rows("spot_trades", "event_id, version, price") == [("1", 2, 11), ("2", 1, 20)]
    assert exchange.rows("spot_trades_replaced", "event_id, version, price, is_void") == [("1", 1, 10, False)]


def test_a_correction_may_move_a_fact_to_another_day(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id\n1\n2"))
    exchange.imports("late/spot_trades.csv", trades("event_id version executed_at\n1 2 2026-03-05"))
    assert exchange.rows("spot_trades", "event_id, executed_at") == [
        ("1", datetime(2026, 3, 5)),
        ("2", datetime(2026, 3, 1, 10)),
    ]
    assert exchange.revisions("spot_trades") == {"2026-03-01": 2, "2026-03-05": 1}
    assert exchange.lake.snapshot().rows("spot_trades") == 2


def test_versions_in_one_file_count_in_any_order(exchange):
    exchange.has_users("ann")
    assert exchange.imports("spot_trades.csv", trades("event_id price version\n1 12 3\n1 10 1\n1 11 2")) == (1, 0, 2, 0)
    assert exchange.rows("spot_trades", "price, version") == [(12, 3)]
    assert exchange.rows("spot_trades_replaced", "price, version") == [(10, 1), (11, 2)]


def test_an_older_version_that_comes_late_is_filed_with_the_replaced(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id price version\n1 11 2"))
    first = trades("event_id price version\n1 10 1")
    assert exchange.imports("late/spot_trades.csv", first) == (0, 0, 1, 0)
    assert exchange.imports("late/spot_trades.csv", first) == (0, 1, 0, 0)
    assert exchange.rows("spot_trades", "price") == [(11,)]
    assert exchange.rows("spot_trades_replaced", "price") == [(10,)]


def test_a_void_takes_a_fact_back_for_good(exchange):
    exchange.has_users("ann")
    first = trades("event_id\n1\n2")
    exchange.imports("spot_trades.csv", first)
    void = "event_id,user_id,executed_at,version,is_void," + ",".join(list(TRADE)[2:])
    void += "\n1,ann,2026-03-01 10:00:00,2,true" + "," * (len(TRADE) - 2) + "\n"
    assert exchange.imports("late/spot_trades.csv", void) == (0, 0, 1, 0)
    assert exchange.rows("spot_trades", "event_id") == [("2",)]
    assert exchange.rows("spot_trades_replaced", "event_id, version, is_void") == [("1", 1, False), ("1", 2, True)]
    assert exchange.imports("spot_trades.csv", first) == (0, 2, 0, 0)
    assert exchange.imports("late/spot_trades.csv", void) == (0, 1, 0, 0)
    assert exchange.rows("spot_trades", "event_id") == [("2",)]
    assert exchange.revisions("spot_trades") == {"2026-03-01": 2}


def test_a_void_that_comes_before_its_fact_keeps_it_out(exchange):
    exchange.has_users("ann")
    assert exchange.imports("spot_trades.csv", trades("event_id version is_void\n1 2 yes")) == (1, 0, 0, 0)
    assert exchange.imports("late/spot_trades.csv", trades("event_id\n1")) == (0, 0, 1, 0)
    assert exchange.rows("spot_trades", "event_id") == []


def test_a_day_that_loses_its_last_fact_has_no_file(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id\n1"))
    exchange.imports("late/spot_trades.csv", trades("event_id version is_void\n1 2 1"))
    assert exchange.lake.snapshot().files("spot_trades") == []


def test_ids_are_unique_within_their_source_only(exchange):
    exchange.has_users("ann")
    assert exchange.imports("spot_trades.csv", trades("event_id source\n1 east\n1 west\n1 -")) == (3, 0, 0, 0)
    assert exchange.rows("spot_trades", "source") == [("east",), ("exchange",), ("west",)]


def test_a_late_row_lies_on_its_own_day(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id\n1", executed_at="2026-05-01"))
    exchange.imports("late/spot_trades.csv", trades("event_id\n2", executed_at="2026-03-01"))
    assert exchange.revisions("spot_trades") == {"2026-05-01": 1, "2026-03-01": 1}
    snapshot = exchange.lake.snapshot()
    assert (snapshot.first_day("spot_trades"), snapshot.last_day("spot_trades")) == (date(2026, 3, 1), date(2026, 5, 1))


def test_the_day_of_a_row_is_that_of_the_reporting_zone(exchange):
    exchange.zone = "Asia/Shanghai"
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id executed_at\n1 2026-02-28T15:59:59\n2 2026-02-28T16:00:00"))
    assert exchange.revisions("spot_trades") == {"2026-02-28": 1, "2026-03-01": 1}


def test_a_zone_with_summer_time_gives_its_own_days(exchange):
    exchange.zone = "America/New_York"
    exchange.has_users("ann")
    exchange.imports(
        "spot_trades.csv", trades("event_id executed_at\n1 2026-03-08T04:59:59\n2 2026-03-09T03:59:59\n3 2026-03-09T04:00")
    )
    assert exchange.revisions("spot_trades") == {"2026-03-07": 1, "2026-03-08": 1, "2026-03-09": 1}


def test_a_days_rows_are_sorted_by_user_and_time(exchange):
    exchange.has_users("ann", "bob")
    exchange.imports(
        "spot_trades.csv",
        trades("""
            event_id  user_id  executed_at
            1         bob      2026-03-02T01:00
            2         ann      2026-03-02T02:00
            3         bob      2026-03-01T03:00
            4         ann      2026-03-02T01:00
        """),
    )
    [path] = exchange.lake.snapshot().files("spot_trades")
    assert duckdb.connect().execute(f"select event_id from '{path}'").fetchall() == [("3",), ("4",), ("2",), ("1",)]


def test_times_may_name_their_zone(exchange):
    exchange.has_users("ann")
    exchange.imports(
        "spot_trades.csv",
        trades("event_id executed_at\n1 2026-03-01T10:00:00Z\n2 2026-03-01T10:00:00+08:00\n3 2026-03-01T10:00:00.5"),
    )
    assert [at for (at,) in exchange.rows("spot_trades", "executed_at", order="event_id")] == [
        datetime(2026, 3, 1, 10),
        datetime(2026, 3, 1, 2),
        datetime(2026, 3, 1, 10, 0, 0, 500_000),
    ]


# Snapshots: tables whose newest row wins


def test_a_snapshot_row_with_other_content_replaces_the_known_one(exchange):
    exchange.has_users("ann")
    exchange.imports("balances.csv", csv_of("day usdt\n2026-03-01 10\n2026-03-02 20", BALANCE))
    assert exchange.imports("again/balances.csv", csv_of("day usdt\n2026-03-01 10\n2026-03-02 21", BALANCE)) == (0, 1, 1, 0)
    assert exchange.rows("balances", "day, usdt") == [(date(2026, 3, 1), 10_000_000), (date(2026, 3, 2), 21_000_000)]
    assert exchange.rows("balances_replaced", "day, usdt, is_void") == [(date(2026, 3, 2), 20_000_000, False)]
    assert exchange.revisions("balances") == {"2026-03-01": 1, "2026-03-02": 3}


def test_a_snapshot_may_go_back_to_what_it_said_before(exchange):
    exchange.has_users("ann")
    for usdt in ("10", "11", "10"):
        exchange.imports("balances.csv", csv_of(f"usdt\n{usdt}", BALANCE))
    assert exchange.rows("balances", "usdt") == [(10_000_000,)]


def test_a_lower_version_never_replaces_a_higher_one(exchange):
    exchange.has_users("ann")
    exchange.imports("balances.csv", csv_of("usdt version\n10 2", BALANCE))
    assert exchange.imports("balances.csv", csv_of("usdt version\n9 1", BALANCE)) == (0, 1, 0, 0)
    assert exchange.rows("balances", "usdt, version") == [(10_000_000, 2)]


def test_one_snapshot_that_says_two_things_is_a_conflict(exchange):
    exchange.has_users("ann")
    assert exchange.imports("balances.csv", csv_of("usdt\n10\n11", BALANCE)) == (1, 0, 0, 1)


def test_a_ticket_moves_on(exchange):
    exchange.has_users("ann")
    exchange.imports("tickets.csv", csv_of("status\nopen", TICKET))
    assert exchange.imports("tickets.csv", csv_of("status resolved_at\nsolved 2026-03-02", TICKET)) == (0, 0, 1, 0)
    assert exchange.rows("tickets", "ticket_id, status") == [("t1", "solved")]


def test_small_tables_of_many_imports_are_merged(exchange):
    for month in range(1, 13):
        for half in (1, 15):
            exchange.imports("prices.csv", f"asset,day,close_usdt\nBTC,2025-{month:02}-{half:02},{month}\n")
    assert exchange.lake.snapshot().rows("prices") == 24
    assert len(exchange.lake.snapshot().files("prices")) < 16


def test_the_key_index_of_many_imports_is_merged_and_still_knows_every_key(exchange):
    exchange.has_users("ann")
    for number in range(18):
        exchange.imports("spot_trades.csv", trades(f"event_id\n{number}"))
    assert len(exchange.lake.snapshot().files("spot_trades_keys")) < 16
    again = trades("event_id\n" + "\n".join(str(number) for number in range(19)))
    assert exchange.imports("spot_trades.csv", again) == (1, 18, 0, 0)


# Folders


def test_a_folder_is_imported_users_first_and_facts_last(exchange):
    exchange.file("all/spot_trades/2026-03-01.csv", trades("event_id\n1"))
    exchange.file("all/spot_trades/2026-03-02.csv.gz", gzip.compress(trades("event_id\n2").encode()))
    exchange.file("all/users.csv", users("ann"))
    exchange.file("all/prices-2026.csv", "asset,day,close_usdt\nBTC,2026-03-01,90000\n")
    exchange.file("all/README.md", "not a table")
    told = exchange.imported("all")
    assert [(name, counts.taken) for name, counts in told.tables.items()] == [("users", 1), ("prices", 1), ("spot_trades", 2)]
    assert told.failures == ()


def test_small_files_of_one_table_share_a_publication(exchange):
    exchange.has_users("ann")
    before = exchange.version
    for number in range(5):
        exchange.file(f"all/spot_trades/{number}.csv", trades(f"event_id\n{number}"))
    exchange.imported("all")
    assert exchange.version == before + 1
    assert exchange.lake.snapshot().rows("spot_trades") == 5


def test_a_file_that_fails_keeps_no_other_out_and_is_listed(exchange):
    exchange.file("all/users.csv", users("ann"))
    exchange.file("all/spot_trades/1.csv", trades("event_id\n1"))
    exchange.file("all/spot_trades/2.csv", b"")
    exchange.file("all/spot_trades/3.parquet", b"PAR1 half a file")
    exchange.file("all/spot_trades/4.csv", trades("event_id\n4"))
    exchange.file("all/strange.csv", "a,b\n1,2\n")
    told = exchange.imported("all")
    assert told.tables["spot_trades"].taken == 2
    assert sorted((failure.file, failure.code) for failure in told.failures) == [
        ("spot_trades/2.csv", "empty_file"),
        ("spot_trades/3.parquet", "damaged_file"),
        ("strange.csv", "unnamed_table"),
    ]
    assert all(failure.hint for failure in told.failures)


def test_a_file_whose_name_a_mapping_knows_is_told_with_that_mapping(exchange):
    exchange.file("all/user_week.parquet", b"PAR1 never opened")
    with pytest.raises(BadInput) as told:
        exchange.imported("all")
    assert told.value.code == "unnamed_table"
    assert told.value.hint == "A mapping reads files of this name: import it with --mapping balancer_weekly."


def test_a_folder_with_nothing_in_it_is_told(exchange):
    (exchange.folder / "none").mkdir()
    with pytest.raises(BadInput, match="holds nothing that can be imported"):
        exchange.imported("none")


def test_a_file_may_be_told_which_table_it_is(exchange):
    exchange.has_users("ann")
    assert exchange.imports("march.csv", trades("event_id\n1"), table="spot_trades") == (1, 0, 0, 0)


def test_what_was_needed_on_the_way_is_cleared_away(exchange):
    exchange.imported("all/users.csv", users("ann"))
    left = [path for path in (exchange.lake.root / "importing").rglob("*") if path.is_dir() or path.suffix == ".parquet"]
    assert left == []


def test_what_a_dead_import_left_is_cleared_away_and_what_runs_is_kept(exchange):
    import fcntl

    folder = exchange.lake.root / "importing"
    for name in ("dead", "alive"):
        (folder / name).mkdir(parents=True)
        (folder / name / "half.parquet").write_bytes(b"half")
    with (folder / "alive" / "owner.lock").open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        exchange.has_users("ann")
        assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["alive"]


def test_progress_is_told_with_rows_and_speed(exchange):
    exchange.has_users("ann")
    seen: list[Progress] = []
    exchange.imports("spot_trades.csv", trades("event_id\n1\n2"), progress=seen.append)
    assert (seen[-1].file, seen[-1].table, seen[-1].rows) == ("spot_trades.csv", "spot_trades", 2)
    assert seen[-1].rows_per_second > 0


def test_what_a_source_does_not_give_is_noted_as_unknown(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id role\n1 maker"))
    assert exchange.notes("unknown")["spot_trades"] == ["counterparty_user_id", "order_id", "via"]
    assert "vip_level" in exchange.notes("unknown")["users"]
    exchange.imports("later/spot_trades.csv", trades("event_id via order_id\n2 api o1"))
    assert exchange.notes("unknown")["spot_trades"] == ["counterparty_user_id"]


def test_rewards_of_campaigns_run_elsewhere_go_in(exchange):
    exchange.has_users("ann")
    assert exchange.imports("reward_entries.csv", csv_of("event_id action\n1 grant\n2 consume_fee", REWARD)) == (2, 0, 0, 0)
    assert exchange.rows("reward_entries", "action, usdt, happened_at") == [
        ("consume_fee", 5_000_000, datetime(2026, 3, 1, 10)),
        ("grant", 5_000_000, datetime(2026, 3, 1, 10)),
    ]


def test_an_invited_user_and_who_invited_must_both_be_known(exchange):
    exchange.has_users("ann", "bob")
    told = "invitee_id,inviter_id,at\nbob,ann,2026-03-01\nann,zoe,2026-03-01\n"
    assert exchange.imports("referrals.csv", told) == (1, 0, 0, 1)
    assert exchange.rows("referrals", "user_no, inviter_no") == [(1, 0)]
    assert exchange.refused() == [(3, "inviter_id", "zoe", "unknown_user")]
