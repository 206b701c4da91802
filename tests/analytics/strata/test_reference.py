"""The reference page is made from the definitions, and stays so."""

from __future__ import annotations

from pathlib import Path

from springtide.analytics.strata import load, reference_page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "strata.md"


def test_the_page_in_docs_is_what_the_definitions_say():
    assert PAGE.read_text(encoding="utf-8") == reference_page(load()), "renew it: ./run docs"
