"""Notes, owners and answers: they work, who may, who may not, bad input, done twice, two at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from springtide.analytics.metrics.signals import SignalAnswer, annotation_of, answer_of, baselines
from springtide.home.definitions import published
from springtide.kernel.errors import BadInput, Refused, UnknownName
from springtide.operations.definitions import reads
from springtide.operations.definitions.signals import annotate, answer_signal, own_metric, take_back_annotation
from springtide.operations.members.models import AuditRow
from tests.operations.conftest import NOON

DAY = date(2026, 3, 14)
SEEN = SignalAnswer("first_trade_24h", "channel_id=ads", DAY, "down", "acknowledged")
EXPLAINED = replace(SEEN, answer="explained", note="The welcome task ended.", baseline_since=DAY)


def outage(acting, **more):
    return annotate("Matching engine down", kind="outage", since=DAY, acting=acting, now=NOON, **more)


def audited():
    return [(row.action, row.subject) for row in AuditRow.objects.order_by("number") if row.action != "create_member"]


def test_an_annotation_is_noted_with_its_days_and_scope(manager, home, committed):
    with committed():
        key = outage(manager, until=DAY + timedelta(days=1), metrics=["active_traders"], text="40 minutes")
    [(name, told)] = published(home, "annotation").items()
    found = annotation_of(name, told.title, told.body)
    assert name == key
    assert (found.kind, found.title, found.since, found.until) == ("outage", "Matching engine down", DAY, date(2026, 3, 15))
    assert (found.metrics, found.text) == (("active_traders",), "40 minutes")
    assert audited() == [("publish_definition", f"annotation {key}")]


def test_the_same_note_twice_is_one(manager):
    assert outage(manager) == outage(manager)
    assert len(audited()) == 1


def test_a_note_can_be_taken_back(manager, home, committed):
    with committed():
        key = outage(manager)
        take_back_annotation(key, acting=manager, now=NOON)
    assert published(home, "annotation") == {}
    assert [one.state for one in reads.history("annotation", key)] == ["retired"]


@pytest.mark.parametrize("role", ["operator", "analyst"])
def test_who_works_with_signals_may_note_and_answer(member_of, role):
    acting = member_of(role)
    outage(acting)
    answer_signal(SEEN, acting=acting, now=NOON)


@pytest.mark.parametrize("role", ["qc_reviewer", "approver", "collaborator", "admin"])
def test_others_may_not(member_of, role):
    acting = member_of(role, **({"department": "risk"} if role == "collaborator" else {}))
    for act in (
        lambda: outage(acting),
        lambda: answer_signal(SEEN, acting=acting, now=NOON),
        lambda: own_metric("active_traders", acting.username, acting=acting, now=NOON),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_allowed"
    assert audited() == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"kind": "outige"}, "unknown_annotation"),
        ({"until": DAY - timedelta(days=1)}, "bad_annotation"),
    ],
)
def test_a_note_that_says_nothing_is_refused(manager, how, code):
    with pytest.raises(BadInput) as refused:
        annotate("Down", **{"kind": "outage", "since": DAY, "acting": manager, "now": NOON, **how})
    assert refused.value.code == code


def test_a_metric_has_an_owner_and_a_name_that_nobody_has_is_told_the_nearest(manager, member_of, home, committed):
    member_of("operator")
    with committed():
        own_metric("active_traders", "operator", acting=manager, now=NOON)
    assert published(home, "signal_owner")["active_traders"].body == {"owner": "operator"}
    with pytest.raises(UnknownName, match="Did you mean 'operator'"):
        own_metric("active_traders", "operater", acting=manager, now=NOON)


def test_an_explained_shift_begins_a_new_baseline(manager, home, committed):
    with committed():
        key = answer_signal(SEEN, acting=manager, now=NOON)
        seen = reads.definition("signal_answer", key).content_hash
        answer_signal(EXPLAINED, acting=manager, now=NOON, seen=seen)
    [told] = published(home, "signal_answer").values()
    assert answer_of(told.body) == EXPLAINED
    assert baselines([answer_of(told.body)]) == {("first_trade_24h", "channel_id=ads"): DAY}
    assert [one.body["answer"] for one in reads.history("signal_answer", key)] == ["explained", "acknowledged"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (replace(SEEN, answer="fixed"), "unknown_answer"),
        (replace(SEEN, answer="explained"), "no_word"),
        (replace(SEEN, baseline_since=DAY), "not_explained"),
        (replace(SEEN, answer="none_found", baseline_since=DAY), "not_explained"),
        (replace(SEEN, direction="sideways"), "bad_answer"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(manager, answer, code):
    with pytest.raises(BadInput) as refused:
        answer_signal(answer, acting=manager, now=NOON)
    assert refused.value.code == code


def test_two_who_answer_at_once_do_not_overwrite_each_other(manager, member_of):
    answer_signal(SEEN, acting=manager, now=NOON)
    with pytest.raises(Refused) as refused:
        answer_signal(replace(SEEN, answer="none_found"), acting=member_of("operator"), now=NOON)
    assert refused.value.code == "moved_already"


def test_the_key_of_an_answer_fits_a_file_and_tells_signals_apart():
    long = replace(SEEN, metric="a_metric_with_a_very_long_name_indeed_so_that_it_must_be_cut")
    assert len(long.key) <= 64
    others = [replace(SEEN, group=None), replace(SEEN, direction="up"), replace(SEEN, day=DAY + timedelta(days=1)), SEEN]
    assert len({one.key for one in others}) == 4
