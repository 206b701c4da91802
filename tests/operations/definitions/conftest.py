"""A home of its own for every test: what is in force lies there as files."""

import pytest


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.SPRINGTIDE_HOME = tmp_path
    return tmp_path


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Runs what waits for the commit: `with committed(): publish_definition(…)`."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
