"""Guessing: which table a foreign file is, and which of its columns are ours; and a preview of what an import would take.

A guess is a proposal, shown to a person who mends it; nothing is imported by guess.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlglot import exp

from springtide.analytics.engine import DuckEngine, Rows
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts import reading as sources
from springtide.analytics.facts.batch import Batch, Problem, problems_of
from springtide.analytics.facts.checking import HAS_OFFSET, Reading, read
from springtide.analytics.facts.contracts import CONTRACTS, Contract, contract
from springtide.analytics.facts.importing import conditions, plan
from springtide.analytics.facts.mapping import EPOCHS, Layout, Mapping, mappings, parse_expression
from springtide.analytics.facts.reading import Raw
from springtide.analytics.facts.users import load_accounts
from springtide.analytics.lake import Lake, Publication
from springtide.analytics.lake.manifest import Manifest
from springtide.kernel.errors import BadInput

SAMPLE_ROWS = 2_000
FIRST_ROWS = 20
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD", "BTC", "ETH", "EUR", "TRY", "JPY")
TIME_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
)


@dataclass(frozen=True)
class GuessedColumn:
    """A column of the file: what it is taken for (null: nothing), how sure (0 to 1), and some of what stands in it."""

    name: str
    ours: str | None
    sureness: float
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """What a file seems to be. `missing` are mandatory columns that nothing gives yet; `tables` the tables that come next."""

    file: str
    table: str
    mapping: Mapping
    columns: tuple[GuessedColumn, ...]
    missing: tuple[str, ...]
    tables: tuple[str, ...]
    needs_zone: bool
    first_rows: Rows

    @property
    def layout(self) -> Layout:
        return self.mapping.layouts[0]


@dataclass(frozen=True)
class TablePreview:
    """The rows for one table: how many were looked at and are good, the first as they would be taken, the rules that rows break."""

    table: str
    rows: int
    good: int
    first_rows: Rows
    problems: tuple[Problem, ...]

    @property
    def quarantined(self) -> int:
        return self.rows - self.good


@dataclass(frozen=True)
class Preview:
    """What an import would do with the first rows of a file; nearly always they are rows of one table."""

    tables: tuple[TablePreview, ...]

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.tables)

    @property
    def quarantined(self) -> int:
        return sum(one.quarantined for one in self.tables)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for one in self.tables for problem in one.problems)


def guess(
    path: Path, *, name: str = "", table: str | None = None, zone: str = "UTC", saved_mappings: Path | None = None
) -> Proposal:
    """Guess the table of a file from its headings and values, and a mapping for it: one that we have already, where it fits.

    `name` is the file's own name where `path` is that of an upload; `table` says the table; `zone` is that of times without one.

    refuses    whatever cannot be read (see `reading.open_file`)
    """
    label = name or path.name
    with tempfile.TemporaryDirectory(prefix="springtide-guess-") as folder:
        engine = DuckEngine(memory_limit="1GB", threads=1, temp=Path(folder) / "spill")
        try:
            raw = sources.open_file(engine, path, Path(folder), label=label)
            seen = sources.sample(engine, raw, SAMPLE_ROWS)
            ranked = sorted(
                [contract(table)] if table else CONTRACTS,
                key=lambda one: _fit(one, seen.columns, Path(label)),
                reverse=True,
            )
        finally:
            engine.close()
    if known := _known_mapping(label, seen.columns, table, saved_mappings):
        return _known_proposal(label, known, raw, seen)
    layout, columns = _layout(ranked[0], seen, zone)
    given = {ours for listed in layout.columns.values() for ours in listed} | set(layout.expressions) | set(layout.constants)
    chosen = ranked[0]
    missing = tuple(one for one in chosen.required if one not in given and not (one == "event_id" and layout.number_rows))
    mapping = Mapping(_mapping_name(label), (layout,))
    first = Rows(seen.columns, seen.values[:FIRST_ROWS])
    others = tuple(one.name for one in ranked[1:4] if _fit(one, seen.columns, Path(label)) > 0)
    return Proposal(label, chosen.name, mapping, columns, missing, others, _needs_zone(layout, raw, seen), first)


def preview(
    path: Path,
    mapping: Mapping | None = None,
    *,
    lake: Lake | None = None,
    table: str | None = None,
    name: str = "",
    zone: ZoneInfo,
    now: datetime,
    rows: int = 100_000,
) -> Preview:
    """What an import of the file would take and refuse, from its first `rows` rows; nothing is written.

    Users are looked up in `lake`; without one, or where the mapping derives them, every user counts as known.

    refuses    whatever an import of the file would refuse as a whole
    """
    [work, *_] = plan(path, mapping=mapping, table=table)
    label = name or work.label
    if not work.layouts:
        raise BadInput(f"Nothing says which table {label} is.", "Choose a table or a mapping.", code="unnamed_table")
    with tempfile.TemporaryDirectory(prefix="springtide-preview-") as folder:
        engine = DuckEngine(memory_limit="1GB", threads=1, temp=Path(folder) / "spill")
        try:
            form = work.layouts[0]
            raw = sources.open_file(
                engine, path, Path(folder), label=label, encoding=form.encoding, delimiter=form.delimiter, sheet=form.sheet
            )
            raw = sources.limited(raw, rows)
            publication = Publication(lake or Lake(Path(folder)), lake.snapshot().manifest if lake else Manifest())
            batch = Batch(engine, publication, Path(folder), zone, now)
            tables = []
            for layout, where in conditions(work.layouts, raw, work.mapping):
                reading = read(engine, raw, layout, mapping=work.mapping, zone=zone, now=now, where=where)
                tables.append(_preview(batch, reading, knows_users=lake is not None))
                raw = replace(raw, rejects=None)  # lines that are no rows were told with the first table
            return Preview(tuple(tables))
        finally:
            engine.close()


def _preview(batch: Batch, reading: Reading, *, knows_users: bool) -> TablePreview:
    engine = batch.engine
    if reading.contract.user:
        if knows_users and not reading.layout.derive_users:
            load_accounts(batch, [reading])
        else:
            everybody = f"select distinct user_id from ({reading.user_ids()}) where user_id is not null"
            engine.make(
                "accounts",
                "select user_id, 0 as account_no, 0 as user_no, timestamp '1970-01-01' as registered_at, "
                f"date '1970-01-01' as registered_on, true as is_derived from ({everybody})",
            )
    engine.make("seen_rows", reading.checked)
    names = " ".join(f"when {fault.code} then {literal(fault.column or '')}" for fault in reading.faults)
    rules = " ".join(f"when {fault.code} then {literal(fault.rule)}" for fault in reading.faults)
    engine.make(
        "refused",
        "select cast(0 as smallint) as part, line, "
        f"nullif(case fault {names} end, '') as column_name, case fault {rules} end as rule "
        "from seen_rows where fault is not null",
    )
    rows, good = engine.rows("select count(*), count(case when fault is null then 1 end) from seen_rows").values[0]
    shown = [field for field in reading.contract.fields if field.name in reading.given]
    picked = ", ".join(
        f"{'v_' + one.name if one.kind == 'user' else _shown(one.name, one.kind)} as {one.name}" for one in shown
    )
    first = engine.rows(f"select {picked} from seen_rows where fault is null order by line limit {FIRST_ROWS}")
    rejected = int(engine.rows(f"select count(*) from {reading.raw.rejects}").scalar()) if reading.raw.rejects else 0
    problems = problems_of(batch, reading, "refused", 0)
    if rejected:
        line, text = engine.rows(f"select line, left(text, 120) from {reading.raw.rejects} order by line limit 1").values[0]
        problems += (Problem(reading.contract.name, reading.raw.label, None, "layout", rejected, line, text),)
    return TablePreview(reading.contract.name, rows + rejected, good, first, problems)


def _shown(name: str, kind: str) -> str:
    """Money is shown in USDT."""
    return f"cast(cast(v_{name} as decimal(38,6)) / 1000000 as decimal(38,6))" if kind == "money" else f"v_{name}"


# Headings


@cache
def _words() -> dict[str, Any]:
    """Synonyms as in `headings.yml`, made comparable."""
    text = resources.files("springtide.analytics.facts").joinpath("headings.yml").read_text(encoding="utf-8")
    told = yaml.load(text, Loader=yaml.BaseLoader)
    return {
        "columns": {ours: [_plain(word) for word in words] for ours, words in told["columns"].items()},
        "values": {
            ours: {_plain(word): meant for meant, words in meanings.items() for word in words}
            for ours, meanings in told["values"].items()
        },
    }


def _plain(word: str) -> str:
    """A heading without case, blanks, punctuation and units in brackets."""
    return re.sub(r"[\s_\-./:()（）]+", "", re.sub(r"[(（][^)）]*[)）]$", "", word.strip().casefold()))


def _likeness(heading: str, ours: str) -> float:
    """How sure it is that a heading means our column."""
    plain = _plain(heading)
    if plain == _plain(ours):
        return 1.0
    synonyms: list[str] = _words()["columns"].get(ours, [])
    if plain in synonyms:
        return 0.9 - 0.2 * synonyms.index(plain) / len(synonyms)
    for unit in ("usdt", "usd", "utc", "ms"):
        if plain.removesuffix(unit) in (_plain(ours).removesuffix(unit), *synonyms):
            return 0.6
    return 0.0


def _matches(one: Contract, headings: Sequence[str]) -> dict[str, tuple[str, float]]:
    """Heading → our column and how sure; the surest pairs first, every column once."""
    pairs = sorted(
        ((_likeness(heading, ours), -place, heading, ours) for place, ours in enumerate(one.names) for heading in headings),
        reverse=True,
    )
    found: dict[str, tuple[str, float]] = {}
    taken: set[str] = set()
    for sureness, _, heading, ours in pairs:
        if sureness > 0 and heading not in found and ours not in taken:
            found[heading] = (ours, sureness)
            taken.add(ours)
    return found


def _fit(one: Contract, headings: Sequence[str], path: Path) -> float:
    """How well the headings, and the file's name, fit a table."""
    found = _matches(one, headings)
    ours = dict(found.values())
    required = set(one.required)
    score = sum(sureness * (2.0 if name in required else 1.0) for name, sureness in ours.items())
    score -= 1.2 * len(required - ours.keys() - {"event_id", "contract_type"}) + 0.3 * (len(headings) - len(found))
    return score + (3.0 if one.name in path.name.lower() or one.name.replace("_", " ") in path.name.lower() else 0.0)


