"""`./run docs`: writes every reference page that is made from the code.

Pages that belong to one room are written by that room (`tables_page`, `reference_page`, `dialect_page`, the metrics' registry); the
others are written here. A page says nothing of the machine or the day on which it was made: made twice, it is the same.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import chdir
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from springtide.analytics.daybook import tables
from springtide.analytics.engine import Schema
from springtide.analytics.engine.dialect import dialect_page
from springtide.analytics.facts import mapping
from springtide.analytics.facts.reference import tables_page
from springtide.analytics.foresight.reference import reference_page as gates_page
from springtide.analytics.foresight.tables import CHANNEL_VALUES, CLUSTERS, REFERRAL_CYCLES, RISK_DAYS, RISK_EVIDENCE
from springtide.analytics.lake import manifest
from springtide.analytics.metrics import registry
from springtide.analytics.metrics.questions.reference import questions_page
from springtide.analytics.metrics.signals.evaluating import SIGNALS
from springtide.analytics.metrics.signals.watched import METRIC_DAYS
from springtide.analytics.segments import SEGMENTS
from springtide.analytics.strata import STRATA, load, reference_page
from springtide.analytics.strata.definitions import EDGES
from springtide.cli.main import springtide
from springtide.home.sql.reference import sql_page
from springtide.kernel import errors
from springtide.kernel.settings import FILE_NAME, HomeSettings

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
EXPORTS = ROOT / "docs" / "tutorial" / "exports"
MADE = "<!-- Made by ./run docs from {}; do not edit. -->"


def pages() -> dict[str, Callable[[], str]]:
    """Every made page: its path below docs/reference, and what writes its text."""
    return {
        "commands.md": commands_page,
        "json.md": json_page,
        "tables.md": tables_page,
        "mappings.md": mappings_page,
        "derived.md": derived_page,
        "profiles.md": profiles_page,
        "strata.md": lambda: reference_page(load()),
        "gates.md": gates_page,
        "dialect.md": dialect_page,
        "lake.md": lake_page,
        "settings.md": settings_page,
        "errors.md": errors_page,
        "api.md": api_page,
        "rights.md": rights_page,
        "sql-tables.md": sql_page,
        "questions.md": questions_page,
        "metrics/index.md": registry.index_page,
        **{f"metrics/{metric.key}.md": lambda metric=metric: registry.page(metric) for metric in registry.METRICS},  # type: ignore[misc]
    }


def stale(names: Iterable[str] | None = None) -> Iterator[tuple[Path, str]]:
    """The pages that are not what the code says, each with the text it should have."""
    made = pages()
    for name in names or made:
        path, text = FOLDER / name, made[name]()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield path, text


# Markdown


def table(head: tuple[str, ...], rows: Iterable[Iterable[object]]) -> list[str]:
    """A Markdown table; a bar inside a cell stays a bar."""
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]


def fenced(text: str, language: str = "") -> list[str]:
    return [f"```{language}", text.strip("\n"), "```"]


def page(title: str, source: str, *parts: str | list[str]) -> str:
    """A page of paragraphs, each a text, which is folded, or its lines."""
    folds = textwrap.TextWrapper(132, break_long_words=False, break_on_hyphens=False)
    told = (
        "\n".join(part) if isinstance(part, list) else part if part.startswith("#") else folds.fill(" ".join(part.split()))
        for part in parts
    )
    blocks = [f"# {title}", MADE.format(source), *told]
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def aligned(text: str) -> dict[str, str]:
    """What a docstring lists as `name   about`, the about running on below itself; of `a, b   about` each has it."""
    found: dict[str, str] = {}
    column = 0
    open_names: list[str] = []
    for line in text.splitlines():
        entry = re.match(r" *((?:\w+, )*\w+) {3,}(\S.*)$", line)
        if entry and not (column and entry.start(1) >= column):
            column, open_names = entry.start(2), entry[1].split(", ")
            found |= dict.fromkeys(open_names, entry[2].strip())
        elif column and line.strip() and len(line) - len(line.lstrip()) >= column:
            found |= {name: f"{found[name]} {line.strip()}" for name in open_names}
        else:
            column = 0
    return found


# Commands


def commands_page() -> str:
    """Every command with its arguments and options, as `springtide --help` knows them."""
    parts: list[str | list[str]] = [
        "`springtide [--home DIR] COMMAND …`. " + " ".join((springtide.help or "").split("\n\n", 1)[1].split()),
        "What a command prints with `--json`, by example: [JSON](json.md). What an error says: [errors](errors.md).",
    ]
    for name, command in _commands(springtide):
        parts += [f"## {name}", " ".join((command.help or "").split()), fenced(_usage(name, command)), *_options(command)]
    return page("Commands", "springtide/cli", *parts)


def _commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its words; those of a group follow it."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield f"{prefix}{name}", command
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _usage(name: str, command: click.Command) -> str:
    words = [f"springtide {name}"]
    for param in command.params:
        if isinstance(param, click.Argument):
            word = param.human_readable_name
            words.append(word if param.required else f"[{word}]")
        elif param.required:
            words.append(f"{param.opts[0]} {param.make_metavar(click.Context(command))}")
    return " ".join([*words, "[options]"])


def _options(command: click.Command) -> Iterator[list[str]]:
    context = click.Context(command)
    rows = []
    for param in command.params:
        if not isinstance(param, click.Option) or param.name in ("own_home", "help"):
            continue
        value = "" if param.is_flag else f" {param.make_metavar(context)}"
        default = param.to_info_dict()["default"]
        is_told = param.show_default and not param.is_flag and default is not None
        rows.append((f"`{param.opts[0]}{value}`", f"{param.help or ''}{f' Default: `{default}`.' if is_told else ''}".strip()))
    if rows:
        yield table(("option", ""), rows)


# What the desk and the API say of themselves


def _desk() -> None:
    """Set Django up; what is asked of it here needs no home and no database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "springtide.desk.settings")
    import django

    django.setup()


