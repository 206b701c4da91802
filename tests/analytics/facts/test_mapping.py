"""Mapping files: foreign layouts in YAML, and typos told with the nearest word."""

from __future__ import annotations

import pytest

from springtide.analytics.facts import CONTRACTS, mapping_named, mappings, parse_mapping, save_mapping
from springtide.kernel.errors import BadInput, UnknownName

THEIRS = """
about: Fills of another exchange
table: spot_trades
files: fills-*.csv
source: elsewhere
columns: {uid: user_id, id: event_id, time: executed_at, pair: market, direction: [side, role], px: price, qty: quantity}
expressions:
  base: split_part(pair, '-', 1)
  quote: split_part(pair, '-', 2)
  notional_usdt: px * qty
  fee_usdt: round(px * qty * 0.001, 6)
values:
  side: {BUY MAKER: buy, BUY TAKER: buy, SELL: sell}
  role: {BUY MAKER: maker, BUY TAKER: taker, SELL: ~}
unknown: [order_id, via, counterparty_user_id]
ignore: [note]
zone: Asia/Shanghai
time_formats: ["%d.%m.%Y %H:%M", epoch_ms]
delimiter: ";"
"""
FILLS = """uid;id;time;pair;direction;px;qty;note
ann;1;01.03.2026 08:00;BTC-USDT;BUY MAKER;100;0.5;x
ann;2;1772323200000;BTC-USDT;SELL;100;0,5;y
ann;3;2026-03-01 08:00:00;ETH-USDT;SELL;100;1;
"""


def test_a_mapping_adapts_columns_values_times_and_expressions(exchange):
    exchange.has_users("ann")
    mapping = parse_mapping(THEIRS, "theirs")
    assert exchange.imports("fills-1.csv", FILLS, mapping=mapping) == (2, 0, 0, 1)
    columns = "event_id, source, market, base, quote, side, role, notional_usdt, fee_usdt"
    assert exchange.rows("spot_trades", columns) == [
        ("1", "elsewhere", "BTC-USDT", "BTC", "USDT", "buy", "maker", 50_000_000, 50_000),
        ("3", "elsewhere", "ETH-USDT", "ETH", "USDT", "sell", None, 100_000_000, 100_000),
    ]
    assert [str(at) for (at,) in exchange.rows("spot_trades", "executed_at")] == ["2026-03-01 00:00:00"] * 2
    assert exchange.refused() == [(3, "quantity", "0,5", "type")]


def test_a_mapping_is_the_same_after_it_was_saved(exchange):
    mapping = parse_mapping(THEIRS, "theirs")
    save_mapping(mapping, exchange.mappings)
    assert mapping_named("theirs", exchange.mappings) == mapping
    assert "theirs" in mappings(exchange.mappings)


def test_every_shipped_mapping_is_sound_and_says_what_it_is_for():
    assert set(mappings()) >= {"balancer_weekly", "hyperliquid_fills", "kwenta_perp_quest"}
    for name, mapping in mappings().items():
        assert mapping.about
        assert parse_mapping(mapping.as_yaml(), name) == mapping


@pytest.mark.parametrize(
    ("wrong", "right", "hint"),
    [
        ("table: spot_trades", "table: spot_trade", "Did you mean 'spot_trades'?"),
        ("columns:", "colums:", "Did you mean 'columns'?"),
        ("uid: user_id", "uid: userid", "Did you mean 'user_id'?"),
        ("unknown: [order_id,", "unknown: [order_idd,", "Did you mean 'order_id'?"),
        ("SELL: sell", "SELL: sel", "Did you mean 'sell'?"),
        ("zone: Asia/Shanghai", "zone: Asia/Shanghigh", "Asia/Shanghai"),
        ("px * qty\n", "px * qty; drop table users\n", ""),
        ("split_part(pair, '-', 1)", "split_parts(pair, '-', 1)", "Did you mean 'split_part'?"),
        ("split_part(pair, '-', 1)", "(select 1)", ""),
        ("split_part(pair, '-', 1)", "read_text('/etc/passwd')", ""),
        ("split_part(pair, '-', 1)", "getenv('HOME')", ""),
        ("split_part(pair, '-', 1)", "other.pair", "without a prefix"),
        ('"%d.%m.%Y %H:%M"', "epoch", "epoch_ms"),
        ("ignore: [note]", "number_rows: perhaps", "true, false"),
        ("ignore: [note]", "derive_users: always", "first_seen"),
        ("unknown: [order_id,", "unknown: [price, order_id,", "Keep one of them."),
        ("table: spot_trades", "- no: table", ""),
    ],
)
def test_a_typo_in_a_mapping_is_told_with_the_nearest_word(wrong, right, hint):
    assert wrong in THEIRS
    with pytest.raises(BadInput) as told:
        parse_mapping(THEIRS.replace(wrong, right, 1), "theirs")
    assert told.value.code in ("bad_mapping", "unknown_zone")
    assert hint in told.value.hint


