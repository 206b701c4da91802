"""What a body of each kind must be, asked of the room that will read it: nothing is saved that could not be put in force."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings

from springtide.analytics import strata
from springtide.analytics.foresight.gates import gates_in_force
from springtide.analytics.foresight.matrix import matrix_of
from springtide.analytics.metrics.signals import annotation_of, answer_of
from springtide.analytics.segments import columns_of_select, read_strategy, shipped_content
from springtide.analytics.segments.words import Listed
from springtide.home import Home, sql
from springtide.home.definitions import published
from springtide.home.lists import check_list
from springtide.kernel.errors import Refused, SpringtideError, UnknownName
from springtide.operations.definitions.states import Body, Check


def _strata(key: str, body: Body) -> None:
    changed = strata.of_content({"key": key, "version": 1, **body}, key, name=f"stratification '{key}'")
    if key in ("lifecycle", "value"):
        home = _home()
        own = published(home.path, "strategy").get("strategy")
        others = [changed if one.key == key else one for one in home.stratifications()]
        try:
            read_strategy(own.body if own else shipped_content(), others)
        except SpringtideError as bad:
            hint = "Change the strategy first, or keep the stratum."
            raise Refused(f"The strategy would no longer fit: {bad.message}", hint, code="named_by_others") from bad


def _annotation(key: str, body: Body) -> None:
    annotation_of(key, key, body)


def _signal_answer(key: str, body: Body) -> None:
    answer_of(body)


def _segment(key: str, body: Body) -> None:
    _home().check_segment(key, dict(body))


def _strategy(key: str, body: Body) -> None:
    if key != "strategy":
        raise UnknownName(f"There is no strategy '{key}'.", "There is one, and its key is 'strategy'.")
    read_strategy(body, _home().stratifications())


def _id_list(key: str, body: Body) -> None:
    check_list(_home().path, key, body)


def _saved_query(key: str, body: Body) -> None:
    sql.check(str(body.get("sql", "")))


def _gate(key: str, body: Body) -> None:
    own = {name: {**one.body, "version": one.version} for name, one in published(_home().path, "gate").items()}
    gates_in_force(own | {key: body})


def _risk_matrix(key: str, body: Body) -> None:
    if key != "matrix":
        raise UnknownName(f"There is no matrix '{key}'.", "There is one, and its key is 'matrix'.")
    matrix_of(body)


CHECKS: Final[dict[str, Check]] = {
    "strata": _strata,
    "annotation": _annotation,
    "signal_answer": _signal_answer,
    "segment": _segment,
    "strategy": _strategy,
    "id_list": _id_list,
    "saved_query": _saved_query,
    "gate": _gate,
    "risk_matrix": _risk_matrix,
}


def columns_asked(kind: str, key: str, body: Body) -> tuple[str, ...]:
    """The columns of single users by which a definition picks them: whoever writes it must be allowed to see these."""
    if kind != "segment":
        return ()
    segment = _home().check_segment(key, dict(body))
    return segment.condition.columns if segment.condition else columns_of_select(segment.select or "")


def named_by(kind: str, key: str) -> tuple[str, ...]:
    """The segments in force that name this segment or list, and could not be told without it."""
    if kind not in ("segment", "id_list"):
        return ()
    found = []
    for segment in _home().named().segments:
        terms = segment.condition.terms if segment.condition else ()
        lists = {term.key for term in terms if isinstance(term, Listed) and term.purpose != "tag"}
        if key in (segment.nested if kind == "segment" else lists):
            found.append(segment.key)
    return tuple(found)


def _home() -> Home:
    return Home(Path(settings.SPRINGTIDE_HOME))
