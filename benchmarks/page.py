"""Results as a table on the screen, and as the reference page."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.measuring import Result

HEADINGS = (
    "what",
    "size",
    "ours, CPU s",
    "floor, CPU s",
    "ratio",
    "at most",
    "ours, peak MiB",
    "floor, peak MiB",
    "ours, wall s",
    "note",
)
HEAD = """# How fast it is

<!-- Made by `./run bench --write`; do not edit. -->

Each line compares Springtide with hand-written DuckDB SQL that gives the same rows, measured in the same run: the median of five runs
of each, in turns, each in a process of its own. CPU seconds count over all threads. What matters is the ratio, which stays when the
machine is slow or busy; seconds are those of the machine named in each section. `./run bench PART` measures one part again.
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
        f"{result.target:g}" if result.target else "",
        f"{ours.peak_mib:,.0f}",
        f"{floor.peak_mib:,.0f}" if floor else "",
        f"{ours.wall_s:.2f}",
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
    return f"{os.cpu_count()} cores"


def _read(path: Path) -> dict[str, dict[tuple[str, str], list[str]]]:
    sections: dict[str, dict[tuple[str, str], list[str]]] = {}
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for section in text.split("\n## ")[1:]:
        title, *lines = section.splitlines()
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")][2:]
        sections[title] = {(row[0], row[1]): row for row in rows}
    return sections
