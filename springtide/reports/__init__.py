"""Reports: one snapshot of an exchange, shown as a brief, a page, tables or a workbook with the same numbers."""

from springtide.reports.brief import brief_markdown, brief_text
from springtide.reports.page import page_html
from springtide.reports.render import FORMATS, render
from springtide.reports.snapshot import Missing, ReportSnapshot, gather
from springtide.reports.workbook import write_workbook

__all__ = [
    "FORMATS", "Missing", "ReportSnapshot", "brief_markdown", "brief_text", "gather", "page_html", "render", "write_workbook",
]  # fmt: skip
