"""Who may do what: the matrix agrees, cell by cell, with the plan of roles that people agreed on."""

import pytest

from springtide.operations.members import states
from springtide.operations.members.models import Member

# The plan as people wrote it: R reads, W creates and edits, A acts or approves; small letters: not of everything; - nothing.
PLAN = """
                            manager operator analyst qc_reviewer approver collaborator admin
overview, metrics, questions   R       R        RW      R           R        r            -
user page                      R       r        R       r           r        r            -
lists of users                 RA      ra       R       r           -        -            -
export                         R       r        r       -           -        -            -
segments and strategy          RWa     R        RW      RA          Ra       R            -
SQL console                    r       -        R       -           -        -            -
campaigns, journeys            RWa     Rw       RW      RA          Ra       r            -
service messages               w       -        -       -           -        -            -
kill switch, pause             A       a        -       -           A        a            -
budgets, grants                Ra      rw       R       R           Ra       ra           -
risk reasons                   r       -        r       r           r        r            -
tasks, tickets                 RWA     rw       R       r           r        r            -
shifts                         RA      Ra       R       -           -        -            Ra
SOPs                           RWa     RA       Rw      RW          Ra       ra           -
QC reviews                     RA      ra       R       RW          -        -            -
scorecards, bonus              rw      r        RA      A           Ra       -            -
plans                          RW      R        Rw      -           Ra       rw           -
playbooks                      RWa     R        RW      R           Ra       R            -
requests                       RWa     RW       RW      RW          Ra       rw           -
reports                        RW      r        RW      R           R        r            A
audit                          r       r        R       R           R        r            R
members, roles                 RW      -        -       -           Ra       -            RWA
tokens                         w       w        w       w           w        w            w
"""
LETTERS = {
    "overview, metrics, questions": {"R": "see_overview", "W": "edit_questions"},
    "user page": {"R": "see_user"},
    "lists of users": {"R": "see_users", "A": "work_users"},
    "export": {"R": "export_users"},
    "segments and strategy": {"R": "see_segments", "W": "edit_segments", "A": "approve_segments rate_segments"},
    "SQL console": {"R": "use_sql"},
    "campaigns, journeys": {"R": "see_campaigns", "W": "edit_campaigns", "A": "approve_campaigns rate_campaigns"},
    "service messages": {"W": "send_service"},
    "kill switch, pause": {"A": "stop_campaigns"},
    "budgets, grants": {"R": "see_budgets", "W": "grant_rewards", "A": "approve_rewards"},
    "risk reasons": {"R": "see_risk"},
    "tasks, tickets": {"R": "see_tasks", "W": "edit_tasks", "A": "assign_tasks"},
    "shifts": {"R": "see_shifts", "A": "edit_shifts"},
    "SOPs": {"R": "see_sops", "W": "edit_sops", "A": "approve_sops run_sops acknowledge_sops sign_off_sops suggest_sops"},
    "QC reviews": {"R": "see_reviews see_review_totals", "W": "edit_reviews", "A": "approve_qc_plans dispute_reviews"},
    "scorecards, bonus": {
        "R": "see_scorecards",
        "W": "edit_scorecards",
        "A": "approve_bonus compute_scorecards score_scorecards",
    },
    "plans": {"R": "see_plans", "W": "edit_plans", "A": "approve_plans"},
    "playbooks": {"R": "see_playbooks", "W": "edit_playbooks", "A": "approve_playbooks"},
    "requests": {"R": "see_requests", "W": "edit_requests", "A": "approve_requests"},
    "reports": {"R": "see_reports", "W": "edit_reports", "A": "edit_delivery"},
    "audit": {"R": "see_audit"},
    "members, roles": {"R": "see_members", "W": "propose_members", "A": "approve_members switch_off_members"},
    "tokens": {"W": "make_tokens"},
}
# Rights that stand beside the plan: columns of single users, what follows from a row above, and the machine.
BESIDE = {
    "see_money", "see_personal", "see_bonus", "see_calendar", "see_totals", "see_risk_flag", "decide_risk", "edit_gates", "comment_plans",
    "see_data", "see_rows", "import_data", "see_schedules", "edit_schedules", "answer_signals",
}  # fmt: skip
ROWS = {line[:31].strip(): line[31:].split() for line in PLAN.splitlines()[2:]}