def api_page() -> str:
    """Every operation of the REST API, as OpenAPI has it."""
    _desk()
    from springtide.api.reference import reference_page

    return reference_page()


def rights_page() -> str:
    """The matrix of rights, and the columns that need one."""
    _desk()
    from springtide.desk import words
    from springtide.operations.members import states

    rows = [
        (f"`{right}`", str(words.RIGHTS[right]), *(" or ".join(sorted(cells[role])) or "–" for role in states.ROLES))
        for right, cells in states.MATRIX.items()
    ]
    columns = [
        (column, str(words.RIGHTS[right]))
        for column in tables.PROFILE_TYPES
        if (right := states.field_right(column)) and right != states.SEE_MONEY
    ]
    return page(
        "Rights",
        "springtide/operations/members/rights.txt",
        """A cell says of which things somebody of the role has the right. `all`: of every thing. `others`: of every thing but one's own.
        `named`: only who was given the right by name. A department: only its collaborators. Any other word: only of things to which one
        has this tie. –: of nothing. How to give a right: [members and rights](../how-to/members-and-rights.md).""",
        table(("right", "to", *states.ROLES), rows),
        "## Columns of single users",
        """Whatever shows them: screens, exports, the API, reports. Who lacks the right gets the row without the column, and is told so;
        a rule, an order or a split by the column is refused. Every column that ends in `_usdt` needs `see_money`; so does the money of
        what happened with a user. Besides:""",
        table(("column", "needs the right to"), columns),
    )


# JSON

