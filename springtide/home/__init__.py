"""The Python face: open a home and read frozen results; no web framework, no clock."""
