"""A definition from draft to retired: it works, who may, four eyes, bad input, done twice, two at once."""

from datetime import timedelta

import pytest
import yaml

from springtide.home.definitions import published
from springtide.kernel.errors import BadInput, Refused, UnknownName
from springtide.operations.definitions import files, reads
from springtide.operations.definitions.actions import (
    approve_definition,
    drop_draft,
    publish_definition,
    retire_definition,
    return_definition,
    save_draft,
    submit_definition,
    take_back_definition,
)
from springtide.operations.definitions.models import Definition
from springtide.operations.members import approvals
from springtide.operations.members.models import AuditRow
from tests.operations.conftest import NOON

LATER = NOON + timedelta(hours=1)
NOTE = {"kind": "outage", "since": "2026-03-14", "text": "Outage of the matching engine, 40 minutes"}
TENURE = {
    "title": {"en": "Tenure", "zh": "注册时长"},
    "question": {"en": "How long has the user been with us?", "zh": "用户注册多久了？"},
    "strata": [
        {
            "name": name,
            "rule": rule,
            "label": {"en": name, "zh": name},
            "about": {"en": name, "zh": name},
        }
        for name, rule in [("onboarding", "tenure_days <= 14"), ("settled", "true")]
    ],
}


@pytest.fixture
def analyst(member_of):
    return member_of("analyst")


@pytest.fixture
def approver(member_of):
    return member_of("approver")


def annotate(acting, *, body=NOTE, seen="", now=NOON, title="Outage"):
    return publish_definition("annotation", "outage", title=title, body=body, acting=acting, now=now, seen=seen)


def in_review(acting, **more):
    draft = save_draft("strata", "tenure", title="Tenure", body=TENURE, acting=acting, now=NOON, **more)
    return submit_definition("strata", "tenure", acting=acting, now=NOON, seen=draft.content_hash)


def rows():
    return list(AuditRow.objects.exclude(action="create_member").values_list("action", "subject", "was", "becomes"))


# It works


def test_what_is_published_lies_in_the_home_as_a_file_that_says_who_and_what(analyst, home, committed):
    with committed():
        made = annotate(analyst)
    assert published(home, "annotation")["outage"].body == NOTE
    text = (home / "definitions/annotation/outage.yml").read_text(encoding="utf-8")
    assert text.startswith(f"# {made.content_hash} · analyst · 2026-03-31 12:00 UTC\n")
    assert yaml.safe_load(text) == {"key": "outage", "version": 1, "title": "Outage", **NOTE}
    assert rows() == [("publish_definition", "annotation outage", "draft", "published")]


def test_the_next_version_follows_the_one_in_force_and_the_history_stays(analyst, home, committed):
    with committed():
        first = annotate(analyst)
        annotate(analyst, body={**NOTE, "text": "Outage, 55 minutes"}, seen=first.content_hash, now=LATER)
    assert [(one.version, one.state) for one in reads.history("annotation", "outage")] == [(2, "published"), (1, "retired")]
    assert reads.definition("annotation", "outage").body["text"] == "Outage, 55 minutes"
    assert reads.definition("annotation", "outage", version=1).body == NOTE
    assert published(home, "annotation")["outage"].version == 2


def test_what_is_retired_has_no_file_and_stays_on_record(analyst, home, committed):
    with committed():
        made = annotate(analyst)
    with committed():
        retire_definition("annotation", "outage", acting=analyst, now=LATER, seen=made.content_hash)
    assert published(home, "annotation") == {}
    assert reads.history("annotation", "outage")[0].state == "retired"
    assert rows()[-1] == ("retire_definition", "annotation outage", "published", "retired")


