"""The pass that every funnel question reads from: which attempts there were, and how far each came.

An attempt starts at an event that matches the first step, and each next step takes the earliest event that it can. Mostly that needs
one sort: see `_walked`. Where steps may want the same event, attempts go forward a step at a time: see `_ordered`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from springtide.analytics.engine import Walk, walk
from springtide.analytics.metrics.questions.stream import NEVER_US

Order = Literal["ordered", "strict", "unordered"]
Table = tuple[str, str]  # of a `with`: its name and its select

Walks = Callable[[Sequence[str], str], Walk]  # what an engine gives for a unit and an order

ONWARDS = "range between current row and unbounded following"


@dataclass(frozen=True)
class Shape:
    """What the text of the query depends on. Steps are counted from 1; the lengths of windows are parameters.

    `overlaps` has for each step the earlier steps that the same event could fill: only there it must be asked whether an event was
    used already. `unit` are the columns within which an attempt stays: a user, or a user and a value.
    """

    steps: int
    order: Order = "ordered"
    window_us: int | None = None
    step_windows_us: tuple[int | None, ...] = ()  # one a step, from the step before; the first has none
    overlaps: tuple[tuple[int, ...], ...] = ()
    exclusions: tuple[tuple[int, int], ...] = ()  # from and to step
    unit: tuple[str, ...] = ("user_no",)
    beside: tuple[str, ...] = ()  # further columns of the events that their places keep
    wants_places: bool = False
    is_apart: bool = False  # the next step must come later, not only no earlier
    is_shared: bool = False  # one event may fill several steps

    @property
    def has_places(self) -> bool:
        """Instants are not enough: attempts need to know which event filled a step."""
        return self.wants_places or self.order != "ordered" or any(map(self.used_before, range(2, self.steps + 1)))

    @property
    def params(self) -> Mapping[str, int]:
        named = {f"step_{step}_window_us": length for step, length in enumerate(self.step_windows_us, 1)}
        return {name: length for name, length in ({"window_us": self.window_us} | named).items() if length is not None}

    def used_before(self, step: int) -> tuple[int, ...]:
        """The earlier steps whose event `step` must not take again."""
        return () if self.is_shared or self.is_apart or not self.overlaps else self.overlaps[step - 1]

    def limit(self, step: int) -> str | None:
        """The last instant at which `step` may be filled."""
        limits = [] if self.window_us is None else ["step_1_us + $window_us"]
        if self.step_windows_us and self.step_windows_us[step - 1] is not None:
            limits.append(f"step_{step - 1}_us + $step_{step}_window_us")
        return f"least({', '.join(limits)})" if len(limits) > 1 else limits[0] if limits else None

    def filled(self, upto: int) -> list[str]:
        """The columns of the steps up to `upto`: when each was filled and, with places, by which event."""
        each = ("us", "place") if self.has_places else ("us",)
        return [f"step_{step}_{what}" for step in range(1, upto + 1) for what in each]


def attempts_tables(marked: str, shape: Shape, walks: Walks = walk) -> list[Table]:
    """The tables of a `with`, from `marked` to `attempts`.

    `marked` selects the columns of `unit`, at_us (microseconds since 1970), event_no (the order of events at one instant), is_1 …
    is_n (the event matches the step) and is_excluded_1 … from the events that match one of them; for `strict` from every event.

    `attempts` is one row an attempt: the unit, reached (steps), step_1_us … step_n_us (null from the first that was not reached),
    open_until_us (the last instant at which the next step could have come; null: for ever), voided_us (when the first exclusion
    fell into it; null: never), and with places step_1_place … (which event of the unit it was). Without places, attempts of a unit
    that start at one instant are alike.
    """
    ways = {"ordered": _ordered, "strict": _strict, "unordered": _unordered}
    made = [("placed", placed(shape)), *ways[shape.order](shape)] if shape.has_places else _walked(shape, walks)
    tables = [("marked", marked), *made, *_voided(shape)]
    return tables


def with_tables(tables: Iterable[Table], select: str) -> str:
    """One query of the tables and a last select. The grain tells the linter by which columns rows can be told apart."""
    grain = (
        "-- grain user_no, value, at_us, step_no, place_no, step_1_us, step_1_place: rows that share all of them are alike\n"
    )
    return grain + "with " + ",\n".join(f"{name} as (\n{text}\n)" for name, text in tables) + f"\n{select}"


def _select(*columns: str | Iterable[str]) -> str:
    flat = [one for column in columns for one in ([column] if isinstance(column, str) else column)]
    return f"select {', '.join(flat)}"


def _null(names: Iterable[str]) -> list[str]:
    return [f"cast(null as bigint) as {name}" for name in names]


def placed(shape: Shape) -> str:
    """The events with their places in the unit's stream, from 1."""
    place = f"row_number() over (partition by {', '.join(shape.unit)} order by at_us, event_no) as place_no"
    return f"{_select(shape.unit, 'at_us', shape.beside, _marks(shape), place)} from marked"


