"""Tables on sheets: cells, formulas with their values, headings, totals, widths and looks. What stands where is the workbook's affair."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range, xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from springtide.analytics.strata import Words
from springtide.reports.sections import Absent, Section
from springtide.reports.snapshot import ReportSnapshot
from springtide.reports.speech import Speech, letters
from springtide.reports.tables import FIGURES, Cell, Column, Name, Table

INK, QUIET, LINE, HEAD, GREY, ACCENT, ALARM, CALM = (
    "#1B2430", "#5B6675", "#D8DEE6", "#EEF3F9", "#8A96A5", "#0B66C3", "#B42318", "#FDECEA",
)  # fmt: skip
FONTS = {"en": "Arial", "zh-hans": "Microsoft YaHei"}
WIDEST = 46  # letters; longer text is folded

NUMBER_FORMATS: Final[Mapping[str, str]] = {
    "median_hours": "#,##0.0",
    "gini": "0.000",
    "hhi": "0.00000",
    "like_users": "#,##0",
}


@dataclass
class Page:
    """One sheet being written: where the next thing goes, how wide its columns have to be, and which texts are folded."""

    sheet: Worksheet
    name: str
    row: int = 0
    last_column: int = 0
    widths: dict[int, float] = field(default_factory=dict)
    folded: list[tuple[int, int, int, str, float]] = field(default_factory=list)  # row, first and last column, text, size

    def needs(self, column: int, width: float) -> None:
        """A column must be that wide."""
        self.widths[column] = max(self.widths.get(column, 0), min(width, WIDEST))
        self.last_column = max(self.last_column, column)

    def folds(self, row: int, first: int, last: int, text: str, size: float = 1.0) -> None:
        """A text must be seen whole in its cells; `size`: how large its letters are beside the usual ones."""
        self.folded.append((row, first, last, text, size))

    def finish(self) -> None:
        """Set widths, and the heights of rows with folded text: not every reader grows rows by itself, and none grows merged cells."""
        for column, width in self.widths.items():
            self.sheet.set_column(column, column, width)
        heights: dict[int, float] = {}
        for row, first, last, text, size in self.folded:
            room = sum(self.widths.get(column, 9.0) for column in range(first, last + 1)) - 1.5
            heights[row] = max(heights.get(row, 0), 13.5 * size * _lines(text, room / size) + 2.5)
        for row, height in heights.items():
            self.sheet.set_row(row, height)


@dataclass(frozen=True)
class Placed:
    """A table as it stands on a sheet: rows and columns are numbered from 0, `first` and `last` are rows of data."""

    page: Page
    table: Table
    first: int
    last: int
    at: dict[str, int]

    def cells(self, key: str) -> str:
        """A column's cells, for a chart."""
        return self.column(self.at[key])

    def column(self, column: int) -> str:
        """The cells beside the table's rows in any column of the sheet, for a chart."""
        return f"='{self.page.name}'!{xl_range_abs(self.first, column, self.last, column)}"

    def heading(self, key: str) -> str:
        """The cell of a column's heading, for a chart."""
        return f"='{self.page.name}'!{xl_range_abs(self.first - 1, self.at[key], self.first - 1, self.at[key])}"

    def range(self, first: str, last: str) -> str:
        """The cells from one column to another."""
        return str(xl_range(self.first, self.at[first], self.last, self.at[last]))


