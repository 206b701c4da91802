"""The reference page of the input tables, made from the contracts: docs/reference/tables.md."""

from __future__ import annotations

from pathlib import Path

from springtide.analytics.facts.checking import KINDS, RULES
from springtide.analytics.facts.contracts import CONTRACTS, QUARANTINE_SCHEMA, Contract, Field
from springtide.analytics.facts.mapping import shipped_mappings

PAGE = Path("docs/reference/tables.md")
_NEEDS = {"mandatory": "M", "recommended": "R", "optional": "O"}
_RULES = RULES | {"type": "is not of the column's kind", "choice": "is none of the words allowed"}


_BEGINNING = """\
What an exchange gives. A file is named after its table (`spot_trades.csv`, `spot_trades/2026-03-01.parquet`) and has these
columns, in any order; another layout is adapted by a mapping ([how to import](../how-to/import.md)). Times are UTC unless
they name their zone; days are days of the reporting zone; values in USDT are taken at the time of the fact.

In the lake, money is a whole number of 1e-6 USDT, a time is UTC without a zone, prices and quantities are DECIMAL(38,12), and
a user is two numbers: `account_no`, the account's own, and `user_no`, its master's. A column that a source does not give is
null, and what depends on it is not available."""


def tables_page() -> str:
    """The page as Markdown."""
    parts = [
        "# Input tables",
        "<!-- Made from springtide/analytics/facts; do not edit. -->",
        _BEGINNING,
        "\n".join(
            [
                "| table | | one row per | |",
                "|---|---|---|---|",
                *(
                    f"| [{one.name}](#{one.name}) | {_need(one)} | {one.grain.removeprefix('one row per ')} | {one.about} |"
                    for one in CONTRACTS
                ),
            ]
        ),
        "**M** mandatory, **R** recommended, **O** optional.",
        *(_table(one) for one in CONTRACTS),
        _quarantine(),
        "\n".join(
            [
                "## Shipped mappings\n",
                *(
                    f"- `{mapping.name}` ({', '.join(sorted({one.table for one in mapping.layouts}))}): {' '.join(mapping.about.split())}"
                    for mapping in shipped_mappings().values()
                ),
            ]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _need(one: Contract) -> str:
    return f"{_NEEDS[one.need]} if {one.needed_if}" if one.needed_if else _NEEDS[one.need]


def _table(one: Contract) -> str:
    lines = [f"## {one.name}\n", f"{one.about}\n"]
    facts = [f"Key: {', '.join(f'`{name}`' for name in (('source', *one.key) if one.is_event else one.key))}."]
    if one.day_column:
        facts.append(f"A row lies on the day of `{one.day_column}`.")
    if one.name == "users":
        facts.append(
            "A known user whose row says something new is replaced; columns that a file leaves out keep what was known."
        )
    elif one.is_event:
        facts.append("A known row changes only by a higher `version`.")
    else:
        facts.append("A row with a known key and other content replaces the known one, unless its `version` is lower.")
    if one.after_registration:
        facts.append("No row may be older than its user's registration.")
    if one.lake_name:
        facts.append(f"In the lake: `{one.lake_name}`.")
    lines.append(" ".join(facts) + "\n")
    lines += ["| column | holds | | |", "|---|---|---|---|", *(_column(field) for field in one.fields)]
    return "\n".join(lines)


def _column(field: Field) -> str:
    holds = ", ".join(f"`{choice}`" for choice in field.choices) if field.choices else KINDS[field.kind]
    if field.kind == "money":
        holds = "USDT"
    if field.default is not None:
        needed = f"default `{str(field.default).lower()}`"
    else:
        needed = "may be empty" if field.nullable else "mandatory"
    limits = []
    if field.kind in ("decimal", "money", "integer"):
        limits.append("may be negative" if field.is_signed else "not negative")
    if field.kind in ("time", "day") and not field.may_be_future:
        limits.append("not in the future")
    if field.kind == "user":
        limits.append("in users")
    stored = f"; in the lake `{field.lake_name}`" if field.lake_name != field.name else ""
    return f"| `{field.name}` | {holds} | {', '.join([needed, *limits])} | {field.about}{stored} |"


def _quarantine() -> str:
    return "\n".join(
        [
            "## quarantine\n",
            "Rows that break a rule, as they came, until they are offered again and go in.\n",
            "| column | | |",
            "|---|---|---|",
            *(f"| `{column.name}` | {column.type} | {column.about} |" for column in QUARANTINE_SCHEMA),
            "",
            "| rule | the value, or the row |",
            "|---|---|",
            *(f"| `{rule}` | {told} |" for rule, told in _RULES.items()),
        ]
    )


def write_page(path: Path = PAGE) -> None:
    """Bring the page up to date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(tables_page(), encoding="utf-8")


if __name__ == "__main__":
    write_page()
