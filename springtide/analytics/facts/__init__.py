"""Facts: input contracts, mappings, import and quarantine; the only room that reads foreign files and databases."""
