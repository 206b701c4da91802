"""Strata: versioned stratifications; every user is in exactly one stratum of each that is available."""

from springtide.analytics.rules import Words
from springtide.analytics.strata.definitions import EDGES, KEYS, RULE_COLUMNS, BadDefinition, content_of, load, of_content
from springtide.analytics.strata.queries import MOVES, POPULATION, STRATA, strata_query
from springtide.analytics.strata.reference import reference_page
from springtide.analytics.strata.stratification import (
    Available,
    NotAvailable,
    Placement,
    Stamp,
    Stratification,
    Stratum,
    UnknownStratum,
    VersionNotRaised,
    availability,
    check_versions,
)

__all__ = [
    "EDGES", "KEYS", "MOVES", "POPULATION", "RULE_COLUMNS", "STRATA",
    "Available", "BadDefinition", "NotAvailable", "Placement", "Stamp", "Stratification", "Stratum", "UnknownStratum",
    "VersionNotRaised", "Words",
    "availability", "check_versions", "content_of", "load", "of_content", "reference_page", "strata_query",
]  # fmt: skip
