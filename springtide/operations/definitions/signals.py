"""What people do about signals: note what happened, say who looks after a metric, answer what broke out.

Each is a definition of its own kind, so it has versions and an audit row, and stands in the home as a file that the next close reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from springtide.analytics.metrics.signals import SignalAnswer
from springtide.kernel.errors import Refused, UnknownName, suggest
from springtide.kernel.ids import content_hash
from springtide.operations.definitions.actions import publish_definition, retire_definition
from springtide.operations.definitions.reads import hash_in_force
from springtide.operations.members.models import Member

TITLES = {"acknowledged": "Seen", "explained": "Explained", "none_found": "Looked into, nothing found"}


def annotate(
    title: str,
    *,
    kind: str,
    since: date,
    until: date | None = None,
    metrics: Sequence[str] = (),
    groups: Sequence[str] = (),
    text: str = "",
    acting: Member | None,
    now: datetime,
) -> str:
    """Note what happened on some days; the key of the annotation. Noted twice in the same words, it is one.

    writes     one annotation in force, one audit row
    refuses    not_allowed       the member may not answer signals
               bad_title         no title, or one of more than 200 characters
               bad_annotation, unknown_annotation
    """
    scope: dict[str, Any] = {"metrics": list(metrics), "groups": list(groups), "text": text}
    body = {"kind": kind, "since": str(since), "until": str(until or since)} | {
        name: what for name, what in scope.items() if what
    }
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30]
    key = f"{since}.{words or kind}.{content_hash([title, body])[:8]}"
    publish_definition("annotation", key, title=title, body=body, acting=acting, now=now, seen=hash_in_force("annotation", key))
    return key


def take_back_annotation(key: str, *, acting: Member | None, now: datetime) -> None:
    """Note that it did not happen.

    writes     the annotation, retired; one audit row
    refuses    not_allowed, not_in_force
    """
    retire_definition("annotation", key, acting=acting, now=now, seen=hash_in_force("annotation", key))


def own_metric(metric: str, owner: str, *, acting: Member | None, now: datetime, seen: str | None = None) -> None:
    """Say who looks after the signals of a metric.

    writes     one signal owner in force, one audit row
    refuses    not_allowed       the member may not answer signals
               unknown_member    nobody active has this name
               moved_already     somebody else said so since it was `seen`
    """
    names = list(Member.objects.filter(is_active=True).values_list("username", flat=True))
    if owner not in names:
        raise UnknownName(f"There is no member '{owner}'.", suggest(owner, names), code="unknown_member")
    seen = hash_in_force("signal_owner", metric) if seen is None else seen
    publish_definition(
        "signal_owner", metric, title=f"{metric}: {owner}", body={"owner": owner}, acting=acting, now=now, seen=seen
    )


def answer_signal(answer: SignalAnswer, *, acting: Member | None, now: datetime, seen: str = "") -> str:
    """Say what was found about a signal: that it is seen, explained, or that nothing was found; the key of the answer.

    Explained with a `baseline_since`, the level is another from that day on, and the next close judges by a baseline that begins there.

    writes     one answer in force, the one before it retired; one audit row
    refuses    not_allowed      the member may not answer signals
               no_word          an explanation without a word or an annotation that explains
               not_explained    a new baseline without an explanation
               moved_already    somebody else answered since it was `seen`
    """
    if answer.answer == "explained" and not (answer.note or answer.annotation):
        raise Refused("It is called explained without a word why.", "Write a note, or name the annotation.", code="no_word")
    body = {
        "metric": answer.metric,
        "group": answer.group,
        "day": str(answer.day),
        "direction": answer.direction,
        "answer": answer.answer,
        "note": answer.note,
        "annotation": answer.annotation,
        "baseline_since": str(answer.baseline_since) if answer.baseline_since else None,
    }
    told = {name: value for name, value in body.items() if value}
    title = f"{TITLES.get(answer.answer, answer.answer)}: {answer.metric}, {answer.day}"
    publish_definition("signal_answer", answer.key, title=title, body=told, acting=acting, now=now, seen=seen)
    return answer.key
