"""Which of the attempts count: the best or the first of each user, or all that came one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from springtide.analytics.engine import Engine
from springtide.analytics.metrics.questions.attempts import ONWARDS, Shape, Table, with_tables

Entry = Literal["best", "first"]

NEVER_AGAIN = 2**62  # a place after every event of its instant
SHORT_US = 2**54  # longer than any two instants that the lake can hold are apart


def count_best(engine: Engine, tables: Sequence[Table], shape: Shape, entry: Entry, *, each: tuple[str, ...] = ()) -> None:
    """Make `funnel_counted`: of every unit the best attempt (most steps, the earliest among equals), or the first.

    One row a unit: its columns, reached (0 where no attempt stands), step_1_us …, with places step_1_place …, and voided (how many of
    the attempts considered were voided). `each` are further columns of `attempts` for every value of which a unit has one.
    """
    unit = (*shape.unit, *each)
    chosen = _ranked(shape, unit, entry) if entry == "first" or shape.has_places else _least(shape, unit)
    engine.make("funnel_counted", with_tables([*tables, chosen[0]], chosen[1]), **shape.params)


def _ranked(shape: Shape, unit: Sequence[str], entry: Entry) -> tuple[Table, str]:
    """By sorting a unit's attempts."""
    by, filled = ", ".join(unit), ", ".join(shape.filled(shape.steps))
    start = "step_1_us, step_1_place" if shape.has_places else "step_1_us"
    best = f"case when voided_us is null then 0 else 1 end, reached desc nulls last, {start}"
    order = start if entry == "first" else best
    of_first, of_all = "case when voided_us is not null then 1 else 0 end", f"count(voided_us) over (partition by {by})"
    ranked = (
        f"select {by}, {filled}, case when voided_us is null then reached else 0 end as steps,"
        f" {of_first if entry == 'first' else of_all} as voided,"
        f" row_number() over (partition by {by} order by {order}) as rank_no from attempts"
    )
    return ("ranked", ranked), f"select {by}, steps as reached, {filled}, voided from ranked where rank_no = 1"


def _least(shape: Shape, unit: Sequence[str]) -> tuple[Table, str]:
    """Without sorting: who starts earlier is earlier at every step, so of those that came furthest the least of each column is the
    best attempt's. Each step that an attempt is short weighs more than any time."""
    by, steps = ", ".join(unit), range(1, shape.steps + 1)
    stands = "case when voided_us is null then"
    keys = [f"min({stands} ({shape.steps} - reached) * {SHORT_US} + step_{step}_us end) as key_{step}" for step in steps]
    furthest = (
        f"select {by}, coalesce(max({stands} reached end), 0) as reached, {', '.join(keys)}, count(voided_us) as voided"
        f" from attempts group by {by}"
    )
    filled = [f"key_{step} - ({shape.steps} - reached) * {SHORT_US} as step_{step}_us" for step in steps]
    return ("furthest", furthest), f"select {by}, reached, {', '.join(filled)}, voided from furthest"


def count_in_turn(engine: Engine, tables: Sequence[Table], shape: Shape) -> None:
    """Make `funnel_counted`: every attempt that a user enters after the one before was converted, timed out or voided.

    One row an attempt, with the columns of `count_best`. From each attempt one step leads to the next; the steps are doubled until
    they lead nowhere, so that a user with a thousand attempts takes ten rounds.
    """
    unit, filled = ", ".join(shape.unit), ", ".join(shape.filled(shape.steps))
    place = "step_1_place" if shape.has_places else "0"
    numbered = (
        f"select {unit}, reached, {filled}, open_until_us, voided_us, {place} as start_place,"
        f" row_number() over (partition by {unit} order by step_1_us, {place}) as attempt_no from attempts"
    )
    engine.make("funnel_numbered", with_tables([*tables, ("numbered", numbered)], "select * from numbered"), **shape.params)
    engine.make(
        "funnel_jumps", with_tables(_jumps(shape), f"select {unit}, attempt_no, next_no from ahead where next_no is not null")
    )
    engine.make("funnel_entered", f"select {unit}, attempt_no from funnel_numbered where attempt_no = 1")
    same = " and ".join(f"a.{column} = b.{column}" for column in shape.unit)
    of_a = ", ".join(f"a.{column}" for column in shape.unit)
    further = f"inner join funnel_jumps as b on {same} and"
    twice = f"select {of_a}, a.attempt_no, b.next_no from funnel_jumps as a {further} a.next_no = b.attempt_no"
    reached = f"select {of_a}, b.next_no from funnel_entered as a {further} a.attempt_no = b.attempt_no"
    onwards = f"select {unit}, attempt_no from funnel_entered union all {reached}"
    is_going_on = True
    while is_going_on:
        engine.make("funnel_entered", onwards)
        is_going_on = engine.make("funnel_jumps", twice) > 0
    all_filled = ", ".join(f"a.{name}" for name in shape.filled(shape.steps))
    engine.make(
        "funnel_counted",
        f"select {of_a}, case when a.voided_us is null then a.reached else 0 end as reached, {all_filled},"
        f" case when a.voided_us is not null then 1 else 0 end as voided"
        f" from funnel_numbered as a inner join funnel_entered as b on {same} and a.attempt_no = b.attempt_no",
    )
    engine.drop("funnel_numbered", "funnel_jumps", "funnel_entered")


def _jumps(shape: Shape) -> list[Table]:
    """From every attempt to the first that starts after it is over."""
    unit = ", ".join(shape.unit)
    last_us = f"greatest({', '.join(f'step_{step}_us' for step in range(1, shape.steps + 1))})"
    over_us = f"when reached = {shape.steps} then step_{shape.steps}_us else open_until_us"
    over_place = str(NEVER_AGAIN)  # a time: whatever starts at that instant is too early
    if shape.order == "strict":
        over_us = f"else {last_us}" if shape.steps > 1 else "else step_1_us"
        over_place = "step_1_place + reached - 1"
    elif shape.has_places and (shape.order == "unordered" or shape.steps == 1):
        over_place = f"case when reached = {shape.steps} then step_{shape.steps}_place else {NEVER_AGAIN} end"
    over = (
        f"select {unit}, attempt_no, case when voided_us is not null then voided_us {over_us} end as over_us,"
        f" case when voided_us is not null then {NEVER_AGAIN} else {over_place} end as over_place from funnel_numbered"
    )
    merged = (
        f"select {unit}, step_1_us as at_us, start_place as place_no, 0 as rank_no, attempt_no as start_no,"
        f" cast(null as bigint) as attempt_no from funnel_numbered\nunion all\n"
        f"select {unit}, over_us, over_place, 1, null, attempt_no from over_at where over_us is not null"
    )
    window = f"(partition by {unit} order by at_us, place_no, rank_no {ONWARDS})"
    ahead = f"select {unit}, attempt_no, min(start_no) over {window} as next_no from merged"
    ended = f"select {unit}, attempt_no, next_no from looked where attempt_no is not null"
    return [("over_at", over), ("merged", merged), ("looked", ahead), ("ahead", ended)]
