"""What a formatter, a type checker and the import contract can hold, they hold; here, so that one run tells everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "--output-format=concise"], id="lint"),
        pytest.param(["ruff", "format", "--check"], id="format"),
        pytest.param(["mypy"], id="types"),
        pytest.param(["lint-imports", "--no-cache"], id="import contract"),
    ],
)
def test_the_tree_passes(command, pytestconfig):
    ran = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=400
    )
    if ran.returncode:
        pytest.fail(f"{' '.join(command)}\n{ran.stdout[-20_000:]}{ran.stderr[-2_000:]}", pytrace=False)
