"""A PostgreSQL table or query as a source, against a real server."""

from __future__ import annotations

import pytest

from springtide.analytics.facts import import_path, parse_mapping
from springtide.kernel.days import zone
from springtide.kernel.errors import BadInput

pytestmark = pytest.mark.postgres

MADE = """
    drop schema if exists shop cascade;
    create schema shop;
    create table shop.users as
        select 'u' || n as user_id, timestamptz '2026-01-01 08:00+08' as registered_at, 1 as kyc_level, 'retail' as user_type,
            'active' as status
        from generate_series(1, 3) as n;
    create table shop.fills as
        select 9007199254740993000 + n as trade, 'u' || (1 + n % 3) as uid, timestamp '2026-03-01 10:00' + n * interval '1 second' as at,
            case when n % 2 = 0 then 'B' else 'S' end as way, 0.1::numeric(38, 18) * n as px, n::numeric as qty,
            'it, is "quoted"' || chr(10) || 'twice' as note
        from generate_series(1, 1000) as n;
    insert into shop.fills values (1, 'u9', '2026-03-01 10:00', 'B', 1, 1, null), (2, 'u1', '2026-03-01 10:00', 'B', 'NaN', 1, '');
"""
MAPPING = """
    table: spot_trades
    query: select trade, uid, at, way, px, qty from shop.fills
    columns: {trade: event_id, uid: user_id, at: executed_at, way: side, px: price, qty: quantity}
    expressions: {notional_usdt: px * qty}
    values: {side: {B: buy, S: sell}}
    unknown: [market, base, quote, fee_usdt]
"""


@pytest.fixture(scope="module")
def shop(postgres_server):
    import psycopg

    with psycopg.connect(postgres_server) as connection:
        connection.execute(MADE)
    return postgres_server


def run(exchange, address, **how):
    told = import_path(exchange.lake, address, zone=zone("UTC"), now=exchange.now, memory="400MB", **how)
    [(table, counts)] = told.tables.items()
    return table, counts.taken, counts.duplicate, counts.quarantined


def test_a_table_is_imported_under_its_name(exchange, shop):
    assert run(exchange, f"{shop}#shop.users") == ("users", 3, 0, 0)
    assert run(exchange, f"{shop}#shop.users") == ("users", 0, 3, 0)
    assert [str(at) for (at,) in exchange.rows("users", "registered_at")] == ["2026-01-01 00:00:00"] * 3


def test_a_query_is_imported_by_its_mapping(exchange, shop):
    run(exchange, f"{shop}#shop.users")
    mapping = parse_mapping(MAPPING, "shop")
    assert run(exchange, shop, mapping=mapping) == ("spot_trades", 1000, 0, 2)
    assert run(exchange, shop, mapping=mapping) == ("spot_trades", 0, 1000, 2)
    assert sorted(rule for _, _, _, rule in exchange.refused()) == ["not_finite", "unknown_user"]
    [first, *_] = exchange.rows("spot_trades", "event_id, side, price, notional_usdt")
    assert (first[0], first[1], float(first[2]), first[3]) == ("9007199254740993001", "sell", 0.1, 100_000)


def test_a_query_may_stand_in_the_address(exchange, shop):
    query = "select user_id, registered_at, kyc_level, user_type, status from shop.users where user_id <> 'u2'"
    assert run(exchange, f"{shop}#users={query}") == ("users", 2, 0, 0)


def test_a_mapping_without_a_query_reads_the_table_of_the_address(exchange, shop):
    run(exchange, f"{shop}#shop.users")
    mapping = parse_mapping(
        MAPPING.replace("query: select trade, uid, at, way, px, qty from shop.fills", "ignore: [note]"), "shop"
    )
    assert run(exchange, f"{shop}#shop.fills", mapping=mapping) == ("spot_trades", 1000, 0, 2)


@pytest.mark.parametrize(
    "wanted", ["shop.nothing", "users=delete from shop.users returning *", "users=select 1; drop table shop.users"]
)
def test_what_the_server_refuses_is_told_and_nothing_is_written(exchange, shop, wanted):
    with pytest.raises(BadInput) as told:
        run(exchange, f"{shop}#{wanted}", **({} if "=" in wanted else {"table": "users"}))
    assert told.value.code == "database_refused"
    assert run(exchange, f"{shop}#shop.users") == ("users", 3, 0, 0)


def test_a_server_that_is_not_there_is_told_without_the_password(exchange):
    with pytest.raises(BadInput) as told:
        run(exchange, "postgresql://me:secret@127.0.0.1:1/db#users")
    assert told.value.code == "database_refused"
    assert "secret" not in str(told.value)


def test_an_address_that_says_no_table_is_told(exchange, shop):
    with pytest.raises(BadInput) as told:
        run(exchange, shop)
    assert told.value.code == "unnamed_table"
