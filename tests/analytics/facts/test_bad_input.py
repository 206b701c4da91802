"""Everything that a file can have wrong: told by table, column, count and an example, and the rest goes in."""

from __future__ import annotations

import pytest

from springtide.kernel.errors import BadInput
from tests import sql
from tests.analytics.facts.conftest import TRADE, Exchange, csv_of, trades, users


def refusal(exchange: Exchange, name: str, content: str | bytes, **how: object) -> BadInput:
    with pytest.raises(BadInput) as told:
        exchange.imports(name, content, **how)
    assert told.value.hint
    return told.value


def test_an_empty_file_is_told(exchange):
    assert refusal(exchange, "spot_trades.csv", b"").code == "empty_file"
    assert refusal(exchange, "spot_trades.csv", "\n\n").code == "empty_file"
    assert refusal(exchange, "spot_trades.csv.gz", b"").code == "empty_file"


def test_a_file_with_headings_and_no_rows_states_an_empty_table(exchange):
    exchange.has_users("ann")
    assert exchange.imports("restrictions.csv", "user_id,kind,valid_from,valid_to,source\n") == (0, 0, 0, 0)
    assert "restrictions" in exchange.notes("stated")


def test_a_heading_that_does_not_split_is_a_wrong_delimiter(exchange):
    told = refusal(exchange, "spot_trades.csv", "event_id~user_id~price\n1~ann~5\n")
    assert told.code == "wrong_delimiter"
    assert "event_id~user_id~price" in told.message
    assert "semicolon" in told.hint


def test_rows_split_otherwise_than_the_heading_are_a_wrong_delimiter(exchange):
    told = refusal(exchange, "spot_trades.csv", "event_id,user_id,price\n1;ann;5\n2;bob;6\n")
    assert told.code == "wrong_delimiter"
    assert "None of the 2 lines" in told.message
    assert "'1;ann;5'" in told.message


def test_a_mapping_that_names_another_delimiter_than_the_file_has_is_told(exchange):
    exchange.mappings.mkdir()
    (exchange.mappings / "theirs.yml").write_text(
        'table: prices\ndelimiter: ";"\ncolumns: {day: day, asset: asset, p: close_usdt}\n'
    )
    told = refusal(exchange, "p.csv", "day,asset,p\n2026-03-01,BTC,5\n", mapping="theirs")
    assert told.code == "wrong_delimiter"
    assert "comma" in told.hint


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_usual_delimiters_are_seen(exchange, delimiter):
    exchange.has_users("ann")
    assert exchange.imports("spot_trades.csv", csv_of("event_id\n1", TRADE, delimiter=delimiter)) == (1, 0, 0, 0)


def test_a_missing_mandatory_column_is_told(exchange):
    told = refusal(
        exchange, "spot_trades.csv", "event_id,user_id,executed_at,market,base,quote,side,price,quantity,notional_usdt\n"
    )
    assert (told.code, told.message) == (
        "missing_column",
        "spot_trades.csv has no column 'fee_usdt', which spot_trades must have.",
    )
    assert "price, quantity" in told.hint


def test_an_unknown_column_is_told_with_the_nearest_one(exchange):
    told = refusal(exchange, "spot_trades.csv", csv_of("event_id rol\n1 maker", TRADE))
    assert told.code == "unknown_column"
    assert "'rol'" in told.message
    assert "Did you mean 'role'?" in told.hint


def test_two_columns_of_one_name_are_told(exchange):
    assert refusal(exchange, "prices.csv", "day,asset,close_usdt,asset\n").code == "duplicate_column"


def test_duplicate_ids_with_different_content_keep_the_first_and_quarantine_the_others(exchange):
    exchange.has_users("ann")
    assert exchange.imports(
        "spot_trades.csv",
        trades("""
            event_id  price
            1         10
            1         11
            1         10
            2         10
        """),
    ) == (2, 1, 0, 1)
    assert exchange.refused() == [(3, "event_id", "1", "conflict")]
    assert exchange.rows("spot_trades", "event_id, price") == [("1", 10), ("2", 10)]


