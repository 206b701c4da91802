"""Mappings: how a foreign layout becomes ours.

A mapping is a YAML file with one layout, or several under `layouts`. A layout takes files of a name into one table:

    table: contract_trades          # one of ours
    files: fills*.parquet           # default: any file
    source: hyperliquid             # default: exchange
    columns: {ts: executed_at, direction: [side, fill_type]}    # their column: ours, or several of ours
    constants: {contract_type: perpetual}
    expressions: {notional_usdt: price * quantity}              # SQL over their columns
    values: {side: {B: buy, S: sell}}                           # what stands there: what it means; ~ is unknown
    where: status = 'FILLED'        # only these rows; of several layouts for one file the first that fits takes the row
    unknown: [market, fee_usdt]     # our columns that the source does not know: they stay null
    partly_unknown: [side]          # may be empty in some rows
    ignore: [hash]                  # their columns that are not wanted; "*" is all others
    zone: Asia/Shanghai             # zone of times that name none; default UTC
    time_formats: ["%d/%m/%Y %H:%M", epoch_ms]
    grain: week                     # for user_days
    derive_users: first_seen        # users that are not known are made from the facts
    number_rows: true               # no event_id, and repeats are legitimate: the file's name and the row's number name it
    delimiter: ";"                  # default: seen
    encoding: gb18030               # default: seen
    sheet: Trades                   # of a workbook; default: the one named as the table, else the first
    query: select … from …          # of a PostgreSQL database

Expressions see every column as text; in arithmetic and comparisons with numbers it is read as a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from springtide.analytics.facts.contracts import CONTRACTS, Contract, contract
from springtide.kernel.days import zone
from springtide.kernel.errors import BadInput, UnknownName, suggest

EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}

# What a mapping's expression may be made of. Everything else (subqueries, files, settings, clocks) is refused by name.
_ALLOWED: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Tuple, exp.Var,
    exp.DataType, exp.DataTypeParam, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike,
    exp.And, exp.Or, exp.Not, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Cast, exp.TryCast,
    exp.Lower, exp.Upper, exp.Trim, exp.Concat, exp.ConcatWs, exp.DPipe, exp.Substring, exp.Left, exp.Right, exp.Replace,
    exp.RegexpReplace, exp.RegexpExtract, exp.RegexpLike, exp.SplitPart, exp.StrPosition, exp.StartsWith, exp.Length, exp.MD5,
)  # fmt: skip
_ALLOWED_NAMES = (
    "abs", "case", "cast", "ceil", "coalesce", "concat", "concat_ws", "floor", "greatest", "if", "least", "left", "length",
    "lower", "md5", "nullif", "regexp_extract", "regexp_matches", "regexp_replace", "replace", "right", "round", "split_part",
    "starts_with", "strpos", "substring", "trim", "try_cast", "upper",
)  # fmt: skip
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Abs, exp.Round, exp.Floor, exp.Ceil)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


@dataclass(frozen=True)
class Layout:
    """How files of one shape become rows of one table. See the top of this module for what each part means."""

    table: str
    files: str = "*"
    source: str = ""
    columns: Pairs[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Pairs[str, str] = field(default_factory=dict)
    expressions: Pairs[str, str] = field(default_factory=dict)
    values: Pairs[str, Pairs[str, str | None]] = field(default_factory=dict)
    where: str = ""
    unknown: tuple[str, ...] = ()
    partly_unknown: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    zone: str = "UTC"
    time_formats: tuple[str, ...] = ()
    derive_users: bool = False
    number_rows: bool = False
    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    query: str = ""
    is_ours: bool = False  # our own layout: a column of theirs is ours of the same name

    @property
    def contract(self) -> Contract:
        return contract(self.table)

    def takes(self, name: str) -> bool:
        """Does a file of this name belong here?"""
        return fnmatch(name.lower(), self.files.lower())

    def as_dict(self) -> dict[str, Any]:
        """What a YAML file would say."""
        told: dict[str, Any] = {"table": self.table}
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name in ("table", "is_ours") or value == one.default or not value:
                continue
            if one.name == "columns":
                value = {theirs: ours[0] if len(ours) == 1 else list(ours) for theirs, ours in value.items()}
            elif one.name == "values":
                value = {ours: dict(pairs) for ours, pairs in value.items()}
            elif one.name == "derive_users":
                value = "first_seen"
            elif isinstance(value, tuple):
                value = list(value)
            elif isinstance(value, Pairs):
                value = dict(value)
            told[one.name] = value
        return told


@dataclass(frozen=True)
class Mapping:
    """A named set of layouts."""

    name: str
    layouts: tuple[Layout, ...]
    about: str = ""

    def for_file(self, name: str) -> tuple[Layout, ...]:
        return tuple(layout for layout in self.layouts if layout.takes(name))

    def as_yaml(self) -> str:
        """The mapping as a YAML file."""
        told = {"about": self.about} if self.about else {}
        if len(self.layouts) == 1:
            told |= self.layouts[0].as_dict()
        else:
            told["layouts"] = [layout.as_dict() for layout in self.layouts]  # type: ignore[assignment]
        return yaml.safe_dump(told, sort_keys=False, allow_unicode=True)


def own_layout(table: str) -> Layout:
    """Our own layout of a table: columns by the names of the contract."""
    return Layout(table, is_ours=True)


def shipped_mappings() -> dict[str, Mapping]:
    """The mappings that come with the product, by name."""
    folder = resources.files("springtide.analytics.facts").joinpath("mappings")
    found = {Path(file.name).stem: file for file in folder.iterdir() if file.name.endswith(".yml")}
    return {name: parse_mapping(found[name].read_text(encoding="utf-8"), name) for name in sorted(found)}


def mappings(saved: Path | None = None) -> dict[str, Mapping]:
    """The shipped mappings, and those saved in a folder (one of the same name goes before the shipped one)."""
    own = sorted(saved.glob("*.yml")) if saved and saved.is_dir() else []
    return shipped_mappings() | {path.stem: read_mapping(path) for path in own}


def fitting_names(file_name: str, saved: Path | None = None) -> tuple[str, ...]:
    """The mappings that speak of files of this name; one that takes any file says nothing about this one."""
    told = mappings(saved).values()
    return tuple(one.name for one in told if any(layout.files != "*" for layout in one.for_file(file_name)))


def mapping_named(name: str, saved: Path | None = None) -> Mapping:
    """A mapping by its name, or by the path of its file.

    refuses    unknown_mapping    nothing has this name
               bad_mapping        its file cannot be understood
    """
    path = Path(name)
    if path.suffix in (".yml", ".yaml"):
        if not path.is_file():
            raise BadInput(f"There is no mapping file {name}.", "Check the path.", code="unknown_mapping")
        return read_mapping(path)
    if saved and (saved / f"{name}.yml").is_file():
        return read_mapping(saved / f"{name}.yml")
    shipped = shipped_mappings()
    if name not in shipped:
        known = {*shipped, *(path.stem for path in (saved.glob("*.yml") if saved else ()))}
        raise UnknownName(f"There is no mapping '{name}'.", suggest(name, known), code="unknown_mapping")
    return shipped[name]


def read_mapping(path: Path) -> Mapping:
    """A mapping from its YAML file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as bad:
        raise BadInput(f"Mapping {path.name} is not UTF-8.", "Save it as UTF-8.", code="bad_mapping") from bad
    return parse_mapping(text, path.stem)


