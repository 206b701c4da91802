"""The reference page of the stratifications, made from their definitions."""

from __future__ import annotations

from collections.abc import Iterable

from springtide.analytics.strata.stratification import Stratification

_HEAD = """\
# Strata

Made from the definitions in `springtide/analytics/strata/definitions/`; a test holds the two together. Each list is
read downwards: the first rule that holds takes the user, so everybody stands in exactly one stratum of each stratification.
Rules are text over the columns of `profiles`; amounts of money are in USDT. How to change an edge, and why
they are written so, is told in [the explanation](../explanation/strata.md).
"""


def reference_page(stratifications: Iterable[Stratification]) -> str:
    """The page as Markdown: for each stratification its question, version and strata, with the columns it needs."""
    return "\n".join([_HEAD, *(_section(stratification) for stratification in stratifications)])


def _section(stratification: Stratification) -> str:
    rows = "\n".join(
        f"| {place} | `{stratum.name}` | {stratum.label.en} · {stratum.label.zh} | `{stratum.rule.text}` | {stratum.about.en} |"
        for place, stratum in enumerate(stratification.strata, 1)
    )
    return f"""\
## {stratification.title.en} · {stratification.title.zh}

{stratification.question.en} {stratification.question.zh}

`{stratification.key}`, version {stratification.version}, `{stratification.hash}`. \
Needs {", ".join(f"`{column}`" for column in stratification.columns)}.

| | stratum | shown as | rule | who stands here |
|---|---|---|---|---|
{rows}
"""
