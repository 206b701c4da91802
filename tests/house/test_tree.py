"""What a newcomer is promised, and what must never be in the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]
LAYERS = [contract for contract in CONTRACTS if contract["type"] == "layers"]
# A package registry's address ties everybody to one; a path of somebody's machine helps nobody else.
OUT_OF_PLACE = re.compile(
    r"(pypi|pythonhosted|npmjs)\.(org|com)|(?<![\w.-])(deb|security|www)\.debian\.|(?<![\w.*/-])/(work|root)/"
)


@pytest.fixture(scope="module")
def tracked():
    """Every text that git keeps, by its path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this tree is not a git checkout")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (held := path.read_bytes()):
            texts[name] = held.decode("utf-8", errors="replace")
    return texts


def package_files():
    return [path for path in (ROOT / "springtide").rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_no_file_names_a_registry_or_a_path_of_one_machine(tracked):
    found = {
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in tracked.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if OUT_OF_PLACE.search(line)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("line", "is_out_of_place"),
    [
        ("see https://py" + "pi.org/simple", True),
        ("cd /wo" + "rk/main", True),
        ("/ro" + "ot/.cache", True),
        ("a Debian package", False),
        ("docs/work/list.md", False),
    ],
)
def test_what_is_out_of_place_is_recognised(line, is_out_of_place):
    assert bool(OUT_OF_PLACE.search(line)) is is_out_of_place


def test_every_folder_of_the_package_says_what_it_is():
    folders = {path.parent for path in package_files() if path.suffix == ".py" and "migrations" not in path.parts}
    silent = [
        str(folder.relative_to(ROOT))
        for folder in folders
        if not (folder / "__init__.py").is_file()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_layer_contract_is_exhaustive():
    assert [contract["name"] for contract in LAYERS if not contract.get("exhaustive")] == []


def test_every_floor_with_rooms_has_a_contract():
    floors = {"springtide", "springtide.operations", "springtide.analytics"}
    assert {container for contract in LAYERS for container in contract["containers"]} == floors


def test_the_readme_opens_with_the_two_commands():
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:40])
    commands = {line.split("#")[0].strip() for line in first_screen.splitlines()}
    assert {"./run", "./run test"} <= commands


def test_every_link_between_documents_leads_somewhere(tracked):
    links = [
        (name, target)
        for name, text in tracked.items()
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        if "://" not in target
    ]
    broken = [link for link in links if not (ROOT / link[0]).parent.joinpath(link[1]).exists()]
    assert broken == []


def test_every_page_of_the_documentation_is_listed_in_its_folder():
    unlisted = [
        str(page.relative_to(ROOT))
        for page in (ROOT / "docs").rglob("*.md")
        if page.name != "index.md" and f"({page.name})" not in (page.parent / "index.md").read_text(encoding="utf-8")
    ]
    assert unlisted == []


def test_what_lies_beside_the_code_is_packed_with_it():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    left_out = [
        str(path.relative_to(ROOT))
        for path in package_files()
        if path.suffix != ".py" and not any(PurePath(path.name).match(pattern.removeprefix("**/")) for pattern in patterns)
    ]
    assert left_out == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_a_lock_pins_everything_by_hash(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9.-]+==\S+( ; [^\\]+)? \\", pin)] == []
    assert len(re.findall(r"\\\n    --hash=sha256:", text)) >= len(pins)


def test_the_lock_names_all_that_the_product_needs():
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE))
    needed = {re.split(r"[\[<>=]", requirement)[0].lower() for requirement in PROJECT["project"]["dependencies"]}
    assert needed - locked == set()


def test_what_the_tests_run_on_has_the_versions_the_product_is_given():
    def pins(lock):
        return set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE))

    assert pins("requirements.lock") - pins("requirements-test.lock") == set()
