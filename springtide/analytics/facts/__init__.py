"""Facts: input contracts, mappings, import and quarantine; the only room that reads foreign files and databases."""

from springtide.analytics.facts.contracts import CONTRACTS, Contract, Field, contract, fact_schema, lake_schema

__all__ = ["CONTRACTS", "Contract", "Field", "contract", "fact_schema", "lake_schema"]
