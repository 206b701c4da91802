"""One snapshot in any format; all show the same numbers."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from springtide.analytics.strata import Words
from springtide.kernel.errors import UnknownName, suggest
from springtide.reports.brief import brief_markdown
from springtide.reports.page import page_html
from springtide.reports.sections import Absent, sections
from springtide.reports.snapshot import ReportSnapshot
from springtide.reports.speech import Speech, language
from springtide.reports.tables import Cell, Name, Table
from springtide.reports.workbook import write_workbook

FORMATS = ("html", "xlsx", "csv", "md")
LIVE = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula when a text begins with it


def render(snapshot: ReportSnapshot, form: str, path: Path, language: str = "en") -> Path:
    """Write the report to `path` as html, xlsx, csv or md, and return where it stands.

    csv is a table a file: in a folder, or in one archive where the path ends in .zip (a path that ends in .csv becomes one).

    refuses    unknown_format, unknown_language
    """
    if form not in FORMATS:
        raise UnknownName(f"Reports are not written as '{form}'.", suggest(form, FORMATS), code="unknown_format")
    path.parent.mkdir(parents=True, exist_ok=True)
    match form:
        case "xlsx":
            write_workbook(snapshot, path, language)
        case "html":
            path.write_text(page_html(snapshot, language), encoding="utf-8")
        case "md":
            path.write_text(brief_markdown(snapshot, language), encoding="utf-8")
        case _:
            return _write_csv(snapshot, path.with_suffix(".zip") if path.suffix == ".csv" else path, language)
    return path


def _write_csv(snapshot: ReportSnapshot, path: Path, language_name: str) -> Path:
    files = dict(_files(snapshot, Speech(language(language_name))))
    if path.suffix != ".zip":
        path.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (path / name).write_text(text, encoding="utf-8-sig", newline="")
        return path
    day = snapshot.as_of or date(1980, 1, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            # The day of the report, not of the writing: the same snapshot gives the same bytes.
            entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("utf-8-sig"))
    return path


def _files(snapshot: ReportSnapshot, say: Speech) -> Iterator[tuple[str, str]]:
    """File name → CSV text. Headings are keys, which do not change with the language; definitions.csv says what they mean."""
    freshness = snapshot.freshness
    about: dict[str, Cell] = {
        "exchange": snapshot.exchange,
        "zone": snapshot.zone,
        "as_of": snapshot.as_of,
        "closed_through": freshness.closed_through,
        "facts_through": freshness.facts_through,
        "quarantined": freshness.quarantined,
        "checksum": snapshot.checksum,
    }
    yield "about.csv", _text(("key", "value"), [(key, _cell(value, say)) for key, value in about.items()])
    for section in sections(snapshot).values():
        if isinstance(section, Table):
            rows = [tuple(_cell(cell, say) for cell in row) for row in section.rows]
            yield f"{section.key}.csv", _text(tuple(column.key for column in section.columns), rows)
        elif isinstance(section, Absent):
            why = (say.reason(section.missing.reason), say.reason(section.missing.remedy))
            yield f"{section.key}.csv", _text(("not_available", "remedy"), [why])


def _text(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(rows)
    return buffer.getvalue()


def _cell(cell: Cell, say: Speech) -> str:
    """A cell as text: figures with all digits, names by their keys; a text that a spreadsheet would run gets an apostrophe before it."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, int | float):
        return repr(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    text = cell.key if isinstance(cell, Name) else say.words(cell) if isinstance(cell, Words) else cell
    return f"'{text}" if text.startswith(LIVE) else text
