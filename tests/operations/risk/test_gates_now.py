"""The gates as they stand at a moment: those in force, live flags, decisions, and users by their ids."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from springtide.analytics.foresight.benefit import Benefit
from springtide.analytics.foresight.gates import shipped_body
from springtide.analytics.foresight.judging import JUDGED
from springtide.analytics.foresight.matrix import shipped_matrix_body
from springtide.kernel.errors import Refused, SpringtideError, UnknownName
from springtide.operations.definitions.actions import approve_definition, save_draft, submit_definition
from springtide.operations.risk import gates
from springtide.operations.risk.actions import NewCase, NewFlag, decide, open_cases, raise_flags
from springtide.operations.risk.gates import Verdict
from springtide.operations.risk.models import Case
from springtide.operations.risk.reads import gates_seen
from springtide.operations.risk.reviews import reviews
from tests.analytics.foresight.conftest import TODAY, judged_at
from tests.operations.conftest import NOON

VOUCHER = Benefit("fee_voucher", amount_usdt=Decimal(5))
ALLOWED = Verdict("allow")


@pytest.fixture
def exchange(tmp_path):
    """ann, bob and cid share a device; dan stands alone; sub is an account of dan's."""
    exchange = judged_at(tmp_path)
    exchange.has(
        "users",
        """
        user  registered_at  country  kyc_level  marketing_consent
        ann   2025-03-01     VN       1          yes
        bob   2025-03-01     VN       1          yes
        cid   2025-03-01     VN       1          yes
        dan   2025-03-01     XX       1          yes
        eve   2025-03-01     VN       1          yes
    """,
    )
    fees = "\n".join(f"{user} 2026-03-31T10:00 1000 100" for user in ("ann", "bob", "cid", "dan", "eve"))
    exchange.has("spot_trades", f"user executed_at notional_usdt fee_usdt\n{fees}")
    exchange.has(
        "links",
        """
        user  link_type  link_hash  first_seen_at  last_seen_at
        ann   device     d1         2026-01-01     2026-01-01
        bob   device     d1         2026-01-01     2026-01-01
        cid   device     d1         2026-01-01     2026-01-01
    """,
    )
    exchange.finds()
    yield exchange
    exchange.engine.close()


def verdicts(exchange, *users, benefit=VOUCHER):
    snapshot = exchange.lake.snapshot()
    return gates.verdicts(exchange.engine, snapshot, users, benefit=benefit, as_of=TODAY, now=NOON)


def test_users_are_judged_by_their_ids_and_a_stranger_is_denied(exchange, db):
    assert verdicts(exchange, "ann", "eve", "nobody", "eve") == {
        "ann": Verdict("review", ("linked_few",)),
        "eve": ALLOWED,
        "nobody": Verdict("deny", ("unknown_user_type",)),
    }


def test_a_decision_and_a_flag_count_at_once(exchange, risk_collaborator):
    open_cases([NewCase("cluster 0", ("ann", "bob", "cid"), ("linked_few",))], origin="campaign 1", now=NOON)
    decide(Case.objects.get().pk, "clear", note="one family", acting=risk_collaborator, now=NOON)
    raise_flags([NewFlag("eve", "sanctions", "exchange"), NewFlag("gone", "sanctions")], acting=risk_collaborator, now=NOON)
    assert verdicts(exchange, "ann", "eve") == {"ann": ALLOWED, "eve": Verdict("deny", ("restricted",))}


def test_a_dry_run_counts_what_the_gates_would_say(exchange, db):
    def counted(rule="true"):
        return gates.dry_run(exchange.engine, exchange.lake.snapshot(), benefit=VOUCHER, as_of=TODAY, now=NOON, rule=rule)

    assert (counted().users, counted().allowed, counted().reviewed, counted().denied) == (5, 1, 3, 1)
    assert counted("country = 'XX'").sentence() == (
        "100 % denied: the matrix has no row for where they live (XX). Let compliance add these jurisdictions to the matrix."
    )
    with pytest.raises(SpringtideError) as refused:
        counted("county = 'XX'")
    assert refused.value.code == "unknown_column"


def test_a_review_becomes_one_case_for_the_whole_cluster_with_its_evidence(exchange, db):
    snapshot = exchange.lake.snapshot()
    gates.dry_run(exchange.engine, snapshot, benefit=VOUCHER, as_of=TODAY, now=NOON, rule="country = 'VN'")
    [found] = reviews(exchange.engine, snapshot, "judged")
    assert (found.subject, found.user_ids, found.codes) == ("cluster 0", ("ann", "bob", "cid"), ("linked_few",))
    assert found.evidence["users"]["bob"] == {"cluster_size": 3}
    assert open_cases([found], origin="campaign 1", now=NOON) == 1
    assert open_cases(reviews(exchange.engine, snapshot, "judged"), origin="campaign 2", now=NOON) == 0


def test_what_no_person_may_clear_makes_no_case(exchange, db):
    engine = exchange.engine
    rows = [
        (exchange.number("ann"), "review", "jurisdiction_restricted,linked_few"),
        (exchange.number("eve"), "review", "jurisdiction_restricted"),
    ]
    engine.table("judged", JUDGED, rows)
    [found] = reviews(engine, exchange.lake.snapshot(), "judged")
    assert (found.subject, found.codes) == ("cluster 0", ("linked_few",))