# In the order of a first day's work: each runs on what the ones before it made.
TRIAL = "arm,fees,paid\ncontrol,1,0\ncontrol,2,0\ncontrol,3,0\ntreated,3,0.5\ntreated,4,0.5\ntreated,6,0.5\n"
EXAMPLES: Mapping[str, str] = {
    "init": "init --exchange Acme",
    "import": "import exports",
    "close": "close",
    "strata": "strata --on 2026-03-31",
    "moves": "moves --stratification lifecycle --from 2026-03-25 --to 2026-03-31",
    "growth": "growth --unit users --period week --from 2026-03-16 --to 2026-03-29",
    "states": "states --from 2026-03-30 --to 2026-03-31",
    "activation": "activation",
    "concentration": "concentration",
    "metrics": "metrics",
    "metric": "metric first_trade_24h --by channel_id --period month --from 2026-03-01",
    "acquisition": "acquisition",
    "cohort-quality": "cohort-quality --from 2026-03-01",
    "asset-changes": "asset-changes --from 2026-03-16",
    "concentration-trend": "concentration-trend --from 2026-03-31",
    "market": "market --from 2026-03-31 --to 2026-03-31",
    "why": "why net_revenue --then 2026-03-15..2026-03-21 --now 2026-03-22..2026-03-28 --by activity",
    "signals": "signals",
    "ask": "ask question.json",
    "users": "users \"lifecycle = 'lapsing'\"",
    "user": "user u01",
    "strategy": "strategy",
    "diagnosis": "diagnosis",
    "measure": "measure trial.csv --metric fees --reward paid",
    "power": "power --metric traded --window 14",
    "self-test": "self-test --metric fees --window 14 --partings 50",
    "sql": "sql --tables market_days",
    "freshness": "freshness",
    "verify": "verify",
    "brief": "brief",
    "report": "report --format xlsx --out acme.xlsx",
    "simulate": "simulate --users 10 --days 2 --seed 7 --through 2026-03-31 --out made-up",
}
QUESTION = """\
{"kind": "stickiness", "activity": {"event": ["traded_spot", "traded_contracts"]}, "period": "day",
 "date_from": "2026-03-25", "date_to": "2026-03-31"}
"""
FAILS = "strata --on 2025-01-01"
# What no two machines or runs share.
MASKS: Mapping[str, Any] = {"seconds": 1.5}
HASH = re.compile(r"\b[0-9a-f]{16}(?=\")")
DEPTHS = {"brief": 2}  # how deep an answer is shown; else 4


def json_page() -> str:
    """What every command prints with --json, taken from a run over the tutorial's exchange."""
    lacking = [name for name, command in springtide.commands.items() if _speaks_json(command) and name not in EXAMPLES]
    if lacking:
        raise SystemExit(f"docs/generate.py has no example of: {', '.join(lacking)}. Add one to EXAMPLES.")
    parts: list[str | list[str]] = [
        """Each answer is one line; here it is folded, and lists are cut short at `…`. The exchange is that of the
        [tutorial](../tutorial/first-morning.md). Money is a decimal string in USDT, a ratio a number from 0 to 1, a day `2026-03-31`,
        and what is not known is `null`.""",
    ]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        (Path(folder) / "exports").symlink_to(EXPORTS)
        (Path(folder) / "question.json").write_text(QUESTION, encoding="utf-8")
        (Path(folder) / "trial.csv").write_text(TRIAL, encoding="utf-8")
        for name, words in EXAMPLES.items():
            parts += [
                f"## {name}",
                fenced(f"springtide --home acme {words} --json", "bash"),
                _answer(words, 0, DEPTHS.get(name, 4)),
            ]
        parts += [
            "## An error",
            """Its [code](errors.md) is for programs, and the exit code tells its kind: 2 what was given cannot be taken, 3 nothing to
            do yet, 1 a fault of ours.""",
            fenced(f"springtide --home acme {FAILS} --json", "bash"),
            _answer(FAILS, errors.NothingYet.exit_code),
        ]
    return page("JSON", "springtide/cli, run on docs/tutorial/exports", *parts)


def _speaks_json(command: click.Command) -> bool:
    return any("--json" in param.opts for param in command.params)


def _answer(words: str, exit_code: int, depth: int = 4) -> list[str]:
    ran = CliRunner().invoke(springtide, ["--home", "acme", *shlex.split(words), "--json"])
    if ran.exit_code != exit_code:
        raise SystemExit(f"springtide {words}: {ran.output}") from ran.exception
    return fenced(folded(shortened(json.loads(HASH.sub("0123456789abcdef", ran.stdout)), depth)), "json")


def shortened(answer: Any, depth: int, *, rows: int = 2, keys: int = 3) -> Any:
    """An answer with long lists, rows of like objects and what lies deep cut at `…`, and what differs from run to run replaced."""
    if not isinstance(answer, list | dict) or not answer:
        return answer
    if depth == 0:
        return ["…"] if isinstance(answer, list) else {"…": "…"}
    if isinstance(answer, list):
        return [shortened(one, depth - 1) for one in answer[:rows]] + ["…"] * (len(answer) > rows)
    is_cut = len(answer) > keys and all(isinstance(value, dict) for value in answer.values())
    kept = list(answer.items())[: keys if is_cut else None]
    return {name: MASKS.get(name, shortened(value, depth - 1)) for name, value in kept} | ({"…": "…"} if is_cut else {})


