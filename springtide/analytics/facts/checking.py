"""From raw rows to typed and checked rows: the SQL that reads one source under one layout.

Every rule is an expression over a whole column, so a file is checked set-wise. A row's *fault* is a number: the first rule it
breaks, in the order of the contract's columns; null where it breaks none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import duckdb

from springtide.analytics.engine import DuckEngine
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts.contracts import STORED, USERS, Contract, Field
from springtide.analytics.facts.mapping import EPOCHS, Layout, bind_expression, column_named, parse_expression
from springtide.analytics.facts.reading import EXACT_IN_A_FLOAT, Raw
from springtide.kernel.days import day_of
from springtide.kernel.errors import BadInput, suggest

SEPARATOR = "chr(31)"  # stands between the parts of a key; no id has it
NOTHING = "chr(30)"  # stands for null where a row is compared as text
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
FLOATS = {"DOUBLE": EXACT_IN_A_FLOAT, "FLOAT": 2**24}
DIGITS_LOST = r"[0-9](\.[0-9]+)?[eE]\+[0-9]+|[0-9]\.[0-9]+[eE][0-9]+"
HAS_OFFSET = r":[0-9.]+\s*(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"
YES = "('true', 't', 'yes', 'y', '1', '是')"
NO = "('false', 'f', 'no', 'n', '0', '否')"

KINDS = {
    "text": "text",
    "user": "user",
    "decimal": "number",
    "money": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "time": "time",
    "day": "day",
    "choice": "word",
    "json": "JSON text",
}
RULES = {
    "missing": "is empty",
    "type": "is no {kind}",
    "not_finite": "is no finite number",
    "out_of_range": "is beyond what can be kept",
    "digits_lost": "lost its last digits in a spreadsheet",
    "choice": "is none of {choices}",
    "negative": "is negative",
    "future": "lies in the future",
    "unknown_user": "is not in users",
    "before_registration": "is older than the user's registration",
    "conflict": "has the key and version of another row, but other content",
    "encoding": "has bytes that are no text",
    "layout": "does not split into the fields of the heading",
    "master_changed": "differs from the master that was set before",
    "master_unknown": "is a master that is not in users",
    "master_is_sub_account": "is a master that is a sub-account itself",
    "master_has_sub_accounts": "would make a sub-account of a master",
}


@dataclass(frozen=True)
class Fault:
    """What a fault's number means: the column and the rule."""

    code: int
    column: str | None
    rule: str


@dataclass(frozen=True)
class Reading:
    """One source read under one layout.

    `typed` is a query with, for every row: line, row (as it came, JSON), `r_<column>` as it came and `v_<column>` as it is taken.
    `checked` adds account_no, user_no, day and fault: `picked` from the typed rows (t) with `joined`. It joins the engine's table
    `accounts` (user_id, account_no, user_no, registered_at, registered_on, is_derived) where the table is about users. `given` are
    the columns the source knows.
    """

    contract: Contract
    layout: Layout
    raw: Raw
    mapping: str
    typed: str
    picked: str
    joined: str
    faults: tuple[Fault, ...]
    given: frozenset[str]

    @property
    def checked(self) -> str:
        return self.check(self.typed)

    def check(self, typed: str) -> str:
        """The typed rows of this source, or of several that are checked alike, with what `checked` adds; further columns stay."""
        return f"select {self.picked} from ({typed}) as t {self.joined}"

    @property
    def checked_alike(self) -> tuple[object, ...]:
        """Equal for sources of one table whose rows have the same types and are checked by the same rules."""
        return self.picked, self.joined, tuple(heading.type for heading in self.raw.headings), self.faults

    @property
    def user_columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.contract.fields if field.kind == "user")

    def user_ids(self) -> str:
        """A query of every user that the source names."""
        return " union ".join(f"select v_{name} as user_id from ({self.typed})" for name in self.user_columns)

    def users_seen(self) -> str:
        """A query of the users of otherwise good rows, and when each was first seen."""
        when = self.contract.day_column or "from_day"
        harmless = [str(fault.code) for fault in self.faults if fault.rule in ("unknown_user", "before_registration")]
        good = f"fault is null or fault in ({', '.join(harmless)})"
        seen = " union all ".join(
            f"select v_{name} as user_id, cast(v_{when} as timestamp) as seen_at from ({self.checked}) where {good}"
            for name in self.user_columns
        )
        return f"select user_id, min(seen_at) as seen_at from ({seen}) group by user_id"

    def stored(self) -> list[str]:
        """The lake's columns out of a checked row."""
        numbers = ["user_no", "account_no"] if self.contract.user else []
        return numbers + [f"{value_of(field)} as {field.lake_name}" for field in self.contract.stored_fields]


