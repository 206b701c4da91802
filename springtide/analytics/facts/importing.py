"""Import: files, folders and databases into the lake.

One file is one publication (small files of one table share one): it is there as a whole or not at all, and the same file twice
changes nothing. Bad rows go to quarantine, good ones go in; a file that cannot be read is told and keeps no other file out.
"""

from __future__ import annotations

import fcntl
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from springtide.analytics.engine import DuckEngine
from springtide.analytics.engine.duck import literal
from springtide.analytics.facts import reading as sources
from springtide.analytics.facts.batch import Batch, Counts, Filed, Problem, Progress
from springtide.analytics.facts.checking import Reading, read
from springtide.analytics.facts.contracts import CONTRACTS, QUARANTINE, USERS, contract
from springtide.analytics.facts.filing import file_rows
from springtide.analytics.facts.mapping import (
    Layout,
    Mapping,
    bind_expression,
    fitting_names,
    mapping_named,
    own_layout,
    parse_expression,
)
from springtide.analytics.facts.reading import SUFFIXES, Raw, damage_told, suffix_of
from springtide.analytics.facts.users import derive_users, file_users, load_accounts
from springtide.analytics.lake import Lake, Publication
from springtide.kernel.errors import BadInput, NothingYet, SpringtideError, suggest

MEMORY = "1500MB"
FILES_AT_ONCE = 64
ROWS_AT_ONCE = 4_000_000
POSTGRES = ("postgresql://", "postgres://")
_ORDER = {one.name: number for number, one in enumerate(CONTRACTS)}


@dataclass(frozen=True)
class Failure:
    """A file that could not be read at all, and why."""

    file: str
    code: str
    message: str
    hint: str

    @property
    def says(self) -> str:
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True)
class Imported:
    """What an import did: counts by table, the files that failed, the rules that rows broke, and how fast it was."""

    tables: dict[str, Counts] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        return sum(counts.read for counts in self.tables.values())

    def as_dict(self) -> dict[str, Any]:
        return {"tables": {name: counts.as_dict() for name, counts in self.tables.items()}}


@dataclass(frozen=True)
class Work:
    """A source to import: a file, or a query of a database, and the layouts that take its rows (the first that fits takes a row)."""

    label: str
    layouts: tuple[Layout, ...]
    mapping: str = ""
    path: Path | None = None
    dsn: str = ""
    query: str = ""
    sheet: str = ""
    names: tuple[str, ...] | None = None  # of raw rows that we wrote ourselves
    fitting: tuple[str, ...] = ()  # mappings that speak of files of this name, where nothing was said

    @property
    def can_share(self) -> bool:
        """May its publication hold other files as well?"""
        return len(self.layouts) == 1 and self.layouts[0].contract.is_event and not self.layouts[0].derive_users


def import_path(
    lake: Lake,
    source: Path | str,
    *,
    mapping: Mapping | str | None = None,
    table: str | None = None,
    zone: ZoneInfo,
    now: datetime,
    saved_mappings: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    memory: str = MEMORY,
    threads: int = 0,
) -> Imported:
    """Import a file, a folder, or a PostgreSQL address (`postgresql://host/db#schema.table`, or `#table=select …`).

    `mapping` is a mapping or its name; `table` says which table a file is where neither its name nor a mapping does. Of a folder the
    users come first, then what does not change by day, then the facts. One file that cannot be read raises; of several the others go
    in, and the failed ones are in the answer.

    writes     the tables of the contracts, `<table>_keys`, `<table>_replaced`, `quarantine`; notes of what each source knows
    refuses    no_such_file, unknown_format, unnamed_table, and whatever `reading`, `mapping` and `checking` refuse
    """
    works = plan(source, mapping=mapping, table=table, saved_mappings=saved_mappings)
    return import_works(lake, works, zone=zone, now=now, progress=progress, memory=memory, threads=threads)


def retry_quarantine(
    lake: Lake,
    *,
    table: str | None = None,
    zone: ZoneInfo,
    now: datetime,
    saved_mappings: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    memory: str = MEMORY,
    threads: int = 0,
) -> Imported:
    """Offer quarantined rows again, as they came: users may be known by now, and definitions mended. What goes in leaves quarantine.

    Lines that did not split into fields cannot be offered again: mend the file.

    refuses    nothing_quarantined    there is nothing to offer
    """
    if table is not None:
        contract(table)
    with _working_folder(lake) as folder:
        engine = DuckEngine(memory_limit=memory, threads=threads, temp=folder)
        try:
            works = list(_quarantined(lake, engine, folder, table, saved_mappings))
        finally:
            engine.close()
        if not works:
            raise NothingYet("There is nothing in quarantine to offer again.", code="nothing_quarantined")
        return import_works(lake, works, zone=zone, now=now, progress=progress, memory=memory, threads=threads)


