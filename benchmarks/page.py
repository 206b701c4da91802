"""Results as a table on the screen, and as the reference page."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
from rich.table import Table

from benchmarks.measuring import Result

HEADINGS = (
    "what",
    "size",
    "ours, CPU s",
    "by hand, CPU s",
    "ratio",
    "ours, peak MiB",
    "by hand, peak MiB",
    "ours, wall s",
    "held to",
    "met",
    "note",
)
HEAD = """# How fast it is

<!-- Made by `./run bench --write`; do not edit. -->

Most lines compare Springtide with the same rows by hand-written DuckDB SQL, measured in the same run: the median of five runs of each,
in turns, each in a process of its own. What counts is the **ratio** of CPU seconds, which stays when the machine is slow or shared.

- *ours, CPU s* and *by hand, CPU s*: seconds of CPU over all threads; *ours, wall s*: seconds on the clock, longer on a shared machine.
- *peak MiB*: the most memory that the process ever held.
- *held to*: what the line must keep to, and *met*, whether it does.
- *machine*: where the line was measured. Lines of different runs stand side by side; within a line all is of one run.

[How to measure](../how-to/measure.md) says what each part does. `./run bench PART --write` brings the lines of one part up to date.
"""


def as_table(results: Sequence[Result]) -> Table:
    table = Table()
    for number, heading in enumerate(("part", *HEADINGS)):
        table.add_column(heading, justify="left" if number < 3 or heading == "note" else "right")
    for result in results:
        table.add_row(result.part, *_cells(result), style="red" if result.is_met is False else None)
    return table


def _cells(result: Result) -> list[str]:
    ours, floor = result.ours, result.floor
    return [
        result.what,
        result.size,
        f"{ours.cpu_s:.2f}",
        f"{floor.cpu_s:.2f}" if floor else "",
        f"{result.ratio:.2f}" if result.ratio is not None else "",
        f"{ours.peak_mib:,.0f}" if ours.peak_mib else "",
        f"{floor.peak_mib:,.0f}" if floor else "",
        f"{ours.wall_s:.2f}",
        "; ".join(map(str, result.held_to)),
        {True: "yes", False: "**no**", None: ""}[result.is_met],
        result.note,
    ]


def update_page(path: Path, results: Iterable[Result]) -> None:
    """Write the lines of this run into the page; those that it did not measure stay as they are."""
    sections = _read(path)
    for result in results:
        lines = sections.setdefault(result.part, {})
        lines[result.what, result.size] = [*_cells(result), machine()]
    parts = [HEAD]
    for part in sorted(sections):
        rows = [(*HEADINGS, "machine"), tuple("---" for _ in range(len(HEADINGS) + 1)), *sections[part].values()]
        parts.append(f"\n## {part}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(parts), encoding="utf-8")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, DuckDB {duckdb.__version__}"


def _read(path: Path) -> dict[str, dict[tuple[str, str], list[str]]]:
    sections: dict[str, dict[tuple[str, str], list[str]]] = {}
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for section in text.split("\n## ")[1:]:
        title, *lines = section.splitlines()
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")][2:]
        sections[title] = {(row[0], row[1]): row for row in rows}
    return sections