# Layouts


def _known_mapping(label: str, headings: Sequence[str], table: str | None, saved: Path | None) -> Mapping | None:
    """A mapping, saved or shipped, that speaks of exactly these headings."""
    there = set(headings)
    for mapping in mappings(saved).values():
        layouts = mapping.for_file(Path(label).name)
        if layouts and table in (None, layouts[0].table) and all(_named(one) == there for one in layouts):
            return Mapping(mapping.name, layouts, mapping.about)
    return None


def _named(layout: Layout) -> set[str]:
    """The source columns that a layout speaks of."""
    texts = [*layout.expressions.values(), *((layout.where,) if layout.where else ())]
    used = {column.name for text in texts for column in parse_expression(text, "").find_all(exp.Column)}
    return used | set(layout.columns) | set(layout.ignore)


def _known_proposal(label: str, mapping: Mapping, raw: Raw, seen: Rows) -> Proposal:
    layout = mapping.layouts[0]
    columns = tuple(
        GuessedColumn(name, (layout.columns.get(name) or (None,))[0], 1.0, _examples(seen, place))
        for place, name in enumerate(seen.columns)
    )
    first = Rows(seen.columns, seen.values[:FIRST_ROWS])
    return Proposal(label, layout.table, mapping, columns, (), (), _needs_zone(layout, raw, seen), first)


