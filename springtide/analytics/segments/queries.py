"""The pass that puts users in segments: one select over profiles and strata, one yes or no per segment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlglot import exp

from springtide.analytics.daybook.tables import PROFILE_TYPES
from springtide.analytics.engine import Definition, definition
from springtide.analytics.rules.terms import plain
from springtide.analytics.segments.segment import Condition, Segment
from springtide.analytics.segments.words import Nested

MOVES: Definition = definition("springtide.analytics.segments", "moves")


def columns_of(segments: Sequence[Segment]) -> tuple[str, ...]:
    """The profile columns and strata that these segments name."""
    return tuple(dict.fromkeys(name for one in segments if one.condition for name in one.condition.columns))


def placed_query(segments: Sequence[Segment], beside: Mapping[str, str]) -> str:
    """One row per user of any segment, one column per segment (`segment_…`), true for who is in it; `segments` stand after those
    they name.

    Reads `profiles` once, `strata` where a segment names one, and `beside` where it has columns. A segment that names others is
    told one step later, so that each is computed once.
    """
    steps, last = _steps(segments, columns_of(segments), beside, only_members=True)
    told = ", ".join(("user_no", *(Nested(one.key).column for one in segments)))
    return f"with {', '.join(steps)} select {told} from {last}"


def size_query(condition: Condition, segments: Sequence[Segment], beside: Mapping[str, str]) -> str:
    """How many counted users a condition takes; `segments`: those it names, however far."""
    needed = dict.fromkeys(("is_counted", *condition.columns, *columns_of(segments)))
    steps, last = _steps(segments, tuple(needed), beside)
    return f"with {', '.join(steps)} select count(*) as users from {last} where is_counted and ({condition.rule.sql()})"


def _steps(
    segments: Sequence[Segment], needed: Sequence[str], beside: Mapping[str, str], *, only_members: bool = False
) -> tuple[list[str], str]:
    """The steps of a pass, each a `with` table, and the name of the last; `only_members`: that one without those who are in none."""
    held = ["user_no", *(name for name in needed if name != "user_no")]
    picked = [f"{'p' if name in PROFILE_TYPES else 's'}.{name}" for name in held]
    picked += [f"coalesce(b.{name}, {'false' if kind == 'boolean' else 0}) as {name}" for name, kind in beside.items()]
    source = "profiles as p"
    if any(name not in PROFILE_TYPES for name in held):
        source += " inner join strata as s on p.user_no = s.user_no"
    if beside:
        source += " left join beside as b on p.user_no = b.user_no"
    held += beside
    steps, last = [f"people as (select {', '.join(picked)} from {source})"], "people"
    if shared := _shared(segments, held):
        once = ", ".join(f"{said} as {name}" for said, name in shared.items())
        steps.append(f"said as (select {', '.join(held)}, {once} from people)")
        held, last = [*held, *shared.values()], "said"
    told = {Nested(one.key).column for one in segments if one.select}
    waiting = [one for one in segments if one.condition]
    while waiting:
        now = [one for one in waiting if all(Nested(key).column in told for key in one.nested)]
        fresh = {Nested(one.key).column: _with(one.condition, shared) for one in now if one.condition}
        found = ", ".join(f"coalesce({said}, false) as {name}" for name, said in fresh.items())
        waiting = [one for one in waiting if one not in now]
        # Most users are in none. A filter asks each comparison only of whom the one before it left; inside a case it stays one filter,
        # and does not become fifty of every column on the way.
        in_any = " or ".join([*sorted(told), *(f"({said})" for said in fresh.values())])
        members = f" where case when {in_any} then true else false end" if only_members and not waiting else ""
        before, last = last, f"step_{len(steps)}"
        steps.append(f"{last} as (select {', '.join(held)}, {found} from {before}{members})")
        held, told = [*held, *fresh], told | set(fresh)
    return steps, last


_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between)


def _shared(segments: Sequence[Segment], held: Sequence[str]) -> dict[str, str]:
    """Comparisons that more than one segment says → the column that holds their answer: many say `lifecycle = 'lapsing'`."""
    told: Counter[str] = Counter()
    for one in segments:
        if one.condition:
            leaves = {
                leaf.sql("duckdb") for leaf in one.condition.rule.condition().find_all(*_COMPARISONS)
                if all(column.name in held for column in leaf.find_all(exp.Column))
            }  # fmt: skip
            told.update(leaves)
    return {said: f"said_{number}" for number, said in enumerate(sorted(said for said, times in told.items() if times > 1))}


def _with(condition: Condition, shared: Mapping[str, str]) -> str:
    """The condition, shared comparisons by their columns."""
    tree = condition.rule.condition().transform(
        lambda node: (
            exp.column(shared[said]) if isinstance(node, _COMPARISONS) and (said := node.sql("duckdb")) in shared else node
        )
    )
    return plain(tree)


def members_query(keys: Sequence[str]) -> str:
    """One row per user and segment that the user is in; reads `placed`, the pass above. Without keys: no rows."""
    if not keys:
        return "select user_no, cast(null as varchar) as key from placed where false"
    return " union all ".join(f"select user_no, '{key}' as key from placed where {Nested(key).column}" for key in sorted(keys))
