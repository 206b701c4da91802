"""What statements over a home answer: friendly tables, money in USDT, values as Python has them."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest

from springtide.home import Home, sql
from springtide.home.sql.sandbox import Limits
from springtide.kernel.errors import BadInput

ONE_OF_EACH = """
select
    1 as whole, 1.5 as amount, cast(0.1 as double) as part, 'text' as words, true as truth, date '2026-03-01' as day,
    timestamp '2026-03-01 10:30:00' as moment, cast(null as integer) as nothing, [1, 2] as list,
    170141183460469231731687303715884105727 as huge
"""
# An expression of each kind of function, with what it gives.
GIVES = {
    "date_trunc('month', date '2026-03-17') = date '2026-03-01'": True,
    "datediff('day', date '2026-03-01', date '2026-03-17')": 16,
    "extract(year from date '2026-03-17')": 2026,
    "strftime(date '2026-03-17', '%Y-%m')": "2026-03",
    "cast(timestamp '2026-03-01 20:00:00' at time zone 'UTC' at time zone 'Asia/Shanghai' as varchar)": "2026-03-02 04:00:00",
    "date '2026-03-01' + 3": date(2026, 3, 4),
    "coalesce(null, nullif(1, 1), 7)": 7,
    "case when 1 in (1, 2) then 'yes' else 'no' end": "yes",
    "round(2 / 3, 2)": 0.67,
    "7 // 2": 3,
    "'VIP' ilike 'v%'": True,
    "'a' || upper('b') || substring('xyz', 2, 1)": "aBy",
    "regexp_extract('u-17', '([0-9]+)', 1)": "17",
    "split_part('a:b', ':', 2)": "b",
    "position('b' in 'abc')": 2,
    "json_extract_string('{\"plan\": \"gold\"}', '$.plan')": "gold",
    "len([1, 2, 3])": 3,
    "list_contains([1, 2], 2)": True,
    "greatest(1, 3, 2)": 3,
    "try_cast('x' as integer)": None,
}
SUMS = {
    "count(*)": 4,
    "count(distinct user_id)": 2,
    "sum(1)": 4,
    "avg(case when via = 'app' then 1.0 else 0.0 end)": 0.5,
    "count(*) filter (where via = 'api')": 1,
    "min(executed_at)": datetime(2026, 3, 1, 9),
    "median(hour(executed_at))": 10.0,
    "quantile_cont(hour(executed_at), 0.5)": 10.0,
    "percentile_cont(0.5) within group (order by hour(executed_at))": 10.0,
    "max_by(via, executed_at)": "web",
    "string_agg(via, ',' order by executed_at)": "api,app,app,web",
    "bool_or(via = 'api')": True,
}


def rows(home, text, **more):
    return sql.answer(home, text, **more).rows


def test_values_come_as_python_has_them(small_home):
    [row] = rows(small_home, ONE_OF_EACH)
    assert row == (
        1, Decimal("1.5"), 0.1, "text", True, date(2026, 3, 1), datetime(2026, 3, 1, 10, 30), None, "[1, 2]", 2**127 - 1,
    )  # fmt: skip


@pytest.mark.parametrize("expression", GIVES)
def test_a_function_gives(expression, small_home):
    assert rows(small_home, f"select {expression} as gives") == [(GIVES[expression],)]


@pytest.mark.parametrize("expression", SUMS)
def test_an_aggregate_gives(expression, small_home):
    assert rows(small_home, f"select {expression} as gives from spot_trades") == [(SUMS[expression],)]


def test_users_are_named_by_their_id_and_money_is_usdt(small_home):
    told = sql.answer(
        small_home, "select user_id, sum(notional_usdt) as volume_usdt from spot_trades group by all order by 2 desc"
    )
    assert [column.name for column in told.columns] == ["user_id", "volume_usdt"]
    assert told.rows == [("daily_trader", Decimal("120000.25")), ("gone_quiet", Decimal("46.875098"))]


def test_strata_stand_as_of_the_last_day_and_of_every_kept_day(small_home):
    text = "select user_id, activity from strata order by 1"
    assert rows(small_home, text) == [("daily_trader", "active"), ("deposited_only", "never_traded"), ("gone_quiet", "active")]
    kept = rows(small_home, "select as_of, count(*) as users from strata_days group by all order by 1")
    assert kept == [(date(2026, 3, 1), 3), (date(2026, 3, 2), 3), (date(2026, 3, 3), 3)]


def test_a_table_that_was_never_given_has_its_columns_and_no_rows(small_home):
    told = sql.answer(small_home, "select user_id, topic, csat from tickets")
    assert ([column.name for column in told.columns], told.rows) == (["user_id", "topic", "csat"], [])


def test_an_inviter_is_named_by_their_id(small_home):
    assert rows(small_home, "select user_id, referrer_user_id from users where referrer_user_id is not null") == [
        ("deposited_only", "daily_trader")
    ]


def test_rows_beyond_the_limit_are_cut_and_it_is_said(small_home):
    cut = sql.answer(small_home, "select * from range(50)", limits=Limits(rows=20))
    assert (len(cut.rows), cut.has_more) == (20, True)
    whole = sql.answer(small_home, "select * from range(20)", limits=Limits(rows=20))
    assert (len(whole.rows), whole.has_more) == (20, False)


def test_somebody_without_the_right_gets_the_row_without_the_column(small_home):
    out = BytesIO()
    left_out = sql.run(small_home, "select * from balances", out, rights=frozenset())
    assert left_out == ("balances.quantity", "balances.usdt")
    out.seek(0)
    assert [column.name for column in sql.read_answer(out).columns] == ["user_id", "day", "asset", "product"]


def test_reasons_of_a_restriction_are_rows_that_only_risk_sees(small_home):
    text = "select user_id, attribute, new_value from user_status_history order by 1"
    everything = [("deposited_only", "kyc_level", "1"), ("gone_quiet", "restriction", "sanctions-list")]
    assert rows(small_home, text, rights=frozenset({"risk"})) == everything
    assert rows(small_home, text, rights=frozenset({"money", "personal"})) == everything[:1]


def test_the_engines_own_words_come_with_the_place(small_home):
    with pytest.raises(BadInput, match='"cuntry" not found') as refused:
        sql.answer(small_home, "select user_id,\n    cuntry\nfrom users")
    assert "LINE 2: " in refused.value.hint
    assert str(small_home.path) not in str(refused.value)


def test_a_copy_without_columns_is_made_once_and_goes_with_its_original(small_home):
    folder = small_home.path / sql.FOLDER / "files"

    def copies():
        return {path: path.stat().st_mtime_ns for path in folder.glob("spot_trades-*/*.parquet")}

    rows(small_home, "select count(*) from spot_trades", rights=frozenset())
    made = copies()
    assert len(made) == 3
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    orphan = next(iter(made)).with_name("2020-01-01.00000000.parquet")
    orphan.write_bytes(b"")
    rows(small_home, "select count(*) from spot_trades", rights=frozenset())
    assert copies() == made


def test_an_answer_reads_as_a_frame_and_as_json(small_home):
    told = sql.answer(small_home, "select day, sum(usdt) as usdt from balances group by day")
    assert told.to_pandas().shape == (1, 2)
    assert told.to_polars().columns == ["day", "usdt"]
    assert told.as_list() == [{"day": "2026-03-03", "usdt": "124233.914000"}]


def test_a_home_may_be_named_from_where_one_stands(small_home, monkeypatch):
    monkeypatch.chdir(small_home.path.parent)
    for rights in (sql.ALL, frozenset()):
        assert rows(Home(Path("home")), "select count(*) from spot_trades", rights=rights) == [(4,)]