def _examples(seen: Rows, place: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(row[place]) for row in seen.values if row[place] is not None))[:3]


def _layout(one: Contract, seen: Rows, zone: str) -> tuple[Layout, tuple[GuessedColumn, ...]]:
    found = _matches(one, seen.columns)
    examples = {
        name: [str(row[place]).strip() for row in seen.values if row[place] is not None and str(row[place]).strip()]
        for place, name in enumerate(seen.columns)
    }
    columns = {heading: (found[heading][0],) for heading in seen.columns if heading in found}
    given = {ours for ours, _ in found.values()}
    by_ours = {ours: heading for heading, (ours, _) in found.items()}
    values = {
        ours: pairs
        for heading, (ours, _) in found.items()
        if one.field(ours).choices and (pairs := _meanings(ours, one.field(ours).choices, examples[heading]))
    }
    forms = [_time_form(examples[heading]) for heading, (ours, _) in found.items() if one.field(ours).kind in ("time", "day")]
    layout = Layout(
        one.name,
        columns=columns,
        expressions=_expressions(one, given, by_ours, examples),
        constants={"contract_type": "perpetual"} if one.name == "contract_trades" and "contract_type" not in given else {},
        values=values,
        ignore=tuple(name for name in seen.columns if name not in found),
        zone=zone,
        time_formats=tuple(dict.fromkeys(form for form in forms if form)),
        number_rows=one.is_event and "event_id" not in given,
    )
    listed = tuple(
        GuessedColumn(
            name,
            found[name][0] if name in found else None,
            found[name][1] if name in found else 0.0,
            tuple(dict.fromkeys(examples[name]))[:3],
        )
        for name in seen.columns
    )
    return layout, listed


