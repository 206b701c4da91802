"""Django's settings for tests: the console's own, over a home that is thrown away."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Before the console's settings are read: a test that forgets its own home must not find the one somebody works with.
os.environ["SPRINGTIDE_HOME"] = tempfile.mkdtemp(prefix="springtide-tests-")
atexit.register(shutil.rmtree, os.environ["SPRINGTIDE_HOME"], ignore_errors=True)

from springtide.desk.settings import *  # noqa: E402, F403
from springtide.desk.settings import DATABASES  # noqa: E402

SECRET_KEY = "only for tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one protects nobody here
if "sqlite3" in str(DATABASES["default"]["ENGINE"]):
    # A file, not memory: in memory there is one connection, and two that write at once could not be tested.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["SPRINGTIDE_HOME"]) / "tests.sqlite3")}
