"""Django's settings for tests: the console's own, over a home that is thrown away."""

import os
import tempfile

# Before the console's settings are read: a test that forgets its own home must not find the one somebody works with.
os.environ["SPRINGTIDE_HOME"] = tempfile.mkdtemp(prefix="springtide-tests-")

from springtide.desk.settings import *  # noqa: F403

SECRET_KEY = "only for tests"
