"""Restricted SQL gives on Spark what it gives on DuckDB, in values and in types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import springtide.analytics
from springtide.analytics.engine import Column
from springtide.analytics.engine.dialect import lint
from springtide.analytics.engine.translation import transpile
from tests.analytics.engine.conformance import Table, agree, assert_same

pytestmark = pytest.mark.spark

DEFINITIONS = sorted(Path(springtide.analytics.__path__[0]).rglob("*.sql"))
T = Table(
    (
        Column("user_no", "integer", False),
        Column("level", "integer"),
        Column("usdt", "bigint"),
        Column("days_mask", "bigint"),
        Column("share_ratio", "double"),
        Column("price", "decimal(38,12)"),
        Column("is_maker", "boolean"),
        Column("day", "date"),
        Column("seen_at", "timestamp"),
        Column("name", "varchar"),
    ),
    [
        (1, 3, 10, 5, 1.5, Decimal("1.25"), True, date(2026, 3, 31), datetime(2026, 3, 31, 23, 59, 59, 123456), "abc"),
        (2, 3, -7, 2**62 - 1, -2.5, Decimal("-2.5"), False, date(2026, 1, 1), datetime(2026, 1, 1), "Abc'"),
        (3, None, None, None, None, None, None, None, None, None),
        (4, 1, 0, 1, 0.0, Decimal(0), True, date(2024, 2, 29), datetime(2024, 2, 29, 12), ""),
        (
            5,
            70,
            2**53 + 1,
            0,
            2.675,
            Decimal("3.5"),
            False,
            date(1969, 12, 31),
            datetime(1969, 12, 31, 23, 59, 59, 999999),
            "ümlaut",
        ),
    ],
)

BY_ROW = {
    "arithmetic": """
        usdt - (level - 1) as a, usdt + level * 2 - 1 as b, -(usdt - 1) as c, usdt % 3 as d, user_no % 16 as e, abs(usdt) as f,
        cast(usdt as double) / nullif(level - 3, 0) as g, cast(usdt as double) / 7 as h,
        share_ratio * 1.5 + 1 as i, power(2, level) as j,
        sqrt(abs(share_ratio)) as k, exp(share_ratio) as l, cast(floor(share_ratio) as bigint) as m,
        cast(ceil(price) as integer) as n,
        cast(floor(share_ratio + 0.5e0) as bigint) as o, cast(price as double) * 3 as p""",
    "logarithms": "ln(share_ratio) as a, log2(abs(share_ratio)) as b, log10(share_ratio + 2.5e0) as c, ln(level / 7e0) as d",
    "bits": """
        days_mask & 3 as a, days_mask | 8 & 12 as b, (1 | 2) & 4 as c, ~days_mask as d, xor(days_mask,
        9) as e, days_mask >> 1 as f,
        days_mask >> level as g, days_mask >> (level - 4) as h, days_mask >> 63 as i, days_mask >> 64 as j,
        cast(bit_count(days_mask) as integer) * 10 as k, (days_mask & 4611686018427387903) * 2 as l""",
    "truths": """
        usdt is null as a, not usdt > 0 as b, is_maker is not true as c, usdt is distinct from 10 as d,
        level in (1, 3, null) as e,
        level not in (1, 70) as f, usdt between 0 and 10 as g, level + 1 in (4) as h, is_maker and usdt > 0 or level = 3 as i,
        usdt is null = is_maker is null as j,
        exists (select 1 from t as o where o.level = t.level and o.user_no <> t.user_no) as k,
        name like '%b_' as l, name > 'a' as m, share_ratio > 1.5 as n, price <= 1.25 as o""",
    "choices": """
        coalesce(usdt, 0) as a, greatest(usdt, level) as b, least(usdt, level, 5) as c, nullif(level, 3) as d,
        case when usdt > 0 then 'in' when usdt < 0 then 'out' end as e, if(is_maker, 1, 0) as f, ifnull(name, '?') as g,
        greatest(share_ratio, 0) as h, least(day, date '2026-01-15') as i, coalesce(share_ratio, 0.5) as j,
        case level when 3 then 1.5e0 else 0 end as k, cast(is_maker as integer) as l""",
    "days": """
        day + 1 as a, day - level as b, $day - 7 as c, datediff('day', day, $day) as d, datediff('day',
        cast(seen_at as date), day) as e,
        cast(date_trunc('week', day) as date) as f, cast(date_trunc('month', day) as date) as g,
        cast(date_trunc('quarter', day) as date) as h,
        cast(date_trunc('year', seen_at) as date) as i, cast(date_trunc('hour', seen_at) as timestamp) as j,
        cast(date_trunc('minute', seen_at) as timestamp) as k, cast(day + interval 1 month as date) as l,
        seen_at - interval 90 day as m,
        cast(day as timestamp) as n, last_day(day) as o, extract(isodow from day) as p, extract(week from day) as q,
        extract(year from day) as r,
        extract(doy from seen_at) as s, extract(hour from seen_at) as u, month(day) as v, quarter(day) as w,
        epoch_us(seen_at) as x,
        seen_at >= $at as y, seen_at < date '2026-03-01' as z, $at as za""",
    "texts": """
        name || '-' || level as a, coalesce(name, '') || '-' || cast(level as varchar) as b,
        length(name) as c, replace(name, 'b', 'x') as d, trim(' x ') as e,
        starts_with(name, 'a') as f, contains(name, '') as g, md5(name) as h,
        cast(usdt as varchar) as i, cast(day as varchar) as j,
        'it''s a \\n $day' as k, md5(cast(user_no as varchar)) as l""",
    "windows": """
        row_number() over (order by usdt nulls last, user_no) as a, rank() over (order by level nulls first) as b,
        dense_rank() over (partition by is_maker order by level desc nulls last) as c, ntile(2) over (order by user_no) as d,
        lag(usdt, 1, null) over (order by user_no) as e, lead(name, 2, 'none') over (order by user_no) as f,
        first_value(usdt) over (order by user_no rows between unbounded preceding and unbounded following) as g,
        last_value(usdt ignore nulls) over (order by user_no rows between unbounded preceding and current row) as h,
        cast(sum(usdt) over (partition by is_maker order by user_no) as bigint) as i,
        count(*) over () as j,
        cast(sum(level) over (order by day nulls last range between interval 30 day preceding and current row) as bigint) as k,
        max(share_ratio) over (order by user_no rows between 1 preceding and current row) as l,
        quantile_disc(usdt, 0.5) over (partition by is_maker) as m, percent_rank() over (order by user_no) as n,
        cume_dist() over (order by level nulls last) as o,
        cast(sum(level) filter (where is_maker) over (order by user_no) as bigint) as p""",
}  # fmt: skip
AGGREGATES = """
    count(*) as a, count(usdt) as b, count(distinct level) as c, count(*) filter (where usdt > 0) as d,
    cast(sum(usdt) as bigint) as e,
    cast(sum(price) as decimal(38, 12)) as f, cast(sum(level) as double) / nullif(count(level), 0) as g,
    min(name) as h, max(seen_at) as i,
    bool_or(is_maker) as j, bool_and(is_maker) as k, bit_or(days_mask) as l, bit_and(days_mask) as m, bit_xor(level) as n,
    arg_max(usdt, user_no) as o, arg_max(usdt, user_no) filter (where user_no < 4) as p, arg_min(name, day) as q,
    quantile_disc(usdt, 0.5) as r, quantile_disc(usdt, 1) as s, quantile_disc(share_ratio, 0.07) as u,
    quantile_disc(price, 0.25) as v,
    quantile_disc(day, 0.5) as w, quantile_disc(usdt, $share) as x, quantile_disc(usdt, 0.5) filter (where level = 3) as y,
    cast(sum(usdt) filter (where level > 100) as bigint) as z, stddev_samp(share_ratio) as za, var_pop(share_ratio) as zb,
    max(is_maker) as zc, cast(coalesce(sum(usdt), 0) as bigint) as zd
