"""From a funnel and a stream to `funnel_counted`: the attempts that count, a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from springtide.analytics.engine import Column, Engine, Schema
from springtide.analytics.metrics.questions.attempts import Shape, Table, Walks, attempts_tables, placed, with_tables
from springtide.analytics.metrics.questions.counted import count_best, count_in_turn
from springtide.analytics.metrics.questions.form import EVERYTHING, Matcher, Span
from springtide.analytics.metrics.questions.funnel_form import Funnel, FunnelBreakdown
from springtide.analytics.metrics.questions.stream import Stream

OTHER = "$other"
VALUES: Schema = (Column("kept_value", "varchar", False),)


@dataclass(frozen=True)
class Pass:
    """The attempts of one funnel over one stream: the shape of their query, and the select of the events that it reads."""

    funnel: Funnel
    shape: Shape
    marked: str
    walks: Walks

    @property
    def tables(self) -> list[Table]:
        return attempts_tables(self.marked, self.shape, self.walks)


def pass_over(stream: Stream, funnel: Funnel, span: Span = EVERYTHING) -> Pass:
    """Define `funnel_events` and say how its attempts are read."""
    breakdown = funnel.breakdown
    shape = _shape(funnel)
    props = breakdown.props if breakdown else ()
    marks = {f"is_{number}": step for number, step in enumerate(funnel.steps, 1)}
    marks |= {f"is_excluded_{number}": one.matcher for number, one in enumerate(funnel.exclusions, 1)}
    stream.define(
        "funnel_events",
        marks,
        texts={f"value_{number}": prop for number, prop in enumerate(props, 1)},
        every=funnel.order == "strict",
        in_order=shape.has_places or bool(props),
        span=span,
    )
    value = " || '|' || ".join(f"coalesce(value_{number}, '')" for number in range(1, len(props) + 1))
    columns = ["user_no", *([f"{value} as value"] if props else []), "at_us", "event_no", *marks]
    return Pass(funnel, shape, f"select {', '.join(columns)} from funnel_events", stream.engine.walk)


def count_attempts(stream: Stream, funnel: Funnel, span: Span = EVERYTHING) -> Pass:
    """Make `funnel_counted`: see `count_best` and `count_in_turn`."""
    made = pass_over(stream, funnel, span)
    if funnel.count == "totals":
        count_in_turn(stream.engine, made.tables, made.shape)
    else:
        count_best(stream.engine, made.tables, made.shape, funnel.entry)
    return made


def _shape(funnel: Funnel) -> Shape:
    attribution = funnel.breakdown.attribution if funnel.breakdown else None
    return Shape(
        len(funnel.steps),
        funnel.order,
        funnel.window_us,
        funnel.step_windows_us,
        overlaps(funnel.steps),
        tuple((one.from_step, one.to_step) for one in funnel.exclusions),
        unit=("user_no", "value") if attribution == "all_events" else ("user_no",),
        beside=("value",) if attribution == "step" else (),
        # Attempts of one step begin and end at one event: by their instants alone two of them could not be told apart.
        wants_places=attribution == "step" or (funnel.count == "totals" and len(funnel.steps) == 1),
    )


def overlaps(steps: Sequence[Matcher]) -> tuple[tuple[int, ...], ...]:
    """For each step the earlier steps that the same event could fill, by their names; conditions are taken to be met together."""

    def may_share(one: Matcher, other: Matcher) -> bool:
        return one.events is None or other.events is None or bool(set(one.events) & set(other.events))

    return tuple(
        tuple(earlier for earlier, other in enumerate(steps[:number], 1) if may_share(step, other))
        for number, step in enumerate(steps)
    )


# breakdown ------------------------------------------------------------------------------------------------------------------


def group_attempts(engine: Engine, made: Pass, breakdown: FunnelBreakdown, *, each: tuple[str, ...] = ()) -> None:
    """Make `funnel_grouped`: the attempts that count, each with its value of the breakdown; $other beyond the largest groups.

    `each` are further columns of `funnel_counted` to keep.
    """
    columns = [
        "c.user_no",
        "c.reached",
        *(f"c.{name}" for name in each),
        *(f"c.{name}" for name in made.shape.filled(made.shape.steps)),
    ]
    tables: list[Table] = [("marked", made.marked)]
    nothing = "|" * (len(breakdown.props) - 1)
    if breakdown.attribution == "all_events":
        value, joined = "c.value", ""
    elif breakdown.attribution == "step":
        tables.append(("placed", placed(made.shape)))
        value = f"coalesce(p.value, '{nothing}')"
        joined = f" left join placed as p on c.user_no = p.user_no and c.step_{breakdown.step}_place = p.place_no"
    else:
        steps = " or ".join(f"is_{step}" for step in range(1, made.shape.steps + 1))
        way = "desc" if breakdown.attribution == "last_touch" else "asc"
        place = f"row_number() over (partition by user_no order by at_us {way}, event_no {way}) as rank_no"
        tables.append(("touches", f"select user_no, value, {place} from marked where ({steps}) and value <> '{nothing}'"))
        value = f"coalesce(t.value, '{nothing}')"
        joined = " left join touches as t on c.user_no = t.user_no and t.rank_no = 1"
    select = f"select {', '.join(columns)}, {value} as value from funnel_counted as c{joined} where c.reached > 0"
    engine.make("funnel_grouped", with_tables(tables, select))
    _pool(engine, breakdown.limit)


def _pool(engine: Engine, limit: int) -> None:
    """Keep the values that most attempts have; the others are $other."""
    sizes = engine.rows("select value, count(*) as attempts from funnel_grouped group by value order by attempts desc, value")
    if len(sizes.values) <= limit:
        return
    engine.table("funnel_values", VALUES, [(value,) for value, _ in sizes.values[:limit]])
    columns = ", ".join(f"g.{name}" for name in engine.rows("select * from funnel_grouped limit 0").columns if name != "value")
    engine.make(
        "funnel_grouped",
        f"select {columns}, coalesce(v.kept_value, '{OTHER}') as value"
        " from funnel_grouped as g left join funnel_values as v on g.value = v.kept_value",
    )