class Sheets:
    """The sheets of one workbook in one language."""

    def __init__(
        self, book: xlsxwriter.Workbook, say: Speech, snapshot: ReportSnapshot, sections: Mapping[str, Section]
    ) -> None:
        self.book, self.say, self.snapshot, self.sections = book, say, snapshot, sections
        self.styles: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.pages: list[tuple[Page, str]] = []

    def page_of(self, key: str, *, columns: int) -> Page:
        section = self.sections[key]
        return self.page(section.title, section.question, columns=columns)

    def page(self, title: Words, question: Words, *, columns: int) -> Page:
        name = re.sub(r"[\[\]:*?/\\']", " ", self.say.words(title))[:31]
        page = Page(self.book.add_worksheet(name), name, last_column=columns - 1)
        self.pages.append((page, self.say.words(question)))
        sheet = page.sheet
        sheet.hide_gridlines(2)
        as_of = self.say("as of {day}", "截至{day}", day=self.say.day(self.snapshot.as_of))
        heading = " ".join(f"{self.snapshot.exchange} · {self.say.words(title)} · {as_of}".split())
        sheet.write_string(0, 0, heading, self.style(bold=True, font_size=15))
        sheet.write_string(1, 0, self.say.words(question), self.style(font_color=QUIET, font_size=11))
        sheet.set_row(0, 24)
        sheet.freeze_panes(2, 0)
        page.row = 3
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.repeat_rows(0, 1)
        sheet.set_footer(f"&L&8Springtide · {as_of} · {self.snapshot.checksum}&R&8&P / &N")
        return page

    def title(self, page: Page, title: Words) -> None:
        page.sheet.write_string(page.row, 0, self.say.words(title), self.style(bold=True, font_size=12))
        page.row += 1

    def wide(self, page: Page, text: str, **look: Any) -> None:
        """A sentence over the width of the sheet, folded."""
        style = self.style(text_wrap=True, **look)
        last = max(page.last_column, 1)
        page.sheet.merge_range(page.row, 0, page.row, last, "", style)
        page.sheet.write_string(page.row, 0, text, style)
        page.folds(page.row, 0, last, text, look.get("font_size", 10) / 10)
        page.row += 1

    # Tables

    # Tables

    def section(
        self,
        page: Page,
        key: str,
        columns: Sequence[str] | None = None,
        *,
        titled: bool = True,
        filtered: bool = False,
        freeze: int | None = None,
    ) -> Placed | None:
        """A table under its title, or why there is none."""
        section = self.sections[key]
        if titled:
            self.title(page, section.title)
        if isinstance(section, Absent):
            reason = self.say.reason(section.missing.reason)
            remedy = self.say.reason(section.missing.remedy)
            self.wide(
                page,
                self.say("Not available: {why} {how}", "暂不可用：{why}{how}", why=reason, how=remedy).strip(),
                font_color=ALARM,
            )
            page.row += 1
            return None
        placed = self.place(page, section, columns, filtered=filtered)
        if placed and freeze is not None:
            page.sheet.freeze_panes(placed.first, freeze)
            page.sheet.repeat_rows(placed.first - 1)
        page.row += 1
        return placed

    def place(self, page: Page, table: Table, columns: Sequence[str] | None = None, *, filtered: bool = False) -> Placed | None:
        """Write a table at the page's row: headings, cells, formulas with their values, and totals where sums are worth showing."""
        if not table.rows:
            page.sheet.write_string(page.row, 0, self.say("Nothing.", "无。"), self.style(font_color=QUIET))
            page.row += 1
            return None
        shown = [table.columns[table.place(key)] for key in columns] if columns else list(table.columns)
        headings = _headings([self.say.words(column.heading) for column in shown], [column.key for column in shown])
        first, last = page.row + 1, page.row + len(table.rows)
        placed = Placed(page, table, first, last, {column.key: place for place, column in enumerate(shown)})
        names = dict(zip(placed.at, headings, strict=True))
        totals = {key: total for key, total in table.totals.items() if key in placed.at}
        excel_name = f"t_{table.key}"
        page.sheet.add_table(
            page.row,
            0,
            last + bool(totals),
            len(shown) - 1,
            {
                "name": excel_name,
                "style": None,
                "autofilter": filtered,
                "total_row": bool(totals),
                "columns": [
                    {"header": heading, "header_format": self.head(is_figure=column.kind in FIGURES, indent=int(place > 0))}
                    for place, (column, heading) in enumerate(zip(shown, headings, strict=True))
                ],
            },
        )
        for place, column in enumerate(shown):
            style_of = self._column_styles(table, column)
            refer = _references(excel_name, names, placed)
            for number, cell in enumerate(table.values(column.key)):
                row = first + number
                formula = column.rendered(refer(row)) if column.formula and cell is not None else ""
                if "{^" in column.formula and number in table.openings:
                    formula = ""
                self._cell(page, row, place, cell, style_of(number), formula)
            self._measure(page, placed, column, headings[place])
            if column.key in totals:
                style = self.style(
                    bold=True, top=1, top_color=GREY, num_format=self._number_format(table, column), align="right"
                )
                formula = f"=SUBTOTAL(109,{excel_name}[[{names[column.key]}]])"
                page.sheet.write_formula(last + 1, place, formula, style, as_number(totals[column.key]))
        if totals:
            label = self.style(bold=True, top=1, top_color=GREY)
            page.sheet.write_string(last + 1, 0, self.say("Total", "合计"), label)
            for place, column in enumerate(shown[1:], 1):
                if column.key not in totals:
                    page.sheet.write_blank(last + 1, place, None, label)
        page.row = last + 1 + bool(totals)
        return placed

    def _cell(self, page: Page, row: int, column: int, cell: Cell, style: Format, formula: str) -> None:
        sheet = page.sheet
        if formula:
            sheet.write_formula(row, column, f"={formula}", style, as_number(cell))
        elif cell is None:
            sheet.write_blank(row, column, None, style)
        elif isinstance(cell, Name):
            sheet.write_string(row, column, self.say.words(cell.words), style)
        elif isinstance(cell, Words):
            sheet.write_string(row, column, self.say.words(cell), style)
        elif isinstance(cell, str):
            sheet.write_string(row, column, cell, style)
        elif isinstance(cell, date):
            sheet.write_datetime(row, column, datetime.combine(cell, time()), style)
        else:
            sheet.write_number(row, column, as_number(cell), style)

    def _column_styles(self, table: Table, column: Column) -> Callable[[int], Format]:
        """The look of a column's cells; where the unit is told by row, by row."""
        if column.kind == "amount":
            units = [cell.key if isinstance(cell, Name) else "" for cell in table.values("unit")]
            # Two traders a day may be 1.6 or 2.4: a small mean keeps a decimal.
            means = [isinstance(cell, float) and abs(cell) < 100 for cell in table.values(column.key)]
            is_difference = column.key == "change"
            return lambda row: self.body(num_format=_amount_format(units[row], means[row], is_difference), align="right")
        # Text that follows a figure keeps its distance.
        indent = 0 if column is table.columns[0] else 1
        if column.kind in FIGURES:
            style = self.body(num_format=self._number_format(table, column), align="right")
        elif column.kind == "day":
            style = self.body(num_format="yyyy-mm-dd", align="left", indent=indent)
        else:
            style = self.body(text_wrap=True, align="left", indent=indent)
        return lambda row: style

    def _number_format(self, table: Table, column: Column) -> str:
        if column.kind == "usdt":
            # Cents matter only where there is little money; one table has one look.
            money = (each.key for each in table.columns if each.kind == "usdt")
            largest = max(
                (abs(cell) for key in money for cell in table.values(key) if isinstance(cell, Decimal)), default=Decimal(0)
            )
            plain = "#,##0" if largest >= 10_000 or not largest else "#,##0.00"
        else:
            plain = {
                "count": "#,##0",
                "ratio": "0.0%",
                "change": "+0.0%;-0.0%;0.0%",
                "check": '[=0]"✓";[Red]#,##0.00',
                "number": NUMBER_FORMATS.get(column.key, "0.00"),
            }[column.kind]
        if column.key in ("change", "net"):
            return f"+{plain};-{plain};{plain}"
        return f"{plain};-{plain};;@" if column.hides_zero else plain

    def _measure(self, page: Page, placed: Placed, column: Column, heading: str) -> None:
        """How wide the column has to be: by its longest text, or by the figures it holds; headings are folded between words."""
        place, cells = placed.at[column.key], placed.table.values(column.key)
        page.needs(place, max(map(letters, heading.split())) * 1.1 + 2.5)
        if column.kind in FIGURES:
            longest = max((abs(float(cell)) for cell in cells if isinstance(cell, int | float | Decimal)), default=0.0)
            extra = {"usdt": 3, "amount": 6}.get(column.kind, 0)
            page.needs(place, max(9, len(f"{longest:,.0f}") * 1.05 + 2 + extra))
        elif column.kind == "day":
            page.needs(place, 12)
        else:
            texts = [self._text(cell) for cell in cells]
            page.needs(place, max(10, *(letters(text) + 2.5 for text in texts)))
            for number, text in enumerate(texts):
                page.folds(placed.first + number, place, place, text)
        page.folds(placed.first - 1, place, place, heading, 1.1)

    def _text(self, cell: Cell) -> str:
        if isinstance(cell, Name):
            return self.say.words(cell.words)
        return self.say.words(cell) if isinstance(cell, Words) else str(cell or "")

    # Looks

    def style(self, **look: Any) -> Format:
        key = tuple(sorted(look.items()))
        if key not in self.styles:
            self.styles[key] = self.book.add_format(look)
        return self.styles[key]

    def body(self, **look: Any) -> Format:
        return self.style(bottom=4, bottom_color=LINE, **look)

    def head(self, *, is_figure: bool, indent: int = 0) -> Format:
        look = {"align": "right"} if is_figure else {"align": "left", "indent": indent}
        return self.style(bold=True, bg_color=HEAD, bottom=1, bottom_color=GREY, text_wrap=True, valign="bottom", **look)

    def font(self) -> dict[str, Any]:
        return {"name": FONTS[self.say.language], "size": 9, "color": QUIET}