def _marks(shape: Shape) -> list[str]:
    steps = [f"is_{step}" for step in range(1, shape.steps + 1)]
    return steps + [f"is_excluded_{number}" for number in range(1, len(shape.exclusions) + 1)]


# ordered, where instants are enough ------------------------------------------------------------------------------------------


def _walked(shape: Shape, walks: Walks) -> Iterator[Table]:
    """Backwards in time along each unit: what was seen last of a step is the first that comes no earlier.

    Every event keeps when the steps after its own would be filled; the event of a step hands on what the step after it knew.
    """
    steps = range(1, shape.steps + 1)
    # Of events at one instant those of later steps are seen before, unless the next step must come later.
    walk = walks(shape.unit, f"at_us desc, step_no{'' if shape.is_apart else ' desc'}")
    row = [*shape.unit, "at_us", "step_no"]
    yield "stepped", _stepped(shape)
    yield "arranged", f"{_select(row)} from stepped{walk.arranged}"
    yield "backwards", f"{_select(row, f'{walk.is_first} as is_first')} from arranged"
    source = "backwards"
    knew: dict[int, str] = {}  # by step: the column in which the event before it has when it would be filled
    for step in reversed(steps[1:]):
        known = {step: "at_us"} | knew
        knew = {later: f"step_{later}_after_{step - 1}_us" for later in known}
        kept = (
            f"last_value(case when step_no = {step} then {known[later]} when is_first then {NEVER_US} end ignore nulls)"
            f" over {walk.so_far} as {name}"
            for later, name in knew.items()
        )
        yield f"backwards_{step}", f"{_select(row, 'is_first', kept)} from {source}"
        source = f"backwards_{step}"
    filled = (f"{name} as step_{step}_us" for step, name in knew.items())
    yield "begun", f"{_select(shape.unit, 'at_us as step_1_us', filled)} from {source} where step_no = 1"
    stops = {
        step - 1: f"step_{step}_us > {limit}" if (limit := shape.limit(step)) else f"step_{step}_us = {NEVER_US}"
        for step in steps[1:]
    }
    yield from _judged(shape, "begun", stops)


def _stepped(shape: Shape) -> str:
    """The events by the step that they match; one that matches several is there for each."""
    steps = range(1, shape.steps + 1)
    if any(shape.overlaps):
        return "\nunion all\n".join(
            f"{_select(shape.unit, 'at_us', f'{step} as step_no')} from marked where is_{step}" for step in steps
        )
    number = (
        f"case {' '.join(f'when is_{step} then {step}' for step in steps[:-1])} else {shape.steps} end" if steps[1:] else "1"
    )
    others = f" where {' or '.join(f'is_{step}' for step in steps)}" if shape.exclusions else ""
    return f"{_select(shape.unit, 'at_us', f'{number} as step_no')} from marked{others}"


def _judged(shape: Shape, source: str, stops: Mapping[int, str]) -> Iterator[Table]:
    """The attempts of `source`, which has when each step could be filled: cut where the first of the stops holds."""
    steps = range(1, shape.steps + 1)
    reached = (
        f"case {' '.join(f'when {stop} then {step}' for step, stop in stops.items())} else {shape.steps} end" if stops else "1"
    )
    could = (f"step_{step}_us as at_{step}_us" for step in steps)
    place = ["step_1_place as first_place"] if shape.has_places else []
    yield "judged", f"{_select(shape.unit, f'{reached} as reached', could, place, _open_until(shape, reached))} from {source}"
    filled = []
    for step in steps:
        filled.append(f"case when reached >= {step} then at_{step}_us end as step_{step}_us")
        if shape.has_places:
            filled.append(f"case when reached >= {step} then first_place + {step - 1} end as step_{step}_place")
    yield "attempts_made", f"{_select(shape.unit, 'reached', filled, 'open_until_us')} from judged"


def _open_until(shape: Shape, reached: str) -> str:
    """The limit of the step after the last one reached."""
    cases = [f"when {step - 1} then {limit}" for step in range(2, shape.steps + 1) if (limit := shape.limit(step))]
    return f"case {reached} {' '.join(cases)} end as open_until_us" if cases else "cast(null as bigint) as open_until_us"


# ordered, where an event may be used already ---------------------------------------------------------------------------------