# What is to be imported


def plan(
    source: Path | str, *, mapping: Mapping | str | None = None, table: str | None = None, saved_mappings: Path | None = None
) -> list[Work]:
    """The sources under a path or an address, in the order in which they are imported."""
    if isinstance(mapping, str):
        mapping = mapping_named(mapping, saved_mappings)
    if str(source).startswith(POSTGRES):
        return _plan_database(str(source), mapping, table)
    path = Path(source)
    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.", "Check the path.", code="no_such_file")
    if path.is_file():
        if not suffix_of(path):
            raise BadInput(
                f"{path.name} is not a file that can be imported.",
                f"Allowed are: {', '.join(SUFFIXES)}.",
                code="unknown_format",
            )
        return _plan_file(path, path.name, mapping, table, saved_mappings)
    files = sorted(one for one in path.rglob("*") if one.is_file() and suffix_of(one) and not one.name.startswith((".", "~$")))
    works = [
        work
        for one in files
        for work in _plan_file(one, str(one.relative_to(path)), mapping, table, saved_mappings, in_folder=True)
    ]
    if not works:
        raise BadInput(
            f"{path} holds nothing that can be imported.",
            f"Put files there named after their table, such as spot_trades.csv; endings: {', '.join(SUFFIXES)}.",
            code="empty_folder",
        )
    return sorted(works, key=lambda work: (min((_ORDER[layout.table] for layout in work.layouts), default=-1), work.label))


def _plan_file(
    path: Path, label: str, mapping: Mapping | None, table: str | None, saved_mappings: Path | None, *, in_folder: bool = False
) -> list[Work]:
    if mapping is not None:
        layouts = tuple(layout for layout in mapping.for_file(path.name) if table in (None, layout.table))
        if layouts:
            return [Work(label, layouts, mapping.name, path, sheet=layouts[0].sheet)]
        if in_folder:
            return []  # a folder may hold more than the mapping speaks of
        patterns = sorted({layout.files for layout in mapping.layouts})
        raise BadInput(
            f"Mapping {mapping.name} takes no file named {path.name}.",
            f"It takes: {', '.join(patterns)}.",
            code="unnamed_table",
        )
    if table is not None:
        return [Work(label, (own_layout(contract(table).name),), path=path)]
    named = _table_of(path)
    if suffix_of(path) in sources.EXCEL_SUFFIXES:
        sheets = [sheet for sheet in _sheets(path, label) if sheet.strip().lower() in _ORDER]
        if sheets:
            many = len(sheets) > 1
            return [
                Work(f"{label}:{sheet}" if many else label, (own_layout(sheet.strip().lower()),), path=path, sheet=sheet)
                for sheet in sheets
            ]
    # In a folder a file that names no table fails on its own, when its turn comes.
    if not named:
        return [Work(label, (), path=path, fitting=fitting_names(path.name, saved_mappings))]
    return [Work(label, (own_layout(named),), path=path)]


def _sheets(path: Path, label: str) -> list[str]:
    """The sheets of a workbook; none of a damaged one, which fails when its turn comes."""
    try:
        return sources.sheet_names(path, label)
    except BadInput:
        return []


def _table_of(path: Path) -> str | None:
    """The table after which a file, or the nearest of its folders, is named: spot_trades.csv, spot_trades-2026-03.csv."""
    stem = path.name[: -len(suffix_of(path))].lower()
    for name in sorted(_ORDER, key=len, reverse=True):
        if stem == name or (stem.startswith(name) and stem[len(name)] in "-_. "):
            return name
    return next((parent.name.lower() for parent in path.parents if parent.name.lower() in _ORDER), None)


def _unnamed(work: Work) -> BadInput:
    stem = Path(work.label).name.split(".")[0]
    if work.fitting:
        hint = f"A mapping reads files of this name: import it with --mapping {' or --mapping '.join(work.fitting)}."
    else:
        hint = f"{suggest(stem, _ORDER)} Name the file after its table, or import it with a mapping."
    return BadInput(f"Nothing says which table {work.label} is.", hint, code="unnamed_table")