def test_edges_of_strata_come_into_force_once_somebody_else_approved_them(analyst, approver, home, committed):
    from springtide.analytics import strata

    draft = in_review(analyst)
    assert not (home / "definitions/strata").exists()
    with committed():
        approve_definition("strata", "tenure", acting=approver, now=LATER, seen=draft.content_hash)
    tenure = {one.key: one for one in strata.load(home / "definitions/strata")}["tenure"]
    assert (tenure.version, [stratum.name for stratum in tenure.strata]) == (2, ["onboarding", "settled"])
    assert rows() == [
        ("save_draft", "strata tenure", "", "draft"),
        ("submit_definition", "strata tenure", "draft", "in_review"),
        ("ask_approval", f"strata {draft.pk}", "", "open"),
        ("approve", f"strata {draft.pk}", "open", "approved"),
        ("approve_definition", "strata tenure", "in_review", "published"),
    ]


def test_what_is_returned_says_why_and_can_be_mended(analyst, approver):
    draft = in_review(analyst)
    return_definition("strata", "tenure", note="Two weeks?", acting=approver, now=LATER, seen=draft.content_hash)
    seen = reads.draft("strata", "tenure")
    assert (seen.state, seen.note, seen.decided_by) == ("draft", "Two weeks?", "Approver")
    save_draft("strata", "tenure", title="Tenure, mended", body=TENURE, acting=analyst, now=LATER, seen=seen.content_hash)
    assert reads.draft("strata", "tenure").note == ""


def test_an_approver_finds_what_waits_and_the_writer_does_not(analyst, approver, manager):
    draft = in_review(manager)
    assert [(one.kind, one.number) for one in approvals.waiting_for(approver, now=LATER)] == [("strata", draft.pk)]
    assert approvals.waiting_for(manager, now=LATER) == approvals.waiting_for(analyst, now=LATER) == ()
    assert reads.numbered(draft.pk).title == "Tenure"


def test_a_question_that_ran_out_is_asked_anew(analyst, approver):
    draft = in_review(analyst)
    late = NOON + timedelta(days=15)
    with pytest.raises(Refused) as refused:
        approve_definition("strata", "tenure", acting=approver, now=late, seen=draft.content_hash)
    assert refused.value.code == "expired"
    submit_definition("strata", "tenure", acting=analyst, now=late, seen=draft.content_hash)
    assert approve_definition("strata", "tenure", acting=approver, now=late, seen=draft.content_hash).state == "published"


def test_what_is_taken_back_nobody_approves_and_its_writer_goes_on(analyst, approver):
    draft = in_review(analyst)
    take_back_definition("strata", "tenure", acting=analyst, now=LATER)
    assert approvals.waiting_for(approver, now=LATER) == ()
    with pytest.raises(Refused) as refused:
        approve_definition("strata", "tenure", acting=approver, now=LATER, seen=draft.content_hash)
    assert refused.value.code == "move_not_open"
    submit_definition("strata", "tenure", acting=analyst, now=LATER, seen=draft.content_hash)
    assert len(approvals.waiting_for(approver, now=LATER)) == 1


def test_what_nobody_else_could_approve_is_not_asked(analyst):
    with pytest.raises(Refused) as refused:
        in_review(analyst)
    assert refused.value.code == "no_approver"


def test_a_draft_can_be_thrown_away(analyst, approver):
    draft = in_review(analyst)
    drop_draft("strata", "tenure", acting=analyst, now=LATER, seen=draft.content_hash)
    assert reads.draft("strata", "tenure") is None
    assert approvals.waiting_for(approver, now=LATER) == ()
    assert rows()[-1] == ("drop_draft", "strata tenure", "in_review", "dropped")


# Who may


@pytest.mark.parametrize(("role", "kind"), [("operator", "segment"), ("qc_reviewer", "annotation"), ("admin", "dashboard")])
def test_who_may_not_edit_a_kind_writes_nothing(member_of, role, kind):
    with pytest.raises(Refused) as refused:
        save_draft(kind, "mine", title="Mine", body={}, acting=member_of(role), now=NOON)
    assert refused.value.code == "not_allowed"
    assert not Definition.objects.exists()