def _ordered(shape: Shape) -> Iterator[Table]:
    """Forward step by step: the attempts still on their way are merged with the events of the next step, and one look ahead gives
    each the first that it has not used. What stops is not carried on, so every pass is smaller than the one before."""
    unit = ", ".join(shape.unit)
    yield "reached_1", f"{_select(shape.unit, 'at_us as step_1_us', 'place_no as step_1_place')} from placed where is_1"
    ahead = f"(partition by {unit} order by at_us {ONWARDS})"
    for step in range(2, shape.steps + 1):
        last = f"step_{step - 1}_us"
        carried = [name for name in shape.filled(step - 1) if name != last]
        candidate = _candidate(shape, step)
        found = [column.rpartition(" ")[2] for column in candidate]
        going = _select(shape.unit, f"{last} as at_us", "false as is_next", carried, _null(found))
        coming = _select(shape.unit, "at_us", "true as is_next", _null(carried), candidate)
        merged = f"{going} from reached_{step - 1} where {last} is not null\nunion all\n{coming} from placed where is_{step}"
        yield f"merged_{step}", merged
        # The candidates come in order, so the least of each column is what the first of them has.
        nexts = [f"min({name}) over {ahead} as {name.replace('found', 'next')}" for name in found]
        yield f"ahead_{step}", f"{_select(shape.unit, f'at_us as {last}', 'is_next', carried, nexts)} from merged_{step}"
        limit = shape.limit(step)
        in_time = f"{_unused(shape, step, 'us')} <= {limit}" if limit else "true"
        taken = (f"case when {in_time} then {_unused(shape, step, what)} end as step_{step}_{what}" for what in ("us", "place"))
        yield f"reached_{step}", f"{_select(shape.unit, shape.filled(step - 1), taken)} from ahead_{step} where not is_next"
    yield "attempts_made", _stopped(shape)


def _candidate(shape: Shape, step: int) -> list[str]:
    """An event of `step` with those that come after it: as many as earlier steps may have taken, so that one of them is free."""
    in_turn = f"over (partition by {', '.join(shape.unit)} order by place_no)"
    after = range(1, len(shape.used_before(step)) + 1)
    return [
        "at_us as found_0_us",
        "place_no as found_0_place",
        *(f"lead(at_us, {n}, null) {in_turn} as found_{n}_us" for n in after),
        *(f"lead(place_no, {n}, null) {in_turn} as found_{n}_place" for n in after),
    ]


def _unused(shape: Shape, step: int, what: str) -> str:
    """The first candidate that fills no earlier step of the attempt."""
    spare = len(shape.used_before(step))
    if not spare:
        return f"next_0_{what}"
    used = ", ".join(f"step_{earlier}_place" for earlier in shape.used_before(step))
    cases = (f"when next_{n}_place not in ({used}) then next_{n}_{what}" for n in range(spare))
    return f"case {' '.join(cases)} else next_{spare}_{what} end"


def _stopped(shape: Shape) -> str:
    """Every attempt where it stopped: what reached a step and not the next."""
    ends = []
    for reached in range(1, shape.steps + 1):
        missing = set(shape.filled(shape.steps)) - set(shape.filled(reached))
        columns = (f"cast(null as bigint) as {name}" if name in missing else name for name in shape.filled(shape.steps))
        is_last = reached == shape.steps
        stopped = f"step_{reached}_us is not null" if is_last else f"step_{reached + 1}_us is null"
        open_until = "cast(null as bigint)" if is_last else shape.limit(reached + 1) or "cast(null as bigint)"
        ends.append(
            f"{_select(shape.unit, f'{reached} as reached', columns, f'{open_until} as open_until_us')}"
            f" from reached_{min(reached + 1, shape.steps)} where {stopped}"
        )
    return "\nunion all\n".join(ends)


# strict ---------------------------------------------------------------------------------------------------------------------


def _strict(shape: Shape) -> Iterator[Table]:
    """The next step is the very next event: one look at the events that follow."""
    in_turn = f"over (partition by {', '.join(shape.unit)} order by place_no)"
    following = [
        f"lead({of}, {step - 1}, {default}) {in_turn} as {name}"
        for step in range(2, shape.steps + 1)
        for of, default, name in ((f"is_{step}", "false", f"follows_{step}"), ("at_us", "null", f"step_{step}_us"))
    ]
    start = ["at_us as step_1_us", "place_no as step_1_place"]
    yield "followed", f"{_select(shape.unit, 'is_1', start, following)} from placed"
    begun = _select(shape.unit, "step_1_us", "step_1_place", (name.rpartition(" ")[2] for name in following))
    yield "begun", f"{begun} from followed where is_1"
    stops = {}
    for step in range(2, shape.steps + 1):
        limit = shape.limit(step)
        stops[step - 1] = f"not (follows_{step}{f' and step_{step}_us <= {limit}' if limit else ''})"
    yield from _judged(shape, "begun", stops)