def _plan_database(address: str, mapping: Mapping | None, table: str | None) -> list[Work]:
    parts = urlsplit(address)
    dsn, wanted = address.split("#", 1)[0], unquote(parts.fragment).strip()
    database = parts.path.strip("/") or "postgres"
    if mapping is not None:
        if wanted:
            works = [Work(f"{database}/{_short(wanted)}", mapping.layouts, mapping.name, dsn=dsn, query=wanted)]
        else:
            by_query: dict[str, list[Layout]] = {}
            for layout in mapping.layouts:
                if layout.query:
                    by_query.setdefault(layout.query, []).append(layout)
            works = [
                Work(f"{database}/{_short(query)}", tuple(layouts), mapping.name, dsn=dsn, query=query)
                for query, layouts in by_query.items()
            ]
        if works:
            return works
    elif wanted:
        head, equals, query = wanted.partition("=")
        if equals and head.strip() in _ORDER:
            return [Work(f"{database}/{head.strip()}", (own_layout(head.strip()),), dsn=dsn, query=query.strip())]
        named = table or wanted.rsplit(".", 1)[-1]
        return [Work(f"{database}/{wanted}", (own_layout(contract(named).name),), dsn=dsn, query=wanted)]
    raise BadInput(
        "The address says no table or query.",
        "Add it after #, such as postgresql://host/db#spot_trades or #spot_trades=select …, or give a mapping with a query.",
        code="unnamed_table",
    )


def _short(query: str) -> str:
    words = " ".join(query.split())
    return words if len(words) <= 60 else f"{words[:57]}..."


def _quarantined(
    lake: Lake, engine: DuckEngine, folder: Path, table: str | None, saved_mappings: Path | None
) -> Iterator[Work]:
    """The rows in quarantine as sources of their own, one for every file and set of headings."""
    files = lake.snapshot().files(QUARANTINE)
    if not files:
        return
    listed = ", ".join(literal(path) for path in files)
    engine.make("offered", f"select * from read_parquet([{listed}]) where rule <> 'layout'")
    only = f"where table_name = {literal(table)}" if table else ""
    groups = engine.rows(
        "select table_name, file, mapping, cast(json_keys(row) as varchar) as headings, any_value(json_keys(row)) as names "
        f"from offered {only} group by table_name, file, mapping, headings"
    ).values
    for name, file, mapped, headings, names in sorted(groups, key=lambda group: (_ORDER.get(group[0], -1), group[1])):
        known = mapping_named(mapped, saved_mappings).layouts if mapped else (own_layout(name),)
        layouts = tuple(replace(one, where="") for one in known if one.table == name)
        path = folder / f"{secrets.token_hex(8)}.parquet"
        picked = ", ".join(f"row ->> {literal(_pointer(heading))} as c{number}" for number, heading in enumerate(names))
        engine.connection.execute(
            f"copy (select line as _line, {picked} from offered where table_name = {literal(name)} and file = {literal(file)} "
            f"and mapping = {literal(mapped)} and cast(json_keys(row) as varchar) = {literal(headings)} order by line) "
            f"to {literal(path)} (format parquet)"
        )
        yield Work(file, layouts[:1], mapped, path, names=tuple(names))