@pytest.mark.parametrize("row", ROWS)
def test_the_matrix_says_what_the_plan_says(row):
    for role, planned in zip(states.ROLES, ROWS[row], strict=True):
        told = ""
        for letter, rights in LETTERS[row].items():
            cells = [states.MATRIX[right][role] for right in rights.split()]
            told += letter if {"all"} in cells else letter.lower() if any(cells) else ""
        assert (role, told or "-") == (role, planned)


def test_every_right_stands_in_the_plan_or_is_named_beside_it():
    planned = {right for letters in LETTERS.values() for rights in letters.values() for right in rights.split()}
    assert planned | BESIDE == set(states.RIGHTS)
    assert not planned & BESIDE


def test_every_right_has_a_name_in_the_code():
    assert [right for right in states.RIGHTS if getattr(states, right.upper(), None) != right] == []


def member(role, **more):
    return Member(username=role, role=role, **more)


@pytest.mark.parametrize(
    ("role", "right", "ties", "may"),
    [
        ("manager", "edit_campaigns", (), True),
        ("operator", "edit_campaigns", (), False),
        ("operator", "edit_campaigns", ("drafts",), True),
        ("operator", "see_user", (), False),
        ("operator", "see_user", ("assigned",), True),
        ("operator", "see_user", ("team",), False),
        ("operator", "see_user", ("own",), True),
        ("approver", "approve_plans", (), True),
        ("approver", "approve_plans", ("own",), False),
        ("approver", "approve_rewards", ("within_limit",), False),
        ("approver", "approve_rewards", ("above_limit",), True),
        ("admin", "see_overview", ("own", "team", "shared"), False),
    ],
)
def test_a_right_over_some_things_is_none_over_the_others(role, right, ties, may):
    assert member(role).may(right, *ties) is may


def test_a_page_that_shows_only_what_one_may_see_opens_for_a_right_over_some_things():
    assert member("operator").may_some("see_tasks")
    assert not member("operator").may("see_tasks")
    assert not member("admin").may_some("see_tasks")


def test_a_collaborator_has_what_the_own_department_has():
    assert member("collaborator", department="risk").may("decide_risk")
    assert member("collaborator", department="marketing").may("see_calendar")
    assert not member("collaborator", department="marketing").may("decide_risk")
    assert not member("collaborator", department="marketing").may_some("stop_campaigns")
    assert not member("collaborator").may("decide_risk")
    assert not member("operator", department="risk").may("decide_risk")


def test_a_right_is_given_by_name_only_where_the_role_can_have_it():
    assert member("analyst", granted_rights=["see_money"]).may("see_money")
    assert not member("analyst").may("see_money")
    assert not member("operator", granted_rights=["see_risk"]).may("see_risk")
    assert not member("operator", granted_rights=["approve_plans"]).may("approve_plans")


def test_no_right_that_approves_is_given_by_name():
    assert sorted(set().union(*map(states.named_for, states.ROLES))) == [
        "export_users", "see_bonus", "see_money", "see_personal", "see_risk", "send_service", "use_sql",
    ]  # fmt: skip


def test_a_member_who_is_switched_off_or_of_no_known_role_may_nothing():
    for nobody in (member("manager", is_active=False), member("king")):
        assert not any(nobody.may_some(right) for right in states.RIGHTS)


def test_a_token_narrows_and_never_widens():
    spoken_for = member("analyst")
    spoken_for.narrowed_to = frozenset({"see_overview", "see_money"})
    assert spoken_for.may("see_overview")
    assert not spoken_for.may("see_users")
    assert not spoken_for.may("see_money")


def test_a_right_that_does_not_exist_is_loud():
    with pytest.raises(KeyError):
        member("manager").may("see_mony")
