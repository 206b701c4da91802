"""Reading a funnel: its steps, windows, exclusions, and which attempts it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from springtide.analytics.metrics.questions.attempts import Order
from springtide.analytics.metrics.questions.counted import Entry
from springtide.analytics.metrics.questions.form import GROUPS, MOST_GROUPS, Form, Key, Matcher, Prop, matcher, read_matcher
from springtide.kernel.errors import BadInput

Count = Literal["users", "totals"]
Attribution = Literal["first_touch", "last_touch", "step", "all_events"]

MOST_STEPS = 20
MOST_EXCLUSIONS = 10
MOST_PROPS = 5
UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000}
LONGEST_SECONDS = 100 * 366 * 86_400


FUNNEL_KEYS = (
    Key("steps", f"1 to {MOST_STEPS} matchers; a step may have a `window` of its own, from the step before"),
    Key("order", "`ordered` (others may lie between), `strict` (the very next event), `unordered`", "`ordered`"),
    Key("window", "`{value, unit}` from the first step, inclusive; units from `second` to `month` (30 days)", "for ever"),
    Key("exclusions", "matchers with `from_step` and `to_step`: what must not happen strictly between them", "none"),
    Key("entry", "`best` (most steps, the earliest among equals) or `first`: which attempt of a user counts", "`best`"),
    Key("count", "`users`, or `totals`: attempts, one after the other", "`users`"),
    Key(
        "breakdown",
        "`{props, attribution, step, scope, limit}`: split by the values of properties, taken from the `first_touch`, the"
        " `last_touch`, a `step`, or within each value (`all_events`); beyond the `limit` largest in `$other`",
        "no split",
    ),
)


@dataclass(frozen=True)
class Exclusion:
    """An event that voids an attempt between two of its steps, counted from 1."""

    matcher: Matcher
    from_step: int
    to_step: int


@dataclass(frozen=True)
class FunnelBreakdown:
    """Split by the values of properties, taken from where `attribution` says; `step` is counted from 1."""

    props: tuple[Prop, ...]
    attribution: Attribution = "first_touch"
    step: int = 1
    limit: int = GROUPS


@dataclass(frozen=True)
class Funnel:
    """What was asked of the order of events. Windows are in microseconds; null: for ever."""

    steps: tuple[Matcher, ...]
    order: Order = "ordered"
    window_us: int | None = None
    step_windows_us: tuple[int | None, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    entry: Entry = "best"
    count: Count = "users"
    breakdown: FunnelBreakdown | None = None


def read_funnel(form: Form, *, counts: tuple[Count, ...] = get_args(Count), splits: bool = True) -> Funnel:
    """The keys of a funnel: of `counts` those that the kind can answer, and a breakdown if it `splits`.

    refuses    bad_list, bad_step      no steps, more than MOST_STEPS, exclusions or steps that are out of range
               bad_window              a window that is not longer than nothing, or longer than a century
               window_of_step          a window of the first step, or of a step where any order goes
    """
    order: Order = form.choice("order", get_args(Order), "ordered")
    steps, windows = read_steps(form)
    for step, window in enumerate(windows, 1):
        if window is not None and (step == 1 or order == "unordered"):
            why = "the first step has no step before it" if step == 1 else "in an unordered funnel no step is before another"
            raise BadInput(
                f"Step {step} has a window of its own, but {why}.", "Give the funnel a window instead.", code="window_of_step"
            )
    return Funnel(
        steps,
        order,
        read_window(form),
        windows,
        tuple(_exclusion(given, len(steps)) for given in form.list("exclusions", most=MOST_EXCLUSIONS)),
        form.choice("entry", get_args(Entry), "best"),
        form.choice("count", counts, "users"),
        _breakdown(form, len(steps)) if splits else None,
    )


def read_steps(form: Form) -> tuple[tuple[Matcher, ...], tuple[int | None, ...]]:
    """The matchers of `steps` and the windows that some of them have."""
    given = form.list("steps", most=10**6)
    if not 1 <= len(given) <= MOST_STEPS:
        raise BadInput(f"'steps' has {len(given)} steps.", f"Give 1 to {MOST_STEPS}.", code="bad_list")
    matchers: list[Matcher] = []
    windows: list[int | None] = []
    for number, one in enumerate(given, 1):
        if isinstance(one, str):
            matchers.append(matcher(one))
            windows.append(None)
            continue
        step = Form(one, at=f"Step {number}")
        matchers.append(read_matcher(step))
        windows.append(read_window(step))
        step.end()
    return tuple(matchers), tuple(windows)


def read_window(form: Form) -> int | None:
    """`window {value, unit}` in microseconds; a month is thirty days."""
    if form.take("window") is None or not (inner := form.form("window")):
        return None
    unit = inner.choice("unit", tuple(UNIT_SECONDS), "day")
    value = inner.number("value")
    inner.end()
    seconds = (value or 0) * UNIT_SECONDS[unit]
    if not 0 < seconds <= LONGEST_SECONDS:
        raise BadInput(
            f"A window of {value} {unit}s is no window.", "Give one longer than 0, of at most 100 years.", code="bad_window"
        )
    return round(seconds * 1_000_000)


def read_step(form: Form, key: str, default: int, *, least: int, most: int) -> int:
    """A step counted from 1."""
    seen = form.take(key, default)
    if isinstance(seen, bool) or not isinstance(seen, int) or not least <= seen <= most:
        allowed = f"from {least} to {most}" if least < most else str(least)
        raise BadInput(f"'{key}' is {seen!r}.", f"Steps are counted from 1; here it can be {allowed}.", code="bad_step")
    return seen


def read_between(form: Form, steps: int) -> tuple[int, int]:
    """`from_step` and `to_step`, by default the first and the last.

    refuses    bad_step    one of them is none of the funnel's, or they are in no order
    """
    if steps < 2:
        raise BadInput("A funnel of one step has nothing between its steps.", "Give at least two steps.", code="bad_step")
    from_step = read_step(form, "from_step", 1, least=1, most=steps - 1)
    return from_step, read_step(form, "to_step", steps, least=from_step + 1, most=steps)


def read_opened(form: Form) -> Form | None:
    """The object under `open`."""
    return None if form.take("open") is None else form.form("open")


def _exclusion(given: object, steps: int) -> Exclusion:
    if steps < 2:
        raise BadInput("A funnel of one step has nothing between its steps.", "Leave 'exclusions' out.", code="bad_step")
    form = Form(given, at="The exclusion")
    found = read_matcher(form)
    from_step = read_step(form, "from_step", 1, least=1, most=steps - 1)
    to_step = read_step(form, "to_step", steps, least=from_step + 1, most=steps)
    form.end()
    return Exclusion(found, from_step, to_step)


def _breakdown(form: Form, steps: int) -> FunnelBreakdown | None:
    if form.take("breakdown") is None or not (inner := form.form("breakdown")):
        return None
    scope: Literal["event", "user"] = inner.choice("scope", ("event", "user"), "event")
    props = []
    for given in inner.list("props", least=1, most=MOST_PROPS):
        one = Form({"prop": given, "scope": scope} if isinstance(given, str) else given, at="The property")
        props.append(one.prop())
        one.end()
    attribution: Attribution = inner.choice("attribution", get_args(Attribution), "first_touch")
    step = read_step(inner, "step", 1, least=1, most=steps)
    limit = inner.whole("limit", GROUPS, least=1, most=MOST_GROUPS)
    inner.end()
    return FunnelBreakdown(tuple(props), attribution, step, limit)