def test_one_user_is_told_with_every_clause(exchange, db):
    snapshot = exchange.lake.snapshot()
    told = gates.explained(exchange.engine, snapshot, "ann", benefit=VOUCHER, as_of=TODAY, now=NOON)
    assert told.verdict == Verdict("review", ("linked_few",))
    [linked] = [each for each in told.gates if each.gate.key == "linked"]
    assert (linked.verdict, linked.codes) == ("review", ("linked_few",))
    assert dict(linked.reasons[-1][1].comparisons[0].seen) == {"cluster_size": 3}
    with pytest.raises(UnknownName):
        gates.explained(exchange.engine, snapshot, "nobody", benefit=VOUCHER, as_of=TODAY, now=NOON)


def test_money_and_where_a_user_lives_have_rights_of_their_own(exchange, risk_collaborator, manager):
    snapshot = exchange.lake.snapshot()
    told = gates.explained(exchange.engine, snapshot, "ann", benefit=VOUCHER, as_of=TODAY, now=NOON)
    seen = {gate.key: gate for gate in gates_seen(told.gates, risk_collaborator)}
    [cap, _] = seen["caps"].clauses
    assert (cap.seen, cap.left_out) == ((), ("rewards_30d_usdt", "amount_usdt", "expected_revenue_usdt"))
    assert seen["linked"].clauses[-1].seen == (("cluster_size", 3), ("is_cluster_hub_only", False))
    with pytest.raises(Refused):
        gates_seen(told.gates, manager)


@pytest.mark.django_db(transaction=True)
def test_the_matrix_of_compliance_comes_into_force_by_two(exchange, risk_collaborator, second_of_risk, unguarded):
    body = shipped_matrix_body()
    body["rows"] = [*body["rows"], {"where": ["XX"], "verdict": "allowed", "since": "2026-03-31", "why": "opened"}]
    draft = save_draft("risk_matrix", "matrix", title="Matrix", body=plain(body), acting=risk_collaborator, now=NOON)
    submit_definition("risk_matrix", "matrix", acting=risk_collaborator, now=NOON, seen=draft.content_hash)
    assert verdicts(exchange, "dan") == {"dan": Verdict("deny", ("unknown_matrix_verdict",))}
    with pytest.raises(Refused) as refused:
        approve_definition("risk_matrix", "matrix", acting=risk_collaborator, now=NOON, seen=draft.content_hash)
    assert refused.value.code == "four_eyes"
    approve_definition("risk_matrix", "matrix", acting=second_of_risk, now=NOON, seen=draft.content_hash)
    assert verdicts(exchange, "dan") == {"dan": ALLOWED}
    assert gates.matrix_now().version == 2


@pytest.mark.django_db(transaction=True)
def test_a_manager_writes_a_gate_and_risk_control_approves(exchange, manager, risk_collaborator, unguarded):
    body = shipped_body("linked") | {"clauses": shipped_body("linked")["clauses"][:3]}
    draft = save_draft("gate", "linked", title="Linked", body=body, acting=manager, now=NOON)
    submit_definition("gate", "linked", acting=manager, now=NOON, seen=draft.content_hash)
    approve_definition("gate", "linked", acting=risk_collaborator, now=NOON, seen=draft.content_hash)
    assert verdicts(exchange, "ann") == {"ann": ALLOWED}


@pytest.mark.parametrize(
    ("kind", "key", "change", "code"),
    [
        ("gate", "linkd", {}, "unknown_gate"),
        ("gate", "linked", {"unknown": "maybe"}, "bad_gate"),
        ("gate", "linked", {"clauses": []}, "bad_gate"),
        ("gate", "linked", {"clausses": []}, "bad_gate"),
        ("gate", "kyc", {"clauses": shipped_body("linked")["clauses"]}, "bad_gate"),
        ("gate", "kyc", {"applies": "has_benefits"}, "unknown_column"),
        ("gate", "kyc", {"clauses": [{**shipped_body("kyc")["clauses"][0], "rule": "kyc < 1"}]}, "unknown_column"),
        (
            "gate",
            "kyc",
            {"clauses": [{**shipped_body("kyc")["clauses"][0], "rule": "kyc_level < 1; drop table users"}]},
            "bad_rule",
        ),
        ("gate", "kyc", {"clauses": [{**shipped_body("kyc")["clauses"][0], "code": "a,b"}]}, "bad_gate"),
        ("risk_matrix", "other", {}, "unknown_name"),
        (
            "risk_matrix",
            "matrix",
            {"rows": [{"where": ["GB"], "verdict": "never", "since": "2026-01-01", "why": "x"}]},
            "bad_matrix",
        ),
        ("risk_matrix", "matrix", {"rows": [{"where": ["GB"], "verdict": "none", "why": "x"}]}, "bad_matrix"),
        (
            "risk_matrix",
            "matrix",
            {"rows": [{"where": [False], "verdict": "none", "since": "2026-01-01", "why": "x"}]},
            "bad_matrix",
        ),
        ("risk_matrix", "matrix", {"minimum_kyc": {"spot": 1}}, "bad_matrix"),
    ],
)
def test_what_no_gate_could_ask_is_not_saved(risk_collaborator, kind, key, change, code):
    shipped = plain(shipped_matrix_body()) if kind == "risk_matrix" else shipped_body("kyc" if key == "kyc" else "linked")
    with pytest.raises(SpringtideError) as refused:
        save_draft(kind, key, title="Other", body=shipped | change, acting=risk_collaborator, now=NOON)
    assert refused.value.code == code


def plain(body):
    """The body as JSON carries it: days are texts."""
    rows = [{name: str(value) if isinstance(value, date) else value for name, value in row.items()} for row in body["rows"]]
    return body | {"rows": rows}


@pytest.fixture
def unguarded(database_for_two):
    """Files are written after the commit, so commits are real here."""