def _references(excel_name: str, names: Mapping[str, str], placed: Placed) -> Callable[[int], Callable[[str, str], str]]:
    """How a formula of a row names other cells."""

    def of_row(row: int) -> Callable[[str, str], str]:
        def refer(how: str, key: str) -> str:
            if how == "^":
                return str(xl_rowcol_to_cell(row - 1, placed.at[key]))
            if how == ":":
                return f"{excel_name}[[{names[key]}]]"
            if how:
                return f"{excel_name}[[#This Row],[{names[key]}]:[{names[how]}]]"
            return f"{excel_name}[[#This Row],[{names[key]}]]"

        return refer

    return of_row


def _headings(headings: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Headings that a formula can name: each once, whatever its case, and without the letters that formulas give a meaning."""
    told: list[str] = []
    for heading, key in zip(headings, keys, strict=True):
        plain = " ".join(re.sub(r"[\[\]#@']", " ", heading).split()) or key
        taken = {each.casefold() for each in told}
        told.append(plain if plain.casefold() not in taken else f"{plain} ({key})")
    return told


def _amount_format(unit: str, is_small_mean: bool, is_difference: bool) -> str:
    plain = {"usdt": '#,##0" USDT"', "ratio": "0.0%"}.get(unit, "#,##0.0" if is_small_mean else "#,##0")
    return f"+{plain};-{plain};{plain}" if is_difference else plain


def as_number(cell: Cell) -> float | int:
    """A figure as Excel keeps it."""
    if isinstance(cell, Decimal):
        return float(cell)
    assert isinstance(cell, int | float)
    return cell


def _lines(text: str, room: float) -> int:
    """How many lines the text takes in a cell with room for so many letters; Chinese breaks anywhere, English between words."""
    lines, used = 1, 0.0
    for word in re.findall(r"[^\s\u2e80-\uffff]+\s*|[\u2e80-\uffff]\s*", text):
        width = letters(word.rstrip()) * 0.84
        if used and used + width > room:
            lines, used = lines + 1, 0.0
        used += letters(word) * 0.84
        while used > room + 1:
            lines, used = lines + 1, used - room
    return lines
