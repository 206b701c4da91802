"""The report as one page of HTML that needs nothing else: the brief first, then every table in a fold; light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from html import escape
from importlib import resources

from springtide.analytics.strata import Words
from springtide.reports import brief
from springtide.reports.sections import Absent, Section, sections
from springtide.reports.snapshot import ReportSnapshot
from springtide.reports.speech import NONE, Speech, language
from springtide.reports.tables import FIGURES, Cell, Column, Name, Table

# Told in sentences above, or lists of users, which do not belong on a page that is passed on.
LEFT_OUT = ("numbers", "movements", "not_available")


def page_html(snapshot: ReportSnapshot, language_name: str = "en") -> str:
    """The page of a snapshot. What came from data cannot become markup.

    refuses    unknown_language
    """
    say = Speech(language(language_name))
    made = sections(snapshot)
    told = brief.brief(snapshot, language_name, made)
    css = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    lines = [
        "<!doctype html>",
        f'<html lang="{"zh-Hans" if say.is_chinese else "en"}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
        f"<title>{escape(told.title)}</title><style>{css}</style></head><body><main>",
        f"<h1>{escape(told.title)}</h1>",
        *(f'<p class="alarm" role="alert">⚠ {escape(warning)}</p>' for warning in told.warnings),
        *(f'<p class="lead">{escape(sentence)}</p>' for sentence in told.opening),
        *_tiles(say, snapshot),
    ]
    if snapshot.as_of:
        lines += _picture(say, made["growth_users_week"])
    for part in told.parts[1:]:  # the five numbers stand as tiles
        points = (f"<li>{f'<b>{escape(name)}</b> ' if name else ''}{escape(said)}</li>" for name, said in part.points)
        lines += [f"<h2>{escape(part.title)}</h2><ol>{''.join(points)}</ol>"]
    if snapshot.as_of:
        lines += [f"<h2>{say('Tables', '数据表')}</h2>"]
        for section in made.values():
            if section.key not in LEFT_OUT and not section.key.startswith("people_"):
                lines += _fold(say, section)
    lines += ["<footer>", *(f"<p>{escape(line)}</p>" for line in told.footer), "</footer></main></body></html>", ""]
    return "\n".join(lines)


def _tiles(say: Speech, snapshot: ReportSnapshot) -> Iterator[str]:
    numbers = brief.figures(say, snapshot)
    if numbers:
        yield '<dl class="tiles">'
        for each in numbers:
            arrow = {1: "▲ ", -1: "▼ ", 0: ""}[each.direction]
            compared = f"<span>{arrow}{escape(each.compared)}</span>"
            yield f"<div><dt>{escape(each.name)}</dt><dd><b>{escape(each.value)}</b>{compared}</dd></div>"
        yield "</dl>"


def _fold(say: Speech, section: Section) -> Iterator[str]:
    yield f"<details><summary>{escape(say.words(section.title))}</summary><p>{escape(say.words(section.question))}</p>"
    if isinstance(section, Absent):
        why = f"{say.reason(section.missing.reason)} {say.reason(section.missing.remedy)}".strip()
        yield f'<p class="alarm">{escape(say("Not available: ", "暂不可用：") + why)}</p></details>'
        return
    if not section.rows:
        yield f"<p>{say('Nothing.', '无。')}</p></details>"
        return
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(_head(say, column) for column in section.columns)
    yield "</tr></thead><tbody>"
    units = section.values("unit") if any(column.key == "unit" for column in section.columns) else []
    for place, row in enumerate(section.rows):
        unit = units[place] if units else None
        cells = (
            f'<td class="{_side(column)}">{escape(shown(say, column, cell, unit))}</td>'
            for column, cell in zip(section.columns, row, strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>"
    totals = section.totals
    if totals:
        cells = (
            f'<td class="{_side(column)}">{escape(shown(say, column, totals[column.key]))}</td>'
            if column.key in totals
            else "<td></td>"
            for column in section.columns[1:]
        )
        yield f"</tbody><tfoot><tr><td>{say('Total', '合计')}</td>{''.join(cells)}</tr></tfoot>"
    else:
        yield "</tbody>"
    yield "</table></div></details>"


def _head(say: Speech, column: Column) -> str:
    about = escape(say.words(column.about), quote=True)
    return f'<th scope="col" class="{_side(column)}" title="{about}">{escape(say.words(column.heading))}</th>'


def _side(column: Column) -> str:
    return "figure" if column.kind in FIGURES else "day" if column.kind == "day" else "text"


def shown(say: Speech, column: Column, cell: Cell, unit: Cell = None) -> str:
    """A cell as a person reads it."""
    if cell is None:
        return NONE
    if isinstance(cell, Name):
        return say.words(cell.words)
    if isinstance(cell, Words):
        return say.words(cell)
    if isinstance(cell, str | date):
        return str(cell)
    kind: str = (unit.key if isinstance(unit, Name) else "count") if column.kind == "amount" else column.kind
    if column.hides_zero and not cell:
        return ""
    match kind:
        case "usdt":
            return f"{cell:,.2f}".replace("-", "−")
        case "ratio":
            return say.ratio(float(cell))
        case "change":
            return say.signed_ratio(float(cell))
        case "check":
            return "✓" if not cell else say.count(cell)
        case "number":
            return f"{float(cell):,.3g}" if abs(float(cell)) < 1000 else say.count(cell)
    return f"{cell:,.2f}" if isinstance(cell, Decimal) else say.count(cell)


# The picture: what came stands up, what went hangs down, the line is the net


def _picture(say: Speech, section: Section) -> Iterator[str]:
    if isinstance(section, Absent):
        return
    whole = [row for row in _rows(section) if isinstance(row["state"], Name) and row["state"].key == "whole"]
    if not whole:
        return
    came = [("new", "up"), ("resurrected", "back")]
    tops = [_figure(row["new"]) + _figure(row["resurrected"]) for row in whole]
    high, low = max([1.0, *tops]), max([1.0, *(_figure(row["churned"]) for row in whole)])
    width, height, step = 720.0, 220.0, 720.0 / len(whole)
    scale = height / (high + low)
    zero = high * scale
    title = f"{say.words(section.title)}: {say.words(section.question)}"
    yield f'<figure><svg viewBox="0 -4 {width:g} {height + 24:g}" role="img" aria-label="{escape(title, quote=True)}">'
    line = []
    for place, row in enumerate(whole):
        x, top = place * step + step * 0.14, zero
        for key, look in came:
            size = _figure(row[key]) * scale
            top -= size
            yield f'<rect class="{look}" x="{x:.1f}" y="{top:.1f}" width="{step * 0.72:.1f}" height="{size:.1f}"/>'
        size = _figure(row["churned"]) * scale
        yield f'<rect class="down" x="{x:.1f}" y="{zero:.1f}" width="{step * 0.72:.1f}" height="{size:.1f}"/>'
        line.append(f"{x + step * 0.36:.1f},{zero - _figure(row['net']) * scale:.1f}")
        if place % max(1, len(whole) // 8) == 0:
            yield f'<text x="{x + step * 0.36:.1f}" y="{height + 16:.1f}">{str(row["period"])[5:]}</text>'
    for y, size in ((8, high), (height - 2, -low)):
        yield f'<text class="scale" x="2" y="{y:.1f}">{say.short(round(size))}</text>'
    yield f'<line x1="0" x2="{width:g}" y1="{zero:.1f}" y2="{zero:.1f}"/><polyline points="{" ".join(line)}"/></svg>'
    heading = {column.key: say.words(column.heading) for column in section.columns}
    keys = [*came, ("churned", "down"), ("net", "net")]
    legend = " ".join(f'<span class="{look}">■</span> {escape(heading[key])}' for key, look in keys)
    yield f"<figcaption>{escape(say.words(section.title))}: {legend}</figcaption></figure>"


def _rows(table: Table) -> list[dict[str, Cell]]:
    return [dict(zip((column.key for column in table.columns), row, strict=True)) for row in table.rows]


def _figure(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float | Decimal) else 0.0
