"""The reference page of the console says every table, column and function."""

from springtide.home import sql
from springtide.home.sql.functions import FUNCTIONS
from springtide.home.sql.reference import sql_page


def test_the_page_names_every_table_column_function_and_query():
    page = sql_page()
    names = {f"### {table}" for table in sql.shown_tables()} | {f"`{name}`" for name in FUNCTIONS}
    names |= {f"`{column.name}`" for table in sql.shown_tables().values() for column in table.columns}
    names |= {f"`{query.key}`" for query in sql.saved_queries()}
    assert sorted(name for name in names if name not in page) == []
