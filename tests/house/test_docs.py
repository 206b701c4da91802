"""The documents: pages made from the code are what the code says, and what a page tells a reader to type works."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from springtide.cli.main import springtide

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def _generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


generate = _generator()
RUNS_COMMANDS = {"json.md"}


# Pages made from the code


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in RUNS_COMMANDS else []) for name in generate.pages()]
)
def test_a_made_page_is_what_the_code_says(name):
    stale = [path.relative_to(ROOT) for path, _ in generate.stale([name])]
    assert not stale, f"{stale[0]} is stale. Renew it: ./run docs"


def test_no_made_page_is_left_over():
    made = {generate.FOLDER / name for name in generate.pages()}
    marked = {path for path in generate.FOLDER.rglob("*.md") if "do not edit" in path.read_text(encoding="utf-8")[:300]}
    assert marked - made == {
        generate.FOLDER / name for name in ("engines.md", "performance.md")
    }  # those are made by ./run bench --write


def test_a_list_in_a_docstring_is_read_entry_by_entry():
    told = generate.aligned(
        "What it does.\n\n    one        the first\n    two, both  a second\n               that runs on\n\nAnd more   of it."
    )
    assert told["one"] == "the first"


def test_a_long_answer_is_cut_where_it_repeats_itself():
    answer = {"rows": [1, 2, 3], "of": {"a": {}, "b": {}, "c": {}, "d": {}}, "deep": {"er": {"still": 1}}}
    assert (
        generate.folded(generate.shortened(answer, 2))
        == '{"rows": [1, 2, …], "of": {"a": {}, "b": {}, "c": {}, …}, "deep": {"er": {…}}}'
    )


# What a page tells a reader to type

# Each of these begins with the home `acme` that the tutorial made; README and the tutorial make their own.
HOW_TO = sorted(path.relative_to(ROOT).as_posix() for path in (DOCS / "how-to").glob("*.md") if path.name != "index.md")
FROM_NOTHING = ("README.md", "docs/tutorial/first-morning.md")
RUN_BY = ("bash", "python", "sql")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, with the `text` block that shows what it prints, if one follows."""

    line: int
    language: str
    text: str
    shown: str = ""


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page that can be run. One after `<!-- not run: reason -->` is left out."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = list(re.finditer(r"^(<!-- not run: [^\n]+ -->\n)?```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL))
    for number, each in enumerate(found):
        if each[1] or each[2] not in RUN_BY:
            continue
        after = found[number + 1] if number + 1 < len(found) else None
        is_shown = after and after[2] == "text" and not text[each.end() : after.start()].strip()
        yield Block(text[: each.start()].count("\n") + 1, each[2], each[3], after[3] if is_shown else "")


class Reader:
    """Somebody who types what a page says, in a folder that looks like the repository's, with an exchange's exports in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, object] = {}
        for name in ("docs", "springtide"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copytree(DOCS / "tutorial" / "exports", folder / "exports")

    def types(self, block: Block) -> str:
        return getattr(self, f"_{block.language}")(block.text)

    def _bash(self, text: str) -> str:
        said, waiting, document = "", "", ""
        for line in text.replace("\\\n", " ").splitlines():
            if document or (begun := re.search(r"<<'(\w+)'", line)):
                document = "" if line == document else document or begun[1]
                waiting += line + "\n"
            elif re.match(r"(springtide|\./run)\b", line):
                said += self._shell(waiting) + self._springtide(shlex.split(line, comments=True))
                waiting = ""
            else:
                waiting += line + "\n"
        return said + self._shell(waiting)

    def _shell(self, text: str) -> str:
        if not text.strip():
            return ""
        ran = subprocess.run(["bash", "-euc", text], cwd=self.folder, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def _springtide(self, words: list[str]) -> str:
        """In this process: starting one costs a second a command. What waits for somebody is only looked up."""
        if words[0] == "./run":
            assert words[1:2] == [] or f"./run {words[1]} " in (ROOT / "run").read_text(encoding="utf-8"), " ".join(words)
            return ""
        if "serve" in words or any(word.startswith("postgresql:") for word in words):
            words = [*words, "--help"]
        ran = CliRunner().invoke(springtide, words[1:])
        assert ran.exit_code == 0, f"{' '.join(words)}\n{ran.output}\n{ran.exception!r}"
        return ran.output

    def _python(self, text: str) -> str:
        exec(compile(text, "page", "exec"), self.names)
        return ""

    def _sql(self, text: str) -> str:
        with duckdb.connect() as connection:
            return str(connection.sql(text) if text.count(";") == 1 else connection.execute(text).fetchall())


def follow(page: str, folder: Path) -> None:
    """Type every block of a page, and see what it says one sees; `…` stands for anything."""
    reader = Reader(folder)
    for block in blocks(page):
        said = reader.types(block)
        for line in filter(None, block.shown.splitlines()):
            pattern = ".*".join(re.escape(part.strip()) for part in line.split("…"))
            assert re.search(pattern, said), f"{page}, line {block.line}: nothing says\n{line}\n\nit says\n{said}"


@pytest.fixture(scope="module")
def tutorial_home(tmp_path_factory) -> Path:
    """The home that the tutorial makes, for the pages that begin where it ends."""
    folder = tmp_path_factory.mktemp("tutorial")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        follow("docs/tutorial/first-morning.md", folder)
    return folder / "acme"


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
def test_the_tutorial_can_be_followed(tutorial_home):
    assert (tutorial_home / "lake" / "manifest.json").is_file()


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
def test_the_readme_can_be_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    follow("README.md", tmp_path)


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize("page", HOW_TO)
def test_a_how_to_can_be_followed(page, tutorial_home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tutorial_home, tmp_path / "acme")
    follow(page, tmp_path)


def test_every_page_that_shows_commands_is_followed():
    explained = sorted(path.relative_to(ROOT).as_posix() for path in DOCS.rglob("*.md") if path.parent.name != "reference")
    untested = {page for page in explained if page not in (*HOW_TO, *FROM_NOTHING)}
    assert [page for page in untested if any(block.language in ("bash", "python") for block in blocks(page))] == []