def folded(answer: Any, *, indent: int = 0, taken: int = 0, width: int = 110) -> str:
    """JSON on as few lines as the width allows; `taken` is what already stands on the line."""
    flat = json.dumps(answer, ensure_ascii=False).replace('"…": "…"', "…").replace('"…"', "…")
    if indent + taken + len(flat) <= width or not isinstance(answer, dict | list):
        return flat
    inner, lines = " " * (indent + 2), []
    for key, value in answer.items() if isinstance(answer, dict) else (("", value) for value in answer):
        name = f"{json.dumps(key)}: " if isinstance(answer, dict) else ""
        lines.append(inner + ("…" if key == "…" else name + folded(value, indent=indent + 2, taken=len(name))))
    opens, closes = "{}" if isinstance(answer, dict) else "[]"
    return "\n".join([opens, ",\n".join(lines), " " * indent + closes])


# Mappings


def mappings_page() -> str:
    """The mapping file, as the module that reads it tells it."""
    about = (mapping.__doc__ or "").split("\n\n")
    example = next(part for part in about if "executed_at" in part)
    return page(
        "Mappings",
        "springtide/analytics/facts/mapping.py",
        "A mapping says once how a foreign layout becomes one of [our tables](tables.md). It is a YAML file in `HOME/mappings/`, named by "
        "`springtide import … --mapping NAME`; the import screen writes one for you. Several layouts stand under `layouts:`, and what is "
        "written beside `layouts:` holds for each of them. How to use one: [import your files](../how-to/import.md).",
        fenced("\n".join(line.removeprefix("    ") for line in example.splitlines()), "yaml"),
        f"""{about[-1]} A time format is one of `strptime`, or {", ".join(f"`{name}`" for name in mapping.EPOCHS)}: seconds, thousandths or
        millionths of a second since 1970. Sources are told apart by `source`: an `event_id` is unique within its own.""",
        "## Expressions",
        "Columns, constants, arithmetic, comparisons, `in`, `between`, `like`, `and`, `or`, `not`, `||`, and these functions: "
        + ", ".join(f"`{name}`" for name in mapping._ALLOWED_NAMES)
        + ".",
        "## Shipped mappings",
        *(
            part
            for name, one in mapping.shipped_mappings().items()
            for part in (f"### {name}", " ".join(one.about.split()), fenced(replace(one, about="").as_yaml(), "yaml"))
        ),
    )


# What a close derives


@dataclass(frozen=True)
class Derived:
    """One derived table: what it tells, its grain, how it is kept, and the columns that its close publishes."""

    name: str
    about: str
    grain: str
    kept: str
    schema: Schema


