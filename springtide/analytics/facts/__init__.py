"""Facts: input contracts, mappings, import and quarantine; the only room that reads foreign files and databases."""

from springtide.analytics.facts.batch import Counts, Problem, Progress
from springtide.analytics.facts.contracts import CONTRACTS, Contract, Field, contract, fact_schema, lake_schema
from springtide.analytics.facts.guessing import Preview, Proposal, guess, preview
from springtide.analytics.facts.importing import Failure, Imported, import_path, retry_quarantine
from springtide.analytics.facts.mapping import Layout, Mapping, mapping_named, mappings, parse_mapping, save_mapping

__all__ = [
    "CONTRACTS", "Contract", "Counts", "Failure", "Field", "Imported", "Layout", "Mapping", "Preview", "Problem", "Progress", "Proposal",
    "contract", "fact_schema", "guess", "import_path", "lake_schema", "mapping_named", "mappings", "parse_mapping", "preview",
    "retry_quarantine", "save_mapping",
]  # fmt: skip