"""
GIVEN = {"day": date(2026, 4, 2), "at": datetime(2026, 1, 1), "share": 0.3}


@pytest.mark.parametrize("part", BY_ROW)
def test_expressions_agree_row_by_row(spark, part):
    sql = f"select user_no, {BY_ROW[part]} from t"
    assert not lint(sql, {"level": "integer", "name": "varchar"})
    assert len(agree(sql, {"t": T}, GIVEN, spark=spark)) == 5


@pytest.mark.parametrize("among", ["true group by level", "user_no > 9"], ids=["groups of many, few and unknown", "no rows"])
def test_aggregates_agree(spark, among):
    sql = f"select {AGGREGATES} from t where {among}"
    assert {finding.rule for finding in lint(sql, {"level": "integer"})} == {"float_sum"}  # its two measures of spread
    assert len(agree(sql, {"t": T}, GIVEN, spark=spark)) == (1 if "9" in among else 4)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("with a as (select user_no, level from t), b as (select level from a where user_no > 1) select * from b", 4),
        ("select a.user_no, b.level from t as a left join t as b on a.user_no = b.level", 6),
        ("select coalesce(a.user_no, b.level) as k from t as a full join t as b on a.user_no = b.level", 8),
        ("select user_no from t as a where a.level not in (select level from t where level is not null)", 0),
        ("select a.user_no from t as a semi join t as b on a.user_no = b.level", 2),
        ("select user_no from t as a anti join (select level from t) as b on a.user_no = b.level", 3),
        ("select user_no from t except select level from t", 3),
        ("select level from t intersect select user_no from t", 2),
        ("select level from t union select 0", 5),
        ("select level from t union all select usdt from t", 10),
        ("select distinct level, is_maker from t", 5),
        ("select k.n, user_no from t cross join (values (1), (2)) as k (n)", 10),
        ("select user_no, usdt from t order by usdt desc nulls last, user_no limit 2", 2),
        ("select level, count(*) as n from t group by level having count(*) > 1", 1),
        ("select user_no, level from t qualify row_number() over (partition by level order by user_no) = 1", 4),
        ("select user_no as u, usdt from t as x qualify rank() over (order by x.share_ratio desc nulls last) <= $n", 2),
        ("select (select max(o.usdt) from t as o where o.user_no < t.user_no) as before_usdt from t", 5),
        ("select cast(null as bigint) as nothing, 1.5 as decimal_, 1e0 as double_, 'x' as text_ from t", 5),
    ],
)
def test_steps_agree(spark, sql, rows):
    assert not lint(sql)
    assert len(agree(sql, {"t": T}, {"n": 2}, spark=spark)) == rows


def test_the_nearest_rank_is_the_same_for_every_share_and_number_of_values(spark):
    values = [(n, n * k % 23) for n in (*range(1, 30), 100, 101) for k in range(n)]
    shares = (0.01, 0.05, 0.07, 0.1, 0.25, 0.29, 0.3, 0.33, 0.5, 0.57, 0.58, 0.6, 0.7, 0.75, 0.9, 0.95, 0.99, 0.999)
    columns = ", ".join(f"quantile_disc(usdt, {share}) as q_{place}" for place, share in enumerate(shares))
    table = Table((Column("n", "integer"), Column("usdt", "bigint")), values)
    rows = agree(f"select n, {columns} from v group by n", {"v": table}, spark=spark)
    for n, *found in rows:
        ordered = sorted(usdt for size, usdt in values if size == n)
        nearest = [ordered[max(-(-int(Decimal(str(share)) * 1000) * n // 1000), 1) - 1] for share in shares]
        assert found == nearest, n


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_definition_is_spark_s_sql_too(spark_session, path):
    parser = spark_session._jsparkSession.sessionState().sqlParser()
    parser.parsePlan(transpile(path.read_text(encoding="utf-8")))


def test_conformance_tells_a_difference_from_agreement(spark):
    with pytest.raises(AssertionError, match="DuckDB's"):
        agree("select sum(level) as n from t", {"t": T}, spark=spark)
    with pytest.raises(AssertionError, match=r"on Spark sorted row 0 is \(1,\) instead of \(2,\)"):
        agree("select cast(1.5e0 as integer) as n", {}, spark=spark)
    assert_same([(1.0, None)], [(1.0 + 1e-13, None)], "near")
    for there in [(1.0 + 1e-11,), (1,), (None,)]:
        with pytest.raises(AssertionError):
            assert_same([(1.0,)], [there], "far")
    with pytest.raises(AssertionError, match="on Spark 0 rows instead of 1"):
        assert_same([(1,)], [], "short")