def test_a_dashboard_is_its_writers_own_until_it_is_shared(member_of):
    lin, mei = member_of("operator"), member_of("manager")
    mine = publish_definition("dashboard", "morning", title="Morning", body={}, acting=lin, now=NOON)
    assert reads.definitions("dashboard", mei) == ()
    with pytest.raises(UnknownName):
        reads.definition("dashboard", "morning", mei)
    with pytest.raises(Refused) as refused:
        publish_definition("dashboard", "morning", title="Ours", body={}, acting=mei, now=NOON, seen=mine.content_hash)
    assert refused.value.code == "not_allowed"
    publish_definition(
        "dashboard", "morning", title="Morning", body={"is_shared": True}, acting=lin, now=LATER, seen=mine.content_hash
    )
    assert [(one.key, one.may_edit) for one in reads.definitions("dashboard", mei)] == [("morning", False)]


@pytest.mark.parametrize("role", ["operator", "analyst", "admin"])
def test_who_has_no_right_to_approve_decides_nothing(member_of, manager, approver, role):
    draft = in_review(manager)
    with pytest.raises(Refused) as refused:
        approve_definition("strata", "tenure", acting=member_of(role), now=LATER, seen=draft.content_hash)
    assert refused.value.code == "not_allowed"


# Four eyes


def test_nobody_approves_what_they_wrote_or_edited_last(manager, approver, analyst):
    draft = in_review(manager)
    with pytest.raises(Refused) as refused:
        approve_definition("strata", "tenure", acting=manager, now=LATER, seen=draft.content_hash)
    assert refused.value.code == "four_eyes"
    edited = save_draft(
        "strata", "tenure", title="Tenure, twice", body=TENURE, acting=analyst, now=LATER, seen=draft.content_hash
    )
    submit_definition("strata", "tenure", acting=analyst, now=LATER, seen=edited.content_hash)
    with pytest.raises(Refused) as refused:
        approve_definition("strata", "tenure", acting=manager, now=LATER, seen=edited.content_hash)
    assert refused.value.code == "four_eyes"
    assert approve_definition("strata", "tenure", acting=approver, now=LATER, seen=edited.content_hash).state == "published"


def test_an_edit_after_the_approver_looked_voids_what_was_seen(manager, analyst, approver):
    looked_at = in_review(manager)
    save_draft("strata", "tenure", title="Other", body=TENURE, acting=analyst, now=LATER, seen=looked_at.content_hash)
    with pytest.raises(Refused) as refused:
        approve_definition("strata", "tenure", acting=approver, now=LATER, seen=looked_at.content_hash)
    assert refused.value.code == "moved_already"
    assert reads.draft("strata", "tenure").state == "draft"
    assert approvals.waiting_for(approver, now=LATER) == ()


@pytest.mark.parametrize("acting", ["manager", None])
def test_a_kind_that_needs_two_is_never_published_or_retired_by_one(member_of, acting):
    acting = member_of(acting) if acting else None
    with pytest.raises(Refused) as refused:
        publish_definition("strategy", "matrix", title="Matrix", body={}, acting=acting, now=NOON)
    assert refused.value.code == "needs_approval"
    with pytest.raises(Refused) as refused:
        retire_definition("strata", "tenure", acting=acting, now=NOON, seen="")
    assert refused.value.code == "needs_approval"


# Bad input


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kind": "segmnt"}, "unknown_kind"),
        ({"key": "Out age"}, "bad_key"),
        ({"key": "../../outage"}, "bad_key"),
        ({"title": "  "}, "bad_title"),
        ({"title": "x" * 201}, "bad_title"),
        ({"body": {"at": NOON}}, "bad_body"),
        ({"body": {"share": float("nan")}}, "bad_body"),
        ({"body": {"version": 9}}, "bad_body"),
        ({"body": {"text": "x" * 200_001}}, "bad_body"),
    ],
)
def test_bad_input_is_refused_with_a_code_and_writes_nothing(analyst, given, code):
    with pytest.raises(BadInput) as refused:
        publish_definition(
            **{"kind": "annotation", "key": "outage", "title": "Outage", "body": NOTE, "acting": analyst, "now": NOON, **given}
        )
    assert refused.value.code == code
    assert refused.value.hint
    assert not Definition.objects.exists()