def value_of(field: Field) -> str:
    """The column of a checked row that holds what the lake keeps of a field."""
    return f"n_{field.name}" if field.kind == "user" else f"v_{field.name}"


def sentence(contract: Contract, column: str | None, rule: str) -> str:
    """What is wrong, for a person: `price is negative`."""
    told = RULES[rule]
    if column and column in contract.names:
        field = contract.field(column)
        told = told.format(kind=KINDS[field.kind], choices=", ".join(field.choices))
    return f"{column or 'the row'} {told}"


# Keys and content, the same over checked rows and over the lake's


def staged_key(contract: Contract) -> str:
    """The key of a checked row."""
    return _key(contract, "v_", "account_no")


def lake_key(contract: Contract) -> str:
    """The key of a row of the lake."""
    return _key(contract, "", "account_no")


def _key(contract: Contract, prefix: str, account: str) -> str:
    names = ("source", *contract.key) if contract.is_event else contract.key
    parts = []
    for name in names:
        field = contract.field(name)
        place = account if name == contract.user else prefix + (name if prefix else field.lake_name)
        parts.append(f"cast({f'epoch_us({place})' if field.kind == 'time' else place} as varchar)")
    return f"cast(md5({f' || {SEPARATOR} || '.join(parts)}) as uuid)"


def content(columns: Iterable[str], void: str) -> str:
    """One value that is the same for two rows of a table if and only if they say the same."""
    texts = [f"coalesce(cast({column} as varchar), {NOTHING})" for column in (*columns, void)]
    return f"cast(md5(concat_ws({SEPARATOR}, {', '.join(texts)})) as uuid)"


def row_content(contract: Contract, void: str) -> str:
    """What a row of the lake (or one that is about to be) says, besides its key and version."""
    names = ["account_no"] if contract.user else []
    names += [field.lake_name for field in contract.stored_fields if field.name not in ("source", "event_id", "version")]
    return content(names, void)


# Days of the reporting zone