BY_DAY = "one file a day; months that no window reaches any more become one file"
AS_OF = "the last closed day only, in parts of 2^20 users"
SNAPSHOT = "the last 35 closed days and every month's end, in parts of 2^20 users"
DERIVED = (
    Derived("user_days", "What every user did on a day.", "user_no, day, for users who did anything", BY_DAY, tables.USER_DAYS),
    Derived(
        "active_days", "In which products every user was active on a day.", "user_no, day, product", BY_DAY, tables.ACTIVE_DAYS
    ),
    Derived(
        "equity_days",
        "What every user held at the end of a day.",
        "user_no, day, where it is not 0",
        BY_DAY,
        tables.EQUITY_DAYS,
    ),
    Derived("market_days", "The market on every day that has a price of BTC.", "day", "whole", tables.MARKET_DAYS),
    Derived(
        "metric_days",
        "The figures of watched metrics: reckoned when a day is closed, again when its facts changed.",
        "day, metric, group_key",
        "whole",
        METRIC_DAYS,
    ),
    Derived("signals", "Which metrics broke out of their usual.", "metric, group_key, day, direction", "whole", SIGNALS),
    Derived(
        "clusters", "Users who share a device, a card or an address.", "user_no, for users who share one", "whole", CLUSTERS
    ),
    Derived(
        "referral_cycles", "Who comes back to themselves from each to who invited them.", "user_no", "whole", REFERRAL_CYCLES
    ),
    Derived("risk_days", "What speaks against a day's trading.", "user_no, day, where something does", "120 days", RISK_DAYS),
    Derived(
        "risk_evidence",
        "What is known against users, beside their profiles.",
        "user_no, where something is",
        "whole",
        RISK_EVIDENCE,
    ),
    Derived("channel_values", "What a user of each channel brings in 90 days.", "channel_id", "whole", CHANNEL_VALUES),
    Derived("firsts", "When every milestone was first and last reached.", "user_no", AS_OF, tables.FIRSTS),
    Derived(
        "state",
        "Sums over the last 7, 30 and 90 days and over all time, moved on from day to day.",
        "user_no",
        AS_OF,
        tables.STATE,
    ),
    Derived(
        "activity",
        f"On which of the last {tables.MASK_BITS} days, ISO weeks and months every user was active.",
        "user_no, product",
        AS_OF,
        tables.ACTIVITY,
    ),
    Derived(
        "bonus_marks",
        "Takers of a task, judged seven days after its unlock.",
        "user_no, day, campaign_ref",
        BY_DAY,
        tables.BONUS_MARKS,
    ),
    Derived("population", "The quantile edges of the day, which rules may name.", "key", "with profiles", tables.POPULATION),
    Derived("strata", "Where every user stands.", "user_no", SNAPSHOT, STRATA),
    Derived("segments", "Who is in which segment.", "user_no, key", SNAPSHOT, SEGMENTS),
    Derived(
        "moves",
        "Who stands elsewhere than on the closed day before, and who came into a segment or left it.",
        "user_no, day, kind, key",
        "one file a day",
        tables.MOVES,
    ),
)


def derived_page() -> str:
    """The tables that a close derives."""
    return page(
        "Derived tables",
        "springtide/analytics/daybook/tables.py",
        "What a close derives from [the input tables](tables.md). A user here is a master account: what its sub-accounts did is its own. "
        "Money is a whole number of 1e-6 USDT; times are UTC; a day is one of the reporting zone. What is asked of a user, `profiles`, has "
        "[a page of its own](profiles.md). How the close works: [the explanation](../explanation/the-close.md).",
        table(("table", "grain", "kept"), ((f"[{one.name}](#{one.name})", one.grain, one.kept) for one in DERIVED)),
        *(part for one in DERIVED for part in (f"## {one.name}", one.about, _columns(one.schema))),
        "The edges are "
        + ", ".join(f"`{edge}`" for edge in EDGES)
        + ": the 90-day net revenue at these percentiles of counted users "
        "whose revenue is positive, by nearest rank.",
    )


def _columns(schema: Schema) -> list[str]:
    return table(
        ("column", "type", ""),
        ((f"`{column.name}`", column.type + ("" if column.nullable else ", never null"), column.about) for column in schema),
    )


def profiles_page() -> str:
    """The columns of profiles, each with what it needs."""
    rows = ((f"`{column.name}`", column.type, column.about, _needs(column.needs)) for column in tables.PROFILE_COLUMNS)
    return page(
        "Profile columns",
        "springtide/analytics/daybook/tables.py",
        "What a stratum, a list or `springtide users` may ask about a user, as of a day. In rules money is written in USDT; in the lake's "
        "Parquet it is a whole number of 1e-6 USDT. A column whose needs are not met is not available, and neither is a stratification "
        "that reads it: [what that means](../explanation/not-available.md). Kept: " + SNAPSHOT + ".",
        table(("column", "type", "", "needs"), rows),
    )


def _needs(needs: Iterable[tables.Need]) -> str:
    told = []
    for need in needs:
        text = " or ".join(f"`{name}`" for name in need.tables)
        text += f" with `{need.column}`" if need.column else ""
        told.append(text + (", by day" if need.day_grain else ""))
    return "; ".join(dict.fromkeys(told))


# The lake