def _meanings(ours: str, choices: Sequence[str], examples: Iterable[str]) -> dict[str, str | None]:
    """What the words in a column mean, where they are not ours already."""
    synonyms = _words()["values"].get(ours, {})
    meanings: dict[str, str | None] = {}
    for word in Counter(examples):
        meant = synonyms.get(_plain(word))
        if word.casefold() not in choices and meant in choices:
            meanings[word] = meant
    return meanings


def _expressions(one: Contract, given: set[str], by_ours: dict[str, str], examples: dict[str, list[str]]) -> dict[str, str]:
    """What can be worked out: base and quote from the market's name, the notional from price and quantity."""
    made: dict[str, str] = {}
    if "market" in given and {"base", "quote"} <= set(one.names) - given:
        market = by_ours["market"]
        place = sources.quoted(market)
        for mark in ("-", "/", "_"):
            if examples[market] and all(mark in word for word in examples[market]):
                made = {"base": f"split_part({place}, '{mark}', 1)", "quote": f"split_part({place}, '{mark}', 2)"}
                break
        else:
            pattern = f"^(.+?)({'|'.join(QUOTES)})"
            made = {"base": f"regexp_extract({place}, '{pattern}', 1)", "quote": f"regexp_extract({place}, '{pattern}', 2)"}
    if "notional_usdt" in set(one.names) - given and {"price", "quantity"} <= given:
        made["notional_usdt"] = f"{sources.quoted(by_ours['price'])} * {sources.quoted(by_ours['quantity'])}"
    return made


_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?)?\s*(Z|UTC|[+-]\d\d(:?\d\d)?)?")


def _time_form(examples: Sequence[str]) -> str:
    """The time format that fits all examples; empty for ISO texts and where none fits."""
    if not examples or all(_ISO.fullmatch(word) for word in examples):
        return ""
    for digits, form in ((10, "epoch_s"), (13, "epoch_ms"), (16, "epoch_us")):
        if all(word.isdigit() and len(word) == digits for word in examples):
            return form
    for form in TIME_FORMATS:
        if all(_reads(word, form) for word in examples):
            return form
    return ""


def _reads(word: str, form: str) -> bool:
    try:
        datetime.strptime(word, form)
    except ValueError:
        return False
    return True


def _needs_zone(layout: Layout, raw: Raw, seen: Rows) -> bool:
    """Does a time in the file name no zone?"""
    types = {heading.name: heading.type for heading in raw.headings}
    places = {name: place for place, name in enumerate(seen.columns)}
    for theirs, listed in layout.columns.items():
        if not any(layout.contract.field(ours).kind == "time" for ours in listed) or "TIME ZONE" in types[theirs]:
            continue
        words = [str(row[places[theirs]]) for row in seen.values if row[places[theirs]] is not None]
        epochs = any(form in EPOCHS for form in layout.time_formats) and all(word.isdigit() for word in words)
        if words and not epochs and not all(re.search(HAS_OFFSET, word) for word in words):
            return True
    return False


def _mapping_name(label: str) -> str:
    """A name for the mapping, after the file without its date and ending."""
    stem = Path(label).name[: -len(sources.suffix_of(Path(label)))] or "mapping"
    return re.sub(r"[^\w]+", "_", re.sub(r"[\d\-_. ]+$", "", stem)).strip("_").lower() or "mapping"