@cache
def _fixed_minutes(zone: ZoneInfo) -> int | None:
    """The zone's distance from UTC, if it has not changed since 2000 and will not by what is known today."""
    first = datetime(2000, 1, 1, tzinfo=UTC)
    offsets = {(first + timedelta(days=day)).astimezone(zone).utcoffset() for day in range(50 * 366)}
    [*some] = offsets
    return int(some[0].total_seconds() // 60) if len(some) == 1 and some[0] is not None else None


def day_sql(instant: str, zone: ZoneInfo) -> str:
    """The day in the reporting zone of a UTC timestamp. Adding a fixed distance is eight times faster than asking the zone."""
    if zone.key == "UTC":
        return f"cast({instant} as date)"
    asked = f"cast(timezone({literal(zone.key)}, cast({instant} as timestamptz)) as date)"
    minutes = _fixed_minutes(zone)
    if minutes is None:
        return asked
    quick = f"cast({instant} + interval '{minutes} minutes' as date)"
    return f"case when {instant} >= timestamp '2000-01-02' then {quick} else {asked} end"


# Reading


def read(
    engine: DuckEngine, raw: Raw, layout: Layout, *, mapping: str, zone: ZoneInfo, now: datetime, where: str = ""
) -> Reading:
    """How the rows of `raw` become rows of the layout's table. `where` is SQL of an outer condition on raw columns.

    refuses    missing_column    a mandatory column, or one that the mapping names, is not there
               unknown_column    a column that nothing takes
               bad_mapping       an expression that does not fit the columns
    """
    contract = layout.contract
    idents = {heading.name: heading.ident for heading in raw.headings}
    types = {heading.ident: heading.type for heading in raw.headings}
    sources = _sources(layout, contract, raw, idents, mapping)
    if layout.where:
        condition = bind_expression(parse_expression(layout.where, mapping), idents, mapping, raw.label)
        where = f"({condition})" + (f" and {where}" if where else "")
    types |= _expression_types(engine, raw, [sql for sql in sources.values() if sql not in types], where, mapping)
    if layout.number_rows:
        sources["event_id"] = f"{literal(raw.label.rsplit('/', 1)[-1] + ':')} || cast({_row_number(raw)} as varchar)"
        types[sources["event_id"]] = "VARCHAR"
    given = frozenset(sources) | frozenset(
        field.name for field in contract.fields if field.default is not None and field.name not in layout.unknown
    )
    seen, taken, faults = [], [], _Faults()
    if raw.is_lossy:
        everything = ", ".join(heading.ident for heading in raw.headings)
        seen.append(f"contains(concat_ws('', {everything}), chr(65533)) as is_garbled")
        faults.add("is_garbled", None, "encoding")
    for field in contract.fields:
        source = sources.get(field.name)
        if source is None:
            seen.append(f"cast(null as varchar) as r_{field.name}")
            taken.append(f"{_default(field, layout)} as v_{field.name}")
            continue
        came, kind = _as_came(field, source, types[source], layout, is_typed=not raw.is_text)
        value = _as_taken(field, f"r_{field.name}", kind, layout)
        if field.default is not None:
            value = f"coalesce({value}, {_default(field, layout)})"
        seen.append(f"{came} as r_{field.name}")
        taken.append(f"{value} as v_{field.name}")
        _check_column(faults, field, contract, layout, kind, zone, now)
    row = ", ".join(f"{literal(h.name)}, cast({h.ident} as varchar)" for h in raw.headings)
    rows = f"select {raw.line} as line, json_object({row}) as row, {', '.join(seen)} from {raw.relation}"
    if where:
        rows += f" where {where}"
    typed = f"select *, {', '.join(taken)} from ({rows})"
    picked, joined = _with_accounts(contract, faults, zone)
    return Reading(contract, layout, raw, mapping, typed, picked, joined, tuple(faults.listed), given)


class _Faults:
    """The rules of one reading, in order, and the expression that finds the first one broken."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self._branches: list[str] = []

    def add(self, condition: str, column: str | None, *rules: str, which: str = "{0}") -> None:
        """When `condition` holds the row breaks one of the rules; `which` picks among their numbers."""
        codes = []
        for rule in rules:
            self.listed.append(Fault(len(self.listed) + 1, column, rule))
            codes.append(str(len(self.listed)))
        self._branches.append(f"when {condition} then {which.format(*codes)}")

    def sql(self) -> str:
        return f"cast(case {' '.join(self._branches)} end as smallint)" if self._branches else "cast(null as smallint)"


def _sources(layout: Layout, contract: Contract, raw: Raw, idents: dict[str, str], mapping: str) -> dict[str, str]:
    """Our column → SQL of where it comes from. Refuses columns that are missing or that nothing takes."""
    sources: dict[str, str] = {}
    taken: set[str] = set()
    if layout.is_ours:
        for name in contract.names:
            if ident := column_named(name, idents):
                sources[name] = ident
                taken.add(ident)
    for theirs, ours in layout.columns.items():
        ident = column_named(theirs, idents)
        if ident is None:
            raise BadInput(
                f"Mapping {mapping} needs a column '{theirs}', which {raw.label} does not have.",
                suggest(theirs, idents),
                code="missing_column",
            )
        taken.add(ident)
        sources |= dict.fromkeys(ours, ident)
    for name, sql in layout.expressions.items():
        tree = parse_expression(sql, mapping)
        sources[name] = bind_expression(tree, idents, mapping, raw.label)
        taken |= {ident for column in tree.find_all(_COLUMN) if (ident := column_named(column.name, idents))}
    if layout.where:
        taken |= {
            ident
            for column in parse_expression(layout.where, mapping).find_all(_COLUMN)
            if (ident := column_named(column.name, idents))
        }
    sources |= {name: literal(constant) for name, constant in layout.constants.items()}
    ignored = {column_named(name, idents) for name in layout.ignore}
    for heading in raw.headings:
        if heading.ident not in taken and heading.ident not in ignored and "*" not in layout.ignore:
            raise _unknown_column(heading.name, raw, layout, contract, mapping)
    for name in contract.required:
        if name not in sources and name not in layout.unknown and not (name == "event_id" and layout.number_rows):
            raise BadInput(
                f"{raw.label} has no column '{name}', which {contract.name} must have.",
                f"Its columns are: {', '.join(idents)}. Add '{name}', or name the column it comes from in a mapping.",
                code="missing_column",
            )
    return sources


_COLUMN = parse_expression("a", "").__class__


def _unknown_column(name: str, raw: Raw, layout: Layout, contract: Contract, mapping: str) -> BadInput:
    if layout.is_ours:
        allowed = [one for one in contract.names if one not in {heading.name for heading in raw.headings}]
        return BadInput(
            f"{raw.label} has a column '{name}', which {contract.name} does not have.",
            f"{suggest(name, allowed)} Rename or remove it, or import with a mapping that ignores it.",
            code="unknown_column",
        )
    return BadInput(
        f"{raw.label} has a column '{name}', of which mapping {mapping} says nothing.",
        f"Name it in the mapping, under columns or under ignore. {suggest(name, contract.names)}",
        code="unknown_column",
    )


def _expression_types(engine: DuckEngine, raw: Raw, sqls: list[str], where: str, mapping: str) -> dict[str, str]:
    """The DuckDB type of every expression; what does not bind is told."""
    if not sqls and not where:
        return {}
    listed = ", ".join(f"{sql} as e{number}" for number, sql in enumerate(sqls)) or "1"
    try:
        told = engine.rows(f"describe select {listed} from {raw.relation}" + (f" where {where}" if where else ""))
    except duckdb.Error as bad:
        reason = str(bad).splitlines()[0]
        raise BadInput(
            f"An expression of mapping {mapping} does not fit {raw.label}: {reason}.", "Mend it.", code="bad_mapping"
        ) from bad
    return {sql: str(row[1]) for sql, row in zip(sqls, told.values, strict=False)}


def _row_number(raw: Raw) -> str:
    return f"({raw.line} - 1)" if raw.is_text else f"({raw.line})"


# Columns


def _default(field: Field, layout: Layout) -> str:
    """What stands where a source gives nothing."""
    default = layout.source if field.name == "source" and layout.source else field.default
    stored = "varchar" if field.kind == "user" else STORED[field.kind]
    value = "null" if default is None else literal(default) if isinstance(default, str) else str(default).lower()
    return f"cast({value} as {stored})"


def _as_came(field: Field, source: str, kind: str, layout: Layout, *, is_typed: bool) -> tuple[str, str]:
    """SQL of a field as it came, and its type: VARCHAR (empty is null) or one of Parquet's own where that is exact.

    Blanks around a text are cut in text files, where people and spreadsheets leave them; a Parquet file's texts are meant.
    """
    text = source if kind == "VARCHAR" else f"cast({source} as varchar)"
    text = f"nullif({text if is_typed else f'trim({text})'}, '')"
    if pairs := layout.values.get(field.name):
        meanings = {seen.strip(): "null" if meant is None else literal(meant) for seen, meant in pairs.items()}
        empty = f"when {text} is null then {meanings.pop('')} " if "" in meanings else ""
        cases = " ".join(f"when {text} = {literal(seen)} then {meant}" for seen, meant in meanings.items())
        return f"case {empty}{cases} else {text} end", "VARCHAR"
    is_number = kind in WHOLE or kind in FLOATS or kind.startswith("DECIMAL")
    keeps = {
        "decimal": is_number,
        "money": is_number,
        "integer": is_number,
        "text": kind in WHOLE or kind in FLOATS,
        "user": kind in WHOLE or kind in FLOATS,
        "time": kind in WHOLE or kind.startswith(("TIMESTAMP", "DATE")),
        "day": kind in WHOLE or kind.startswith(("TIMESTAMP", "DATE")),
        "boolean": kind == "BOOLEAN",
    }
    if keeps.get(field.kind, False):
        return source, kind
    if field.kind == "json" and (kind.startswith(("STRUCT", "MAP")) or kind.endswith("]")):
        return f"cast(to_json({source}) as varchar)", "VARCHAR"
    return text, "VARCHAR"


def _as_taken(field: Field, seen: str, kind: str, layout: Layout) -> str:
    match field.kind:
        case "text" | "user":
            if kind in FLOATS:
                exact = f"isfinite({seen}) and {seen} = floor({seen}) and abs({seen}) < {FLOATS[kind]}"
                return f"case when {exact} then cast(cast({seen} as bigint) as varchar) end"
            return f"cast({seen} as varchar)" if kind in WHOLE else seen
        case "decimal":
            return f"try_cast({seen} as decimal(38,12))"
        case "money":
            # DuckDB keeps the product of a DECIMAL(18) at 18 digits, and a wider one is six times slower: only large sums pay.
            usdt = f"try_cast({seen} as decimal(18,6))"
            wide = f"cast(cast({usdt} as decimal(25,6)) * 1000000 as bigint)"
            return f"case when abs({usdt}) < 1000000 then cast({usdt} * 1000000 as bigint) else {wide} end"
        case "integer":
            return f"try_cast({seen} as integer)"
        case "boolean":
            if kind == "BOOLEAN":
                return seen
            word = f"lower(cast({seen} as varchar))"
            return f"case when {word} in {YES} then true when {word} in {NO} then false end"
        case "time":
            return _time(seen, kind, layout)
        case "day":
            return _day(seen, kind, layout)
        case "choice":
            return f"lower({seen})"
        case "json":
            return f"case when json_valid({seen}) then {seen} end"


def _time(seen: str, kind: str, layout: Layout) -> str:
    """A UTC timestamp. A time that names no zone is one of the layout's zone."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"cast({seen} as timestamp)"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return _local(f"try_cast({seen} as timestamp)", layout)
    text = seen if kind not in WHOLE else f"cast({seen} as varchar)"
    formats = [_formatted(seen, text, form, layout) for form in layout.time_formats]
    if kind in WHOLE:
        return f"coalesce({', '.join(formats)})" if formats else "cast(null as timestamp)"
    # A plain cast to timestamp would drop an offset without a word.
    plain = f"cast(try_cast({text} as timestamptz) as timestamp)"
    if layout.zone != "UTC":
        naive = _local(f"try_cast({text} as timestamp)", layout)
        plain = f"case when regexp_matches({text}, {literal(HAS_OFFSET)}) then {plain} else {naive} end"
    return f"coalesce({', '.join([*formats, plain])})" if formats else plain


def _local(naive: str, layout: Layout) -> str:
    return naive if layout.zone == "UTC" else f"cast(timezone({literal(layout.zone)}, {naive}) as timestamp)"


def _formatted(seen: str, text: str, form: str, layout: Layout) -> str:
    if unit := EPOCHS.get(form):
        number = f"try_cast({seen} as bigint)"
        return f"case when abs({number}) < {9_000_000_000_000_000 // unit} then make_timestamp({number} * {unit}) end"
    parsed = f"cast(try_strptime({text}, {literal(form)}) as timestamp)"
    return parsed if "%z" in form else _local(parsed, layout)


def _day(seen: str, kind: str, layout: Layout) -> str:
    if kind.startswith(("TIMESTAMP", "DATE")):
        midnight = f"cast({seen} as timestamp)"
        return f"case when date_trunc('day', {midnight}) = {midnight} then cast({midnight} as date) end"
    forms = [form for form in layout.time_formats if "%" in form]
    text = seen if kind not in WHOLE else f"cast({seen} as varchar)"
    plain = f"case when try_cast({text} as timestamp) = try_cast({text} as date) then try_cast({text} as date) end"
    return f"coalesce({', '.join([*(f'cast(try_strptime({text}, {literal(form)}) as date)' for form in forms), plain])})"


def _check_column(
    faults: _Faults, field: Field, contract: Contract, layout: Layout, kind: str, zone: ZoneInfo, now: datetime
) -> None:
    seen, value, name = f"r_{field.name}", f"v_{field.name}", field.name
    may_be_null = field.nullable or field.default is not None or name in layout.partly_unknown
    if not may_be_null:
        waived = ""
        if contract.is_event and name not in (*contract.key, contract.user, contract.day_column):
            waived = " and not v_is_void"  # who takes a fact back need not repeat what it said
        faults.add(f"{seen} is null{waived}", name, "missing")
    broken = f"{value} is null and {seen} is not null" if field.default is None else f"{_failed(field, seen, kind, layout)}"
    match field.kind:
        case "decimal" | "money" | "integer":
            number = f"try_cast({seen} as double)"
            whole = f" when {number} <> floor({number}) then {{0}}" if field.kind == "integer" else ""
            which = f"case when {number} is null then {{0}} when not isfinite({number}) then {{1}}{whole} else {{2}} end"
            faults.add(broken, name, "type", "not_finite", "out_of_range", which=which)
            if field.kind == "integer":
                if kind in FLOATS or kind.startswith("DECIMAL"):
                    faults.add(f"{seen} <> {value}", name, "type")
                elif kind not in WHOLE:
                    faults.add(f"(contains({seen}, '.') or contains(lower({seen}), 'e')) and {number} <> {value}", name, "type")
            if not field.is_signed:
                faults.add(f"{value} < 0", name, "negative")
        case "text" | "user":
            if kind in FLOATS:
                faults.add(
                    broken,
                    name,
                    "type",
                    "digits_lost",
                    which=f"case when abs({seen}) < {FLOATS[kind]} then {{0}} else {{1}} end",
                )
            elif kind not in WHOLE and (name in contract.key or name.endswith("_id")):
                faults.add(f"regexp_full_match({seen}, {literal(DIGITS_LOST)})", name, "digits_lost")
        case "choice":
            listed = ", ".join(literal(choice) for choice in field.choices)
            faults.add(f"{value} not in ({listed})", name, "choice")
        case "time" | "day":
            faults.add(broken, name, "type")
            first = "timestamp '1970-01-01'" if field.kind == "time" else "date '1970-01-01'"
            faults.add(f"{value} < {first}", name, "out_of_range")
            last = _instant(now) if field.kind == "time" else f"date '{day_of(now, zone)}'"
            rule = "out_of_range" if field.may_be_future else "future"
            faults.add(f"{value} > {last if not field.may_be_future else _END}", name, rule)
        case "boolean" | "json":
            if kind != "BOOLEAN":
                faults.add(broken, name, "type")


_END = "date '2200-01-01'"


def _failed(field: Field, seen: str, kind: str, layout: Layout) -> str:
    """Did a column with a default hold something that cannot be taken?"""
    return f"{seen} is not null and {_as_taken(field, seen, kind, layout)} is null"


def _instant(instant: datetime) -> str:
    return f"timestamp '{instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"


def _with_accounts(contract: Contract, faults: _Faults, zone: ZoneInfo) -> tuple[str, str]:
    """What makes typed rows (t) checked ones, as columns and joins: users resolved, the day told, the fault found."""
    picked, joined = ["t.*"], list[str]()
    if contract.user:
        picked += ["a.account_no", "a.user_no"]
        joined.append(f"left join accounts as a on t.v_{contract.user} = a.user_id")
        faults.add(f"a.account_no is null and r_{contract.user} is not null", contract.user, "unknown_user")
        for field in contract.fields:
            if field.kind == "user" and field.name != contract.user:
                alias = f"a_{field.name}"
                picked.append(f"{alias}.user_no as n_{field.name}")
                joined.append(f"left join accounts as {alias} on t.v_{field.name} = {alias}.user_id")
                faults.add(f"{alias}.account_no is null and r_{field.name} is not null", field.name, "unknown_user")
    when = contract.day_column
    if contract.after_registration and when:
        if contract.field(when).kind == "time":
            early = f"v_{when} < a.registered_at"
        elif "grain" in contract.names:
            early = f"v_{when} + (case when v_grain = 'week' then 6 else 0 end) < a.registered_on"
        else:
            early = f"v_{when} < a.registered_on"
        faults.add(f"{early} and not a.is_derived", when, "before_registration")
    if when is None:
        day = "cast(null as date)"
    elif contract.field(when).kind == "day":
        day = f"v_{when}"
    else:
        day = day_sql(f"v_{when}", zone)
    if contract is USERS:
        picked.append("nullif(v_master_user_id, v_user_id) as master_user_id")
    return f"{', '.join(picked)}, {day} as day, {faults.sql()} as fault", " ".join(joined)