def lake_page() -> str:
    """The lake's layout and manifest, as the classes that read and write it tell them."""
    file_about = [part for part in (manifest.LakeFile.__doc__ or "").split("\n\n")[1:] if part.strip()]
    return page(
        "The lake",
        "springtide/analytics/lake",
        """`HOME/lake` holds Parquet files (zstd), one folder a table, and `manifest.json`, which says which of them count. A file that
        the manifest does not name is about to be published, or about to be deleted. How to read it:
        [read the lake](../how-to/read-the-lake.md).""",
        fenced(
            "HOME/lake/\n"
            "  manifest.json                           which files count, and what every closed day was made from\n"
            "  writer.lock                             held by the one writer; readers never wait\n"
            "  <table>/<day>.<random>.parquet          a table kept by day\n"
            "  <table>/<month>.<random>.parquet        its older months, ordered by user\n"
            "  <table>/<day>.<part>.<random>.parquet   a table kept as of a day: part n holds users n × 2^20 up to (n + 1) × 2^20\n"
            "  <table>/all.<random>.parquet            a table kept whole\n"
            "  importing/, spill/                      working files; may be deleted while nothing runs"
        ),
        """A file may hold several days, so filter by its `day` column, or by time, yourself. Money columns end in `_usdt` and are whole
        numbers of 1e-6 USDT; prices and quantities are DECIMAL(38,12); times are UTC without a zone.""",
        "## manifest.json",
        "Replaced as a whole by one atomic rename, so a reader sees one version of every table. "
        f"`format` is {manifest.FORMAT}; it rises when the layout changes.",
        table(("key", ""), (("`" + name + "`", about) for name, about in _manifest_keys().items())),
        "A file of `tables` is the list `"
        + json.dumps([one.name for one in fields(manifest.LakeFile)])
        + "`: "
        + " ".join(" ".join(file_about).split()),
        "## Tables",
        """The facts lie under the names of [the input tables](tables.md) (given aggregates, `user_days`, under `given_user_days`),
        current rows only. `<table>_replaced` holds rows that a correction or a void took out, `<table>_keys` the key of every version
        ever taken, `quarantine` the rows that broke a rule. What a close derives: [derived tables](derived.md),
        [profiles](profiles.md).""",
    )


def _manifest_keys() -> dict[str, str]:
    told = aligned(manifest.Manifest.__doc__ or "")
    lacking = {one.name for one in fields(manifest.Manifest)} - {"version"} - told.keys()
    if lacking:
        raise SystemExit(f"Manifest's docstring says nothing of: {', '.join(sorted(lacking))}.")
    return {"version": "rises by one with every publication", **told}


# Settings


def settings_page() -> str:
    """Settings of a home, and the environment variables that the commands and the console read."""
    about = aligned(HomeSettings.__doc__ or "")
    lacking = [one.name for one in fields(HomeSettings) if one.name not in about]
    if lacking:
        raise SystemExit(f"HomeSettings' docstring says nothing of: {', '.join(lacking)}.")
    defaults = {line.split(" = ")[0]: line.split(" = ")[1] for line in HomeSettings().as_toml().splitlines()}
    desk = ast.get_docstring(ast.parse((ROOT / "springtide/desk/settings.py").read_text(encoding="utf-8"))) or ""
    return page(
        "Settings",
        "springtide/kernel/settings.py and springtide/desk/settings.py",
        f"## HOME/{FILE_NAME}",
        "Written by `springtide init`. An unknown name and a value of another type are refused.",
        table(("setting", "default", ""), ((f"`{name}`", f"`{value}`", about[name]) for name, value in defaults.items())),
        "## Environment",
        table(("variable", ""), ((f"`{name}`", told) for name, told in aligned(desk).items())),
    )


# Errors


@dataclass
class Kind:
    """One error class of the code."""

    base: str
    exit_code: int | None = None
    default_code: str | None = None


@dataclass
class Code:
    """One error code: its exit code, when it is raised, what it says and the next step it gives."""

    exit_code: int
    says: dict[str, str] = field(default_factory=dict)


