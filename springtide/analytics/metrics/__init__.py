"""Metrics: questions over the lake, each a definition, a SQL file and a frozen result."""