def test_a_mapping_that_nothing_is_named_is_told_with_the_nearest(exchange):
    with pytest.raises(UnknownName) as told:
        exchange.imports("fills.csv", FILLS, mapping="balancer_weakly")
    assert told.value.hint == "Did you mean 'balancer_weekly'?"


def test_a_mapping_file_may_be_given_by_its_path(exchange):
    exchange.has_users("ann")
    path = exchange.file("theirs.yml", THEIRS)
    assert exchange.imports("fills-1.csv", FILLS, mapping=str(path)) == (2, 0, 0, 1)


def test_a_column_that_the_file_does_not_have_is_told(exchange):
    with pytest.raises(BadInput) as told:
        exchange.imports("fills-1.csv", FILLS.replace("uid", "user"), mapping=parse_mapping(THEIRS, "theirs"))
    assert told.value.code == "missing_column"
    assert "'uid'" in told.value.message


def test_a_column_of_which_the_mapping_says_nothing_is_told(exchange):
    mapping = parse_mapping(THEIRS.replace("ignore: [note]", ""), "theirs")
    with pytest.raises(BadInput) as told:
        exchange.imports("fills-1.csv", FILLS, mapping=mapping)
    assert (told.value.code, "'note'" in told.value.message) == ("unknown_column", True)
    assert "ignore" in told.value.hint


def test_all_other_columns_may_be_ignored(exchange):
    exchange.has_users("ann")
    mapping = parse_mapping(THEIRS.replace("ignore: [note]", 'ignore: ["*"]'), "theirs")
    assert exchange.imports("fills-1.csv", FILLS, mapping=mapping) == (2, 0, 0, 1)


def test_a_file_that_no_layout_takes_is_told(exchange):
    with pytest.raises(BadInput, match="takes no file named trades"):
        exchange.imports("trades.csv", FILLS, mapping=parse_mapping(THEIRS, "theirs"))


def test_of_several_layouts_the_first_that_fits_takes_a_row_and_none_is_lost(exchange):
    exchange.has_users("ann")
    mapping = parse_mapping(
        """
        files: money*.csv
        layouts:
          - table: other_income
            where: what = 'spread'
            columns: {id: event_id, who: user_id, when: at, usd: usdt}
            constants: {kind: convert_spread}
            ignore: [what]
          - table: commissions
            columns: {id: event_id, who: user_id, when: at, usd: usdt, what: kind}
        """,
        "money",
    )
    text = "id,who,when,usd,what\n1,ann,2026-03-01,5,spread\n2,ann,2026-03-01,1,rebate\n3,ann,2026-03-01,1,\n4,ann,2026-03-01,1,referral\n"
    told = exchange.imported("money.csv", text, mapping=mapping)
    assert {name: (counts.read, counts.taken, counts.quarantined) for name, counts in told.tables.items()} == {
        "other_income": (1, 1, 0),
        "commissions": (3, 2, 1),
    }


def test_a_number_in_an_expression_is_one_in_every_kind_of_file(exchange):
    exchange.has_users("ann")
    mapping = parse_mapping(
        """
        table: surveys
        columns: {id: event_id, uid: user_id, time: at, q: question}
        expressions: {score: case when stars >= 10 then 1 when stars / 2 > 2 then 0.5 else 0 end}
        """,
        "stars",
    )
    exchange.imports(
        "s.csv", "id,uid,time,q,stars\n1,ann,2026-03-01,a,9\n2,ann,2026-03-01,a,10\n3,ann,2026-03-01,a,x\n", mapping=mapping
    )
    assert [float(score) for (score,) in exchange.rows("surveys", "score", order="event_id")] == [0.5, 1.0, 0.0]


def test_a_literal_that_is_no_word_of_a_choice_is_told():
    with pytest.raises(BadInput, match="'perpetal' cannot be the contract_type"):
        parse_mapping("table: contract_trades\nconstants: {contract_type: perpetal}\n", "x")


def test_every_table_can_be_told_in_a_mapping():
    for one in CONTRACTS:
        text = f"table: {one.name}\ncolumns: {{{', '.join(f'c{n}: {name}' for n, name in enumerate(one.names))}}}\n"
        assert parse_mapping(text, "all").layouts[0].contract is one
