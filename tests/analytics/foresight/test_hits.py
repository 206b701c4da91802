"""A dry run counts what the gates said, and says in one line why much is denied and what to do about it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.gates import gates_in_force, shipped_gates
from springtide.analytics.foresight.hits import count_hits, says
from springtide.analytics.foresight.judging import JUDGED

VOUCHER = Benefit("fee_voucher", amount_usdt=Decimal(5))


@pytest.fixture
def told(exchange):
    """Judges as many users as there are letters: `.` country is empty, `x` a country that the matrix lacks, `y` another, `v` Vietnam."""

    def count(places: str, benefit: Benefit = VOUCHER):
        country = {".": "-", "x": "XX", "y": "YY", "v": "VN"}
        users = "\n".join(f"u{n} 2025-03-01 {country[letter]} 1 yes" for n, letter in enumerate(places))
        exchange.has("users", f"user registered_at country kyc_level marketing_consent\n{users}")
        fees = "\n".join(f"u{n} 2026-03-31T10:00 1000 100" for n in range(len(places)))
        exchange.has("spot_trades", f"user executed_at notional_usdt fee_usdt\n{fees}")
        exchange.finds()
        exchange.judges(benefit)
        return count_hits(exchange.engine, "judged", shipped_gates())

    return count


def test_why_much_is_denied_is_said_with_how_to_mend_it(told):
    found = told(".........vv")
    assert (found.users, found.allowed, found.denied) == (11, 2, 9)
    assert found.sentence() == "82 % denied: country is empty. Give country or jurisdiction in the table users."
    assert found.sentence("zh-hans") == "82% 被拒：国家为空。请在 users 表中提供 country 或 jurisdiction。"


def test_what_the_matrix_lacks_is_named_the_most_frequent_first(told):
    found = told("xyyv")
    assert found.sentence().startswith("75 % denied: the matrix has no row for where they live (YY, XX). Let compliance")


def test_a_gate_that_lets_pass_for_want_of_data_says_so(exchange):
    known = {"knows_counterparties": False, "knows_links": True}
    engine = exchange.engine
    engine.table("judged", JUDGED, [(1, "allow", "")])
    [silent] = count_hits(engine, "judged", shipped_gates(), known).silent
    assert (silent.gate, silent.says.en, silent.mend.en) == (
        "wash", "the other side of trades is not known", "Give counterparty_user_id with the trades."
    )  # fmt: skip
    assert count_hits(engine, "judged", shipped_gates(), {"knows_counterparties": True}).silent == ()


def test_where_little_is_denied_nothing_is_said(told):
    assert told(".vvvvv").sentence() == ""


def test_a_message_is_not_asked_where_its_reader_lives(told):
    assert told("..", Benefit()).allowed == 2


def test_a_code_is_said_in_words_whichever_gate_gave_it():
    gates = gates_in_force({})
    assert says("kyc_too_low", gates).en == "KYC below the instrument's minimum"
    assert says("unknown_has_consent", gates).en == "consent to marketing is not known"
    assert says("decided", gates).en == "denied by a person"
    assert says("unknown_kyc_minimum", gates).en == "not known: the least KYC level of the instrument"