def _pointer(name: str) -> str:
    """A JSON pointer to a key, whatever letters it has."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


# Importing


def import_works(
    lake: Lake,
    works: Sequence[Work],
    *,
    zone: ZoneInfo,
    now: datetime,
    progress: Callable[[Progress], None] | None = None,
    memory: str = MEMORY,
    threads: int = 0,
) -> Imported:
    """Import sources in their order. Of one source alone an error is raised; of several it is told in the answer."""
    with _working_folder(lake) as folder:
        engine = DuckEngine(memory_limit=memory, threads=threads, temp=folder / "spill")
        run = _Run(lake, engine, folder, zone, now, progress)
        try:
            run.all(works)
        finally:
            engine.close()
    if len(works) == 1 and run.errors:
        raise run.errors[0][1]
    failures = tuple(Failure(label, error.code, error.message, error.hint) for label, error in run.errors)
    tables = {name: run.tables[name] for name in sorted(run.tables, key=lambda name: _ORDER[name])}
    return Imported(tables, failures, tuple(run.problems), time.monotonic() - run.began)


@dataclass(frozen=True)
class _Opened:
    """A source that waits for its publication, and the folder of what reading it needed."""

    work: Work
    raw: Raw
    folder: Path


class _Run:
    """One call of import: its engine, and what it has done so far."""

    def __init__(
        self,
        lake: Lake,
        engine: DuckEngine,
        folder: Path,
        zone: ZoneInfo,
        now: datetime,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.lake, self.engine, self.folder, self.zone, self.now = lake, engine, folder, zone, now
        self.progress = progress
        self.began = time.monotonic()
        self.rows = 0
        self.tables: dict[str, Counts] = {}
        self.problems: list[Problem] = []
        self.errors: list[tuple[str, SpringtideError]] = []
        self.accounts_of: list[Any] = [None]
        self.stands = ("reading", 0.0, 1.0)
        if progress:
            engine.connection.execute("set enable_progress_bar = true; set enable_progress_bar_print = false")

    def all(self, works: Sequence[Work]) -> None:
        waiting: list[_Opened] = []
        for work in works:
            folder = self._new_folder()
            try:
                opened = _Opened(work, self._open(work, folder), folder)
            except SpringtideError as error:
                shutil.rmtree(folder)
                self.errors.append((work.label, error))
                continue
            if waiting and not self._fits(waiting, opened):
                self._publish(waiting)
                waiting = []
            waiting.append(opened)
        if waiting:
            self._publish(waiting)

    def _new_folder(self) -> Path:
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        return folder

    def _fits(self, waiting: Sequence[_Opened], another: _Opened) -> bool:
        """May this file share the publication of those that wait?"""
        first = waiting[0].work
        return (
            another.work.can_share
            and first.can_share
            and first.layouts[0].table == another.work.layouts[0].table
            and len(waiting) < FILES_AT_ONCE
            and another.raw.rows + sum(one.raw.rows for one in waiting) <= ROWS_AT_ONCE
        )

    def _open(self, work: Work, folder: Path) -> Raw:
        if not work.layouts:
            raise _unnamed(work)
        layout = work.layouts[0]
        self._stand("reading", 0.0, 1.0)
        with self._watched(work, _lines(work)):
            if work.dsn:
                return sources.open_query(self.engine, work.dsn, work.query, folder, label=work.label)
            assert work.path is not None
            if work.names is not None:
                return sources.open_rows(self.engine, work.path, label=work.label, names=work.names)
            return sources.open_file(
                self.engine,
                work.path,
                folder,
                label=work.label,
                encoding=layout.encoding,
                delimiter=layout.delimiter,
                sheet=work.sheet or layout.sheet,
            )

    def _publish(self, waiting: Sequence[_Opened]) -> None:
        """Import what waits in one publication; when that fails, each file in its own, so that only the bad one stays out."""
        try:
            self._import(waiting)
        except SpringtideError as error:
            self.accounts_of[0] = None
            if len(waiting) == 1:
                self.errors.append((waiting[0].work.label, error))
                self._forget(waiting)
                return
            for one in waiting:
                self._publish([one])
            return
        self._forget(waiting)

    def _import(self, waiting: Sequence[_Opened]) -> None:
        filed: list[Filed] = []
        label = waiting[0].work.label
        folder = self._new_folder()
        with self.lake.writing() as publication, damage_told(label):
            batch = Batch(
                self.engine, publication, folder, self.zone, self.now, stands=self._stand, accounts_of=self.accounts_of
            )
            for readings in self._readings(waiting):
                rows = sum(reading.raw.rows for reading in readings)
                self._stand("checking", 0.0, 0.0)
                with self._watched(waiting[0].work, rows):
                    filed += _file(batch, readings)
                _note(self.engine, publication, readings)
            publication.commit(now=self.now)
        shutil.rmtree(folder)
        for one in filed:
            self.tables[one.table] = self.tables.get(one.table, Counts()) + one.counts
            self.problems += one.problems
            self.rows += one.counts.read
        self._tell(label, filed[-1].table, sum(one.counts.read for one in filed), 0)

    def _readings(self, waiting: Sequence[_Opened]) -> list[list[Reading]]:
        """The readings of a publication, those of one table together."""
        if len(waiting[0].work.layouts) == 1:
            return [[self._reading(one.work, one.raw, one.work.layouts[0], "") for one in waiting]]
        [opened] = waiting
        work, raw = opened.work, opened.raw
        together = []
        for layout, where in conditions(work.layouts, raw, work.mapping):
            together.append([self._reading(work, raw, layout, where)])
            raw = replace(raw, rejects=None)  # lines that are no rows were told with the first table
        return together

    def _reading(self, work: Work, raw: Raw, layout: Layout, where: str) -> Reading:
        return read(self.engine, raw, layout, mapping=work.mapping, zone=self.zone, now=self.now, where=where)

    def _forget(self, waiting: Sequence[_Opened]) -> None:
        """Delete what reading needed, so that a long folder takes little room."""
        for one in waiting:
            shutil.rmtree(one.folder)
            if one.raw.rejects:
                self.engine.connection.execute(f"drop table if exists {one.raw.rejects}")

    # Progress

    def _stand(self, step: str, since: float, until: float) -> None:
        self.stands = (step, since, until)

    def _tell(self, file: str, table: str, rows: int, ahead: int) -> None:
        if self.progress:
            self.progress(Progress(file, table, self.stands[0], rows, self.rows + ahead, time.monotonic() - self.began))

    @contextmanager
    def _watched(self, work: Work, rows: int) -> Iterator[None]:
        """Tell how far a long statement is, several times a second, from a thread of its own."""
        if not self.progress:
            yield
            return
        table = work.layouts[0].table if work.layouts else ""
        over = threading.Event()

        def watch() -> None:
            most = 0.0
            while not over.wait(0.25):
                step, since, until = self.stands
                share = max(0.0, self.engine.connection.query_progress()) / 100
                most = max(most, since + (until - since) * share)
                self._tell(work.label, table, int(rows * most), 0 if step == "reading" else int(rows * most))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


def _file(batch: Batch, readings: list[Reading]) -> list[Filed]:
    """Check and file the readings of one table."""
    if readings[0].contract is USERS:
        return [file_users(batch, reading) for reading in readings]
    if readings[0].contract.user:
        load_accounts(batch, readings)
        if any(reading.layout.derive_users for reading in readings):
            derive_users(batch, [reading for reading in readings if reading.layout.derive_users])
            load_accounts(batch, readings)
    return file_rows(batch, readings)


def _lines(work: Work) -> int:
    """About how many lines a text file has, by the length of its first ones; 0 where nothing tells."""
    if work.path is None or suffix_of(work.path) not in sources.TEXT_SUFFIXES or work.path.name.endswith(".gz"):
        return 0
    with work.path.open("rb") as file:
        head = file.read(sources.SAMPLE)
    return work.path.stat().st_size * head.count(b"\n") // len(head) if head else 0


def conditions(layouts: Sequence[Layout], raw: Raw, mapping: str) -> Iterator[tuple[Layout, str]]:
    """The layouts of one source, each with the condition (SQL, may be empty) that no layout before it takes the row."""
    taken: list[str] = []
    idents = {heading.name: heading.ident for heading in raw.headings}
    for layout in layouts:
        yield layout, " and ".join(taken)
        tree = parse_expression(layout.where or "true", mapping)
        taken.append(f"not coalesce({bind_expression(tree, idents, mapping, raw.label)}, false)")


def _note(engine: DuckEngine, publication: Publication, readings: Sequence[Reading]) -> None:
    """Remember what each source knows: the columns it gives, the tables it states (be they empty), the grain of its aggregates.

    notes    given    lake table → source → columns that some import of it gave
             unknown  lake table → columns that some source never gave: what depends on them is not available
             stated   lake tables that were given, empty or not
             grains   day, week: the grains of given aggregates
    """
    notes = publication.manifest.notes
    given = {table: {source: set(columns) for source, columns in by.items()} for table, by in notes.get("given", {}).items()}
    stated, grains = set(notes.get("stated", ())), set(notes.get("grains", ()))
    for reading in readings:
        named = [(reading.contract, reading.layout.source or "exchange", reading.given)]
        if reading.layout.derive_users:
            named.append((USERS, reading.layout.source or "exchange", frozenset(("user_id", "registered_at"))))
        for one, source, columns in named:
            stated.add(one.stored_name)
            given.setdefault(one.stored_name, {}).setdefault(source, set()).update(columns)
        if reading.contract.name == "user_days":
            if told := reading.layout.constants.get("grain"):
                grains.add(told)
            else:
                rows = engine.rows(f"select distinct v_grain from ({reading.checked}) where fault is null").values
                grains |= {grain for (grain,) in rows}
    unknown = {}
    for one in CONTRACTS:
        lacking = {name for columns in given.get(one.stored_name, {}).values() for name in one.names if name not in columns}
        if lacking:
            unknown[one.stored_name] = sorted(lacking)
    for key, value in (
        ("given", {table: {source: sorted(columns) for source, columns in by.items()} for table, by in given.items()}),
        ("unknown", unknown),
        ("stated", sorted(stated)),
        ("grains", sorted(grains)),
    ):
        if notes.get(key) != value:
            publication.note(key, value)


# The working folder

_LOCK = "owner.lock"


@contextmanager
def _working_folder(lake: Lake) -> Iterator[Path]:
    """A folder of our own beside the tables; those of imports that died are cleared away."""
    parent = lake.root / "importing"
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / secrets.token_hex(8)
    with (parent / _LOCK).open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for left in [path for path in parent.iterdir() if path.is_dir()]:
            with (left / _LOCK).open("a") as owner:
                try:
                    fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its import is under way
                shutil.rmtree(left, ignore_errors=True)
        folder.mkdir()
        owner = (folder / _LOCK).open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
    with owner:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