def save_mapping(mapping: Mapping, folder: Path) -> Path:
    """Keep a mapping in a folder under its name; it is checked by reading it back.

    refuses    bad_mapping    its name is no file name, or a part of it is wrong
    """
    if not mapping.name.replace("_", "").replace("-", "").isalnum():
        raise BadInput(f"'{mapping.name}' cannot be a mapping's name.", "Use letters, digits, - and _.", code="bad_mapping")
    parse_mapping(mapping.as_yaml(), mapping.name)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mapping.name}.yml"
    draft = path.with_suffix(".draft")
    draft.write_text(mapping.as_yaml(), encoding="utf-8")
    draft.replace(path)
    return path


class _Loader(yaml.SafeLoader):
    """YAML whose plain words stay words: only ~, null, true and false mean something, and a day stays as it is written."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_mapping(text: str, name: str) -> Mapping:
    """A mapping from YAML text; a word that nothing knows is told with the nearest one that something does.

    refuses    bad_mapping    no YAML, an unknown part, table or column, an expression that may not be
    """
    try:
        told = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as bad:
        raise BadInput(f"Mapping {name} is no YAML: {bad}.", "Mend the line it names.", code="bad_mapping") from bad
    if not isinstance(told, dict):
        raise BadInput(f"Mapping {name} is empty.", "Begin with: table: spot_trades", code="bad_mapping")
    about = str(told.pop("about", "") or "")
    listed = told.pop("layouts", None)
    if listed is None:
        listed = [told]
    elif not isinstance(listed, list):
        raise _bad(name, "'layouts' must be a list.", "Begin each layout with: - table: spot_trades")
    else:
        listed = [{**told, **one} if isinstance(one, dict) else one for one in listed]
    return Mapping(name, tuple(_layout(one, name) for one in listed), about)


def _layout(told: Any, name: str) -> Layout:
    if not isinstance(told, dict):
        raise _bad(name, f"A layout is {told!r}.", "Write its parts as name: value.")
    parts = {one.name for one in fields(Layout)} - {"is_ours"} | {"grain"}
    for part in told:
        if part not in parts:
            raise _bad(name, f"It has an unknown part '{part}'.", suggest(str(part), parts))
    if "table" not in told:
        raise _bad(name, "A layout names no table.", f"Write table: and one of {', '.join(c.name for c in CONTRACTS)}.")
    tables = [one.name for one in CONTRACTS]
    if told["table"] not in tables:
        raise _bad(name, f"There is no table '{told['table']}'.", suggest(str(told["table"]), tables))
    derive = told.get("derive_users", "")
    if derive not in ("", "first_seen"):
        raise _bad(name, f"derive_users is '{derive}'.", "It can be: first_seen.")
    layout = Layout(
        table=told["table"],
        files=_word(told, "files", name) or "*",
        source=_word(told, "source", name),
        columns={theirs: _words(ours, "columns", name) for theirs, ours in _pairs(told, "columns", name).items()},
        constants={ours: _scalar(value, "constants", name) for ours, value in _pairs(told, "constants", name).items()},
        expressions={ours: _scalar(sql, "expressions", name) for ours, sql in _pairs(told, "expressions", name).items()},
        values={
            ours: {
                seen: None if meant is None else _scalar(meant, f"values of {ours}", name)
                for seen, meant in _pairs({"values": pairs}, "values", name).items()
            }
            for ours, pairs in _pairs(told, "values", name).items()
        },
        where=_word(told, "where", name),
        unknown=_words(told.get("unknown", []), "unknown", name),
        partly_unknown=_words(told.get("partly_unknown", []), "partly_unknown", name),
        ignore=_words(told.get("ignore", []), "ignore", name),
        zone=_word(told, "zone", name) or "UTC",
        time_formats=_words(told.get("time_formats", []), "time_formats", name),
        derive_users=derive == "first_seen",
        number_rows=_flag(told, "number_rows", name),
        delimiter=_word(told, "delimiter", name, strip=False),
        encoding=_word(told, "encoding", name),
        sheet=_word(told, "sheet", name),
        query=_word(told, "query", name),
    )
    if grain := _word(told, "grain", name):
        layout = replace(layout, constants={**layout.constants, "grain": grain})
    _check(layout, name)
    return layout


def _check(layout: Layout, name: str) -> None:
    """Is every word of the layout one that its table, or SQL, knows?"""
    table = layout.contract
    zone(layout.zone)
    given: dict[str, str] = {}
    for part, names in (
        ("columns", [ours for listed in layout.columns.values() for ours in listed]),
        ("constants", list(layout.constants)),
        ("expressions", list(layout.expressions)),
        ("unknown", list(layout.unknown)),
    ):
        for ours in names:
            if ours not in table.names:
                raise _bad(name, f"'{ours}' under {part} is no column of {table.name}.", suggest(ours, table.names))
            if ours in given:
                raise _bad(name, f"'{ours}' stands under {given[ours]} and under {part}.", "Keep one of them.")
            given[ours] = part
    for part, names in (("values", list(layout.values)), ("partly_unknown", list(layout.partly_unknown))):
        for ours in names:
            if ours not in table.names:
                raise _bad(name, f"'{ours}' under {part} is no column of {table.name}.", suggest(ours, table.names))
    for ours, constant in layout.constants.items():
        choices = table.field(ours).choices
        if choices and constant not in choices:
            raise _bad(name, f"'{constant}' cannot be the {ours} of {table.name}.", suggest(constant, choices))
    for ours, pairs in layout.values.items():
        choices = table.field(ours).choices
        for meant in pairs.values():
            if choices and meant is not None and meant not in choices:
                raise _bad(name, f"'{meant}' cannot be the {ours} of {table.name}.", suggest(meant, choices))
    for needed in (*table.key, *((table.user,) if table.user else ())):
        if needed in layout.unknown:
            raise _bad(name, f"'{needed}' names a row of {table.name} and cannot be unknown.", "Map it, or use number_rows.")
    if layout.number_rows and not table.is_event:
        raise _bad(name, f"number_rows is for tables with an event_id, and {table.name} has none.", "Map its key.")
    if layout.derive_users and not (table.user and (table.day_column or "from_day" in table.names)):
        raise _bad(name, f"No user can be derived from {table.name}.", "Import a users table.")
    for form in layout.time_formats:
        if "%" not in form and form not in EPOCHS:
            raise _bad(name, f"'{form}' is no time format.", f"Write it like %d/%m/%Y %H:%M:%S, or {', '.join(EPOCHS)}.")
    for sql in (*layout.expressions.values(), *((layout.where,) if layout.where else ())):
        parse_expression(sql, name)


def parse_expression(sql: str, mapping: str) -> exp.Expr:
    """An expression of a mapping as a tree, if it is made of allowed parts only.

    refuses    bad_mapping    no SQL, or a part that may not be
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.errors.SqlglotError as bad:
        raise _bad(mapping, f"'{sql}' is no SQL expression.", str(bad).splitlines()[0]) from bad
    for node in tree.walk():
        if isinstance(node, exp.Anonymous | exp.Func) and not isinstance(node, _ALLOWED):
            called = str(node.name) if isinstance(node, exp.Anonymous) else node.sql_name().lower()
            raise _bad(mapping, f"'{sql}' calls {called}, which an expression may not.", suggest(called, _ALLOWED_NAMES))
        if not isinstance(node, _ALLOWED):
            raise _bad(
                mapping, f"'{sql}' is more than an expression ({node.key}).", "Use columns, numbers, texts and functions."
            )
        if isinstance(node, exp.Column) and node.table:
            raise _bad(mapping, f"'{sql}' names a column of another table.", "Use the file's own columns, without a prefix.")
    return tree