def test_what_its_reader_would_refuse_is_not_even_a_draft(analyst):
    broken = {**TENURE, "strata": [{**TENURE["strata"][0], "rule": "tenur_days <= 14"}, TENURE["strata"][1]]}
    with pytest.raises(BadInput) as refused:
        save_draft("strata", "tenure", title="Tenure", body=broken, acting=analyst, now=NOON)
    assert refused.value.code == "unknown_column"
    assert "Did you mean 'tenure_days'?" in refused.value.hint


def test_a_key_that_is_not_there_is_answered_with_the_nearest(analyst):
    annotate(analyst)
    with pytest.raises(UnknownName) as unknown:
        reads.definition("annotation", "outrage", analyst)
    assert unknown.value.hint == "Did you mean 'outage'?"


# Done twice, two at once


def test_published_twice_is_one_version_and_one_audit_row(analyst):
    first = annotate(analyst)
    assert annotate(analyst, seen=first.content_hash).pk == first.pk
    assert len(rows()) == 1


def test_saved_twice_is_one_edit(analyst):
    for _ in range(2):
        save_draft("strata", "tenure", title="Tenure", body=TENURE, acting=analyst, now=NOON)
    assert len(rows()) == 1


def test_who_did_not_see_the_other_ones_version_is_refused(analyst, member_of):
    first = annotate(analyst)
    annotate(analyst, body={**NOTE, "text": "theirs"}, seen=first.content_hash)
    with pytest.raises(Refused) as refused:
        annotate(analyst, body={**NOTE, "text": "mine"}, seen=first.content_hash)
    assert refused.value.code == "moved_already"
    assert reads.definition("annotation", "outage").body["text"] == "theirs"


@pytest.mark.parametrize("action", [approve_definition, submit_definition])
def test_a_move_that_is_not_open_is_refused(analyst, approver, action):
    draft = in_review(analyst)
    approve_definition("strata", "tenure", acting=approver, now=LATER, seen=draft.content_hash)
    with pytest.raises(Refused) as refused:
        action("strata", "tenure", acting=approver if action is approve_definition else analyst, now=LATER, seen="")
    assert refused.value.code == "no_draft"


# Files and record


def test_a_file_that_a_crash_left_out_is_written_before_the_next_close(analyst, home):
    annotate(analyst)  # the commit's own work never ran
    assert [path.name for path in files.restore()] == ["outage.yml"]
    assert published(home, "annotation")["outage"].body == NOTE
    assert files.restore() == []


def test_a_file_written_by_hand_stays_and_the_next_version_is_higher(analyst, home, committed):
    path = home / "definitions/annotation/outage.yml"
    path.parent.mkdir(parents=True)
    path.write_text("key: outage\nversion: 7\ntitle: By hand\nday: '2026-03-14'\n")
    assert files.restore() == []
    with committed():
        assert annotate(analyst).version == 8
    assert published(home, "annotation")["outage"].title == "Outage"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("key: [", "cannot be read"),
        ("- a list", "lacks everything"),
        ("key: outage\ntitle: x\n", "lacks version"),
        ("key: outrage\nversion: 1\ntitle: x\n", "has the key 'outrage'"),
        ("key: outage\nversion: one\ntitle: x\n", "has the version 'one'"),
    ],
)
def test_a_file_that_is_no_definition_is_named_with_what_is_wrong(home, text, says):
    path = home / "definitions/annotation/outage.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        published(home, "annotation")
    assert says in refused.value.message
    assert refused.value.code == "bad_definition"