def errors_page() -> str:
    """Every error code that the code can raise, with the message and the next step as they are written there."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "springtide").rglob("*.py"))}
    kinds = {name: kind for tree in trees.values() for name, kind in _kinds(tree)}
    codes: dict[str, Code] = {}
    meanings: dict[str, str] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                _raised(node, kinds, codes)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                for name, when in _refusals(ast.get_docstring(node) or "").items():
                    meanings[name] = max(meanings.get(name, ""), when, key=len)  # the one that says most
    titles = {2: "What was given cannot be taken", 3: "Nothing to answer from yet", 1: "A fault of ours"}
    parts: list[str | list[str]] = [
        """An error has a `code` for programs, a message and a next step. On the command line it is printed in two lines, with `--json`
        as `{"error": {"code", "message", "hint"}}`; the console shows the same. The exit code of a command tells the kind. `{…}` stands
        for what was seen.""",
    ]
    for exit_code, title in titles.items():
        rows = [
            (f"`{name}`", meanings.get(name, ""), "<br>".join(_cell(says, hint) for says, hint in sorted(code.says.items())))
            for name, code in sorted(codes.items())
            if code.exit_code == exit_code
        ]
        parts += [f"## Exit {exit_code}: {title.lower()}", table(("code", "when", "says"), rows)]
    return page("Errors", "springtide", *parts)


def _cell(says: str, hint: str) -> str:
    return (f"{says} → {hint}" if hint else says).replace("<", "&lt;")


def _kinds(tree: ast.Module) -> Iterator[tuple[str, Kind]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name):
            told = {
                target.id: statement.value.value
                for statement in node.body
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            if (
                node.name == "SpringtideError"
                or {"exit_code", "default_code"} & told.keys()
                or node.bases[0].id == "SpringtideError"
            ):
                yield node.name, Kind(node.bases[0].id, told.get("exit_code"), told.get("default_code"))  # type: ignore[arg-type]


def _raised(call: ast.Call, kinds: Mapping[str, Kind], codes: dict[str, Code]) -> None:
    name = call.func.id  # type: ignore[attr-defined]
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    code = given.get("code")
    if code is not None and not isinstance(code, ast.Constant):
        return
    named = str(code.value) if isinstance(code, ast.Constant) else _inherited(name, kinds, "default_code")
    arguments = [*call.args, *(given[key] for key in ("message", "hint") if key in given)]
    says, hint = (*map(_template, arguments[:2]), "", "")[:2]
    if named and re.search(r"\w", re.sub(r"{\w*}", "", says)):
        codes.setdefault(named, Code(_inherited(name, kinds, "exit_code"))).says.setdefault(says, hint)


def _inherited(name: str, kinds: Mapping[str, Kind], what: str) -> Any:
    while name in kinds:
        if (value := getattr(kinds[name], what)) is not None:
            return value
        name = kinds[name].base
    return getattr(errors.SpringtideError, what)


def _template(node: ast.expr) -> str:
    """The text of a message, with `{name}` for what is put into it."""
    if isinstance(node, ast.Constant):
        return " ".join(str(node.value).split())
    if isinstance(node, ast.JoinedStr):
        return " ".join("".join(map(_part, node.values)).split())
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == "suggest":
            return "Did you mean '{…}'?"
        if node.func.id in ("_", "gettext"):
            return _template(node.args[0])
    return "{…}"


def _part(part: ast.expr) -> str:
    if not isinstance(part, ast.FormattedValue):
        return str(part.value) if isinstance(part, ast.Constant) else "{…}"
    if isinstance(part.value, ast.Name):
        return "{" + part.value.id + "}"
    return "{" + part.value.attr + "}" if isinstance(part.value, ast.Attribute) else _template(part.value)


def _refusals(docstring: str) -> dict[str, str]:
    """The codes that a docstring's `refuses` lists, with when each is raised."""
    found = re.search(r"^( *)refuses( +)(.*(?:\n +.*)*)", docstring, flags=re.MULTILINE)
    if not found:
        return {}
    indent = " " * len(found[1] + "refuses" + found[2])
    return aligned(indent + found[3])


def main() -> None:
    """Write what is stale, and say so; pages named on the command line, or all."""
    os.environ["COLUMNS"] = "120"
    written = 0
    for path, text in stale(sys.argv[1:] or None):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
        written += 1
    if not written:
        print("Every made page is what the code says.")


if __name__ == "__main__":
    main()