def bind_expression(tree: exp.Expr, idents: Pairs[str, str], mapping: str, label: str) -> str:
    """SQL of an expression over a source, whose columns have the quoted names `idents`; it cannot fail on a row.

    refuses    missing_column    the source has no such column
    """

    def bound(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            ident = column_named(node.name, idents)
            if ident is None:
                raise BadInput(
                    f"Mapping {mapping} needs a column '{node.name}', which {label} does not have.",
                    suggest(node.name, idents),
                    code="missing_column",
                )
            place = exp.column(exp.to_identifier(ident.strip('"').replace('""', '"'), quoted=True))
            kind = "double" if _is_number(node) else "varchar"
            return exp.TryCast(this=place, to=exp.DataType.build(kind, dialect="duckdb"))
        if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
            return exp.TryCast(this=node.this, to=node.to)
        return node

    return str(tree.copy().transform(bound).sql(dialect="duckdb"))


def _is_number(column: exp.Column) -> bool:
    """Does the expression use this column as a number?"""
    parent = column.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    if isinstance(parent, _ARITHMETIC):
        return True
    if isinstance(parent, _COMPARISONS):
        return any(
            (isinstance(side, exp.Literal) and not side.is_string) or isinstance(side, _ARITHMETIC)
            for side in parent.iter_expressions()
        )
    return False


def column_named(name: str, idents: Pairs[str, str]) -> str | None:
    """The source column of a name: as written, else the only one that differs in case or outer blanks alone."""
    if name in idents:
        return idents[name]
    near = [ident for known, ident in idents.items() if known.strip().casefold() == name.strip().casefold()]
    return near[0] if len(near) == 1 else None


# Parts of a YAML file


def _bad(name: str, message: str, hint: str) -> BadInput:
    return BadInput(f"Mapping {name}: {message}", hint, code="bad_mapping")


def _pairs(told: dict[str, Any], part: str, name: str) -> dict[str, Any]:
    value = told.get(part) or {}
    if not isinstance(value, dict):
        raise _bad(name, f"'{part}' must be pairs.", "Write them as name: value.")
    return {"" if key is None else str(key): one for key, one in value.items()}


def _words(value: Any, part: str, name: str) -> tuple[str, ...]:
    listed: Iterable[Any] = value if isinstance(value, list) else [value]
    return tuple(_scalar(one, part, name) for one in listed)


def _word(told: dict[str, Any], part: str, name: str, *, strip: bool = True) -> str:
    value = _scalar(told.get(part) or "", part, name)
    return value.strip() if strip else value


def _flag(told: dict[str, Any], part: str, name: str) -> bool:
    value = told.get(part, "false")
    if value not in ("true", "false"):
        raise _bad(name, f"{part} is '{value}'.", "It can be: true, false.")
    return bool(value == "true")


def _scalar(value: Any, part: str, name: str) -> str:
    if isinstance(value, dict | list) or value is None:
        raise _bad(name, f"'{part}' has {value!r} where a word should be.", "Write one value.")
    return str(value)
