"""Django's settings for tests: the console's own, over a home that is thrown away."""

import os
import tempfile
from pathlib import Path

# Before the console's settings are read: a test that forgets its own home must not find the one somebody works with.
os.environ["SPRINGTIDE_HOME"] = tempfile.mkdtemp(prefix="springtide-tests-")

from springtide.desk.settings import *  # noqa: F403
from springtide.desk.settings import DATABASES

SECRET_KEY = "only for tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one protects nobody here
if "sqlite3" in str(DATABASES["default"]["ENGINE"]):
    # A file, not memory: in memory there is one connection, and two that write at once could not be tested.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["SPRINGTIDE_HOME"]) / "tests.sqlite3")}