# unordered ------------------------------------------------------------------------------------------------------------------


def _unordered(shape: Shape) -> Iterator[Table]:
    """Each event fills the first open step that it matches: from fill to fill, the next event that matches an open one."""
    steps = range(1, shape.steps + 1)
    marks = [f"is_{step}" for step in steps]
    later = f"over (partition by {', '.join(shape.unit)} order by place_no rows between 1 following and unbounded following)"
    nexts = [f"min(case when is_{step} then place_no end) {later} as next_{step}_place" for step in steps]
    yield "looking_ahead", f"{_select(shape.unit, 'at_us', 'place_no', marks, nexts)} from placed"
    start = ["at_us as step_1_us", "place_no as step_1_place", *(f"next_{step}_place" for step in steps)]
    still_open = [f"not ({_fills(step, 'is_{}')}) as is_open_{step}" for step in steps]
    yield "reached_1", f"{_select(shape.unit, start, still_open)} from looking_ahead where {' or '.join(marks)}"
    unit_of_a = [f"a.{column}" for column in shape.unit]
    same = " and ".join(f"a.{column} = e.{column}" for column in shape.unit)
    in_time = "" if shape.window_us is None else " and e.at_us <= a.step_1_us + $window_us"
    for place in range(2, shape.steps + 1):
        candidates = ", ".join(f"case when is_open_{step} then next_{step}_place end" for step in steps)
        open_steps = [f"is_open_{step}" for step in steps]
        going = _select(shape.unit, shape.filled(place - 1), open_steps, f"least({candidates}) as next_place")
        yield f"ahead_{place}", f"{going} from reached_{place - 1} where step_{place - 1}_us is not null"
        before = [f"a.{name}" for name in shape.filled(place - 1)]
        filled = [f"e.at_us as step_{place}_us", f"e.place_no as step_{place}_place"]
        still_open = [
            f"a.is_open_{step} and not ({_fills(step, 'e.is_{0} and a.is_open_{0}')}) as is_open_{step}" for step in steps
        ]
        ahead = [f"e.next_{step}_place" for step in steps]
        found = f"looking_ahead as e on {same} and a.next_place = e.place_no{in_time}"
        columns = _select(unit_of_a, before, filled, still_open, ahead)
        yield f"reached_{place}", f"{columns} from ahead_{place} as a left join {found}"
    yield "attempts_made", _stopped(shape)


def _fills(step: int, matches: str) -> str:
    """The event fills this step: it matches it, and no earlier one that is open."""
    earlier = "".join(f" and not ({matches.format(one)})" for one in range(1, step))
    return f"{matches.format(step)}{earlier}"


# exclusions -----------------------------------------------------------------------------------------------------------------


def _voided(shape: Shape) -> Iterator[Table]:
    """With the instant of the first excluded event that falls into an attempt."""
    kept = [*shape.unit, "reached", *shape.filled(shape.steps), "open_until_us"]
    made = "attempts_made"
    voids: list[str] = []
    source = "placed" if shape.has_places else "marked"
    for number, (from_step, to_step) in enumerate(shape.exclusions, 1):
        carried = [*kept, *voids]
        nothing = _null(name for name in carried if name not in shape.unit)
        excluded = f"excluded_{number}_us"
        # An excluded event at the very instant of the step stands before the attempt, out of its sight.
        ahead = f"over (partition by {', '.join(shape.unit)} order by at_us nulls last, rank_no {ONWARDS})"
        attempts = _select(carried, f"step_{from_step}_us as at_us", "1 as rank_no", "cast(null as bigint) as excluded_us")
        events = _select(shape.unit, nothing, "at_us", "0 as rank_no", "at_us as excluded_us")
        yield f"beside_{number}", f"{attempts} from {made}\nunion all\n{events} from {source} where is_excluded_{number}"
        yield f"seen_{number}", f"{_select(carried, 'rank_no', f'min(excluded_us) {ahead} as seen_us')} from beside_{number}"
        falls_in = (
            f"(reached >= {to_step} and seen_us < step_{to_step}_us)"
            f" or (reached >= {from_step} and reached < {to_step} and seen_us <= coalesce(open_until_us, seen_us))"
        )
        yield (
            f"checked_{number}",
            f"{_select(carried, f'case when {falls_in} then seen_us end as {excluded}')} from seen_{number} where rank_no = 1",
        )
        made, voids = f"checked_{number}", [*voids, excluded]
    first = f"least({', '.join(voids)})" if len(voids) > 1 else voids[0] if voids else "cast(null as bigint)"
    yield "attempts", f"{_select(kept, f'{first} as voided_us')} from {made}"