def test_a_known_id_with_different_content_and_no_higher_version_is_a_conflict(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id price\n1 10"))
    assert exchange.imports("more/spot_trades.csv", trades("event_id price\n1 11")) == (0, 0, 0, 1)
    assert exchange.rows("spot_trades", "event_id, price") == [("1", 10)]


def test_negative_quantities_go_to_quarantine_and_the_rest_goes_in(exchange):
    exchange.has_users("ann")
    told = exchange.imported("spot_trades.csv", trades("event_id quantity\n1 -1\n2 1\n3 -0.5"))
    assert told.tables["spot_trades"].quarantined == 2
    assert exchange.refused() == [(2, "quantity", "-1", "negative"), (4, "quantity", "-0.5", "negative")]
    assert [problem.says for problem in told.problems] == [
        "spot_trades: 2 rows of spot_trades.csv where quantity is negative, the first is line 2 ('-1')"
    ]


def test_a_maker_rebate_is_no_negative_fee(exchange):
    exchange.has_users("ann")
    assert exchange.imports("spot_trades.csv", trades("event_id fee_usdt\n1 -0.5")) == (1, 0, 0, 0)
    assert exchange.rows("spot_trades", "fee_usdt") == [(-500_000,)]


def test_a_fill_in_the_future_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id executed_at\n1 2026-06-01T12:00:00\n2 2026-06-01T12:00:01"))
    assert exchange.refused() == [(3, "executed_at", "2026-06-01T12:00:01", "future")]


def test_a_fill_before_registration_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id executed_at\n1 2025-12-31T23:59:59\n2 2026-01-01"))
    assert exchange.refused() == [(2, "executed_at", "2025-12-31T23:59:59", "before_registration")]


def test_numbers_that_are_none_go_to_quarantine(exchange):
    exchange.has_users("ann")
    exchange.imports(
        "spot_trades.csv",
        trades("""
            event_id  price   notional_usdt
            1         1e308   1
            2         NaN     1
            3         inf     1
            4         abc     1
            5         1       1e308
            6         1       nan
            7         1e3     1.5e-1
        """),
    )
    assert exchange.refused() == [
        (2, "price", "1e308", "out_of_range"),
        (3, "price", "NaN", "not_finite"),
        (4, "price", "inf", "not_finite"),
        (5, "price", "abc", "type"),
        (6, "notional_usdt", "1e308", "out_of_range"),
        (7, "notional_usdt", "nan", "not_finite"),
    ]
    assert exchange.rows("spot_trades", "price, notional_usdt") == [(1000, 150_000)]


def test_the_same_numbers_in_parquet_go_to_quarantine(exchange):
    exchange.has_users("ann")
    path = exchange.folder / "spot_trades.parquet"
    rest = ", ".join(f"'{value}' as {name}" for name, value in TRADE.items() if name != "price")
    sql.run(
        f"copy (select event_id, price, {rest} from (values (1, 1e308::double), (2, 'nan'), (3, 'inf'), (4, -1.0), (5, 0.1)) "
        f"as t(event_id, price)) to '{path}' (format parquet)"
    )
    assert exchange.imports("spot_trades.parquet") == (1, 0, 0, 4)
    assert [(line, rule) for line, _, _, rule in exchange.refused()] == [
        (1, "out_of_range"),
        (2, "not_finite"),
        (3, "not_finite"),
        (4, "negative"),
    ]
    assert [str(price) for (price,) in exchange.rows("spot_trades", "price")] == ["0.100000000000"]


def test_a_line_with_bytes_that_are_no_text_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    lines = [f"{number},BTC" for number in range(30)]
    text = csv_of("event_id market\n" + "\n".join(line.replace(",", " ") for line in lines), TRADE).encode()
    assert exchange.imports("spot_trades.csv", text.replace(b"7,BTC", b"7,\xff\xfeC", 1)) == (29, 0, 0, 1)
    assert [(line, rule) for line, _, _, rule in exchange.refused()] == [(9, "encoding")]


def test_a_file_in_another_encoding_is_told_with_its_first_such_line(exchange):
    text = csv_of("event_id market\n" + "\n".join(f"{n} café" for n in range(30)), TRADE)
    told = refusal(exchange, "spot_trades.csv", text.encode("latin-1"))
    assert told.code == "wrong_encoding"
    assert "line 2" in told.message
    assert "UTF-8" in told.hint


def test_a_file_that_is_no_text_is_told(exchange):
    assert refusal(exchange, "spot_trades.csv", b"PK\x03\x04\0\0\0\0\x08\0").code == "wrong_encoding"


def test_nineteen_digit_ids_keep_every_digit(exchange):
    exchange.has_users("9223372036854775807")
    assert exchange.imports("spot_trades.csv", trades("event_id\n1234567890123456789", user_id="9223372036854775807")) == (
        1,
        0,
        0,
        0,
    )
    assert exchange.rows("spot_trades", "event_id, user_id") == [("1234567890123456789", "9223372036854775807")]


def test_an_id_that_a_spreadsheet_has_rounded_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id\n1.23457E+18\n1E+18\n1e5"))
    assert [(line, value, rule) for line, _, value, rule in exchange.refused()] == [
        (2, "1.23457E+18", "digits_lost"),
        (3, "1E+18", "digits_lost"),
    ]
    assert exchange.rows("spot_trades", "event_id") == [("1e5",)]


def test_ids_kept_as_doubles_in_parquet_are_taken_while_they_are_exact(exchange):
    exchange.imports("users.csv", users("7"))
    path = exchange.folder / "spot_trades.parquet"
    rest = ", ".join(f"'{value}' as {name}" for name, value in TRADE.items() if name != "user_id")
    sql.run(
        f"copy (select event_id, 7::double as user_id, {rest} from (values (5::double), (1e18::double), (1.5::double)) as t(event_id)) "
        f"to '{path}' (format parquet)"
    )
    assert exchange.imports("spot_trades.parquet") == (1, 0, 0, 2)
    assert [rule for *_, rule in exchange.refused()] == ["digits_lost", "type"]
    assert exchange.rows("spot_trades", "event_id, user_id") == [("5", "7")]


def test_a_user_who_is_not_in_users_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    told = exchange.imported("spot_trades.csv", trades("event_id user_id\n1 ann\n2 zoe"))
    assert exchange.refused() == [(3, "user_id", "zoe", "unknown_user")]
    assert told.problems[0].says.startswith("spot_trades: 1 row of spot_trades.csv where user_id is not in users")


def test_a_half_written_parquet_file_is_told(exchange):
    whole = exchange.folder / "whole.parquet"
    sql.run(f"copy (select range as event_id from range(100000)) to '{whole}' (format parquet)")
    content = whole.read_bytes()
    assert refusal(exchange, "spot_trades.parquet", content[: len(content) // 2]).code == "damaged_file"


def test_a_parquet_file_damaged_in_the_middle_is_told_and_leaves_nothing(exchange):
    exchange.has_users("ann")
    path = exchange.folder / "spot_trades.parquet"
    rest = ", ".join(f"'{value}' as {name}" for name, value in TRADE.items())
    sql.run(f"copy (select range as event_id, {rest} from range(300000)) to '{path}' (format parquet, compression zstd)")
    content = bytearray(path.read_bytes())
    content[100 : len(content) // 2] = bytes(len(content) // 2 - 100)
    before = exchange.version
    assert refusal(exchange, "spot_trades.parquet", bytes(content)).code == "damaged_file"
    assert exchange.version == before


def test_a_gzip_file_that_is_cut_off_is_told(exchange):
    import gzip

    packed = gzip.compress(trades("event_id\n" + "\n".join(map(str, range(5000)))).encode())
    assert refusal(exchange, "spot_trades.csv.gz", packed[: len(packed) // 2]).code == "damaged_file"


def test_a_workbook_that_is_none_is_told(exchange):
    assert refusal(exchange, "spot_trades.xlsx", b"not a workbook").code == "damaged_file"


def test_a_line_with_too_many_or_too_few_fields_goes_to_quarantine_with_its_text(exchange):
    exchange.has_users("ann")
    good = trades("event_id\n1\n2\n3\n4").splitlines()
    good[2] = "2,too,few"
    good[4] += ",too many"
    assert exchange.imports("spot_trades.csv", "\n".join(good)) == (2, 0, 0, 2)
    assert exchange.refused() == [(3, None, "2,too,few", "layout"), (5, None, good[4][:200], "layout")]


def test_lines_after_a_broken_one_keep_their_numbers(exchange):
    exchange.has_users("ann")
    good = trades("event_id price\n1 1\n2 1\n3 x\n4 1\n5 y").splitlines()
    good[1] = "broken"
    good[4] = "broken,too"
    exchange.imports("spot_trades.csv", "\n".join(good))
    assert [(line, rule) for line, _, _, rule in exchange.refused()] == [(2, "layout"), (4, "type"), (5, "layout"), (6, "type")]


def test_words_that_are_no_choice_name_the_allowed_ones(exchange):
    exchange.has_users("ann")
    told = exchange.imported("spot_trades.csv", trades("event_id side\n1 BUY\n2 hold"))
    assert exchange.refused() == [(3, "side", "hold", "choice")]
    assert "is none of buy, sell" in told.problems[0].says


def test_an_empty_mandatory_cell_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id market\n- BTC\n2 -"))
    assert exchange.refused() == [(2, "event_id", None, "missing"), (3, "market", None, "missing")]


def test_a_count_that_is_no_whole_number_goes_to_quarantine(exchange):
    exchange.has_users("ann")
    sessions = "user_id,day,platform,sessions\nann,2026-03-01,app,2.0\nann,2026-03-02,app,2.5\nann,2026-03-03,app,99999999999\n"
    exchange.imports("sessions.csv", sessions)
    assert exchange.refused() == [(3, "sessions", "2.5", "type"), (4, "sessions", "99999999999", "out_of_range")]


def test_properties_that_are_no_json_go_to_quarantine(exchange):
    exchange.has_users("ann")
    told = 'event_id,user_id,at,name,properties\n1,ann,2026-03-01,quiz,"{""a"": 1}"\n2,ann,2026-03-01,quiz,{a\n'
    assert exchange.imports("events.csv", told) == (1, 0, 0, 1)
    assert exchange.rows("events", "event_id, properties") == [("1", '{"a": 1}')]


def test_the_row_in_quarantine_is_the_row_as_it_came(exchange):
    exchange.has_users("ann")
    exchange.imports("spot_trades.csv", trades("event_id price\n1 abc"))
    [(row, mapping, table, file)] = exchange.rows("quarantine", "row, mapping, table_name, file")
    assert row.startswith('{"event_id":"1","price":"abc","user_id":"ann"')
    assert (mapping, table, file) == ("", "spot_trades", "spot_trades.csv")


def test_a_file_that_names_no_table_is_told_with_the_nearest(exchange):
    told = refusal(exchange, "spot_trade.csv", "a,b\n1,2\n")
    assert (told.code, "Did you mean 'spot_trades'?" in told.hint) == ("unnamed_table", True)


def test_a_file_of_another_kind_is_told(exchange):
    assert refusal(exchange, "spot_trades.txt", "a").code == "unknown_format"


def test_a_path_that_is_not_there_is_told(exchange):
    with pytest.raises(BadInput) as told:
        exchange.imports("nowhere.csv")
    assert told.value.code == "no_such_file"
