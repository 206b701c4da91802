"""Code of others is what VENDOR.md says it is."""

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows():
    for line in (ROOT / "VENDOR.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            yield re.search(r"`(.+?)`", cells[0])[1], cells


def test_every_vendored_file_is_listed_with_its_version_licence_and_checksum():
    listed = dict(rows())
    kept = {
        str(path.relative_to(ROOT))
        for folder in ("springtide/desk/static/vendor", "tests/desk/vendor")
        for path in (ROOT / folder).glob("*.js")
    }
    assert listed.keys() == kept
    for name, cells in listed.items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() in cells[4]
        assert re.fullmatch(r"\d+\.\d+\.\d+", cells[2])
        assert list((ROOT / name).parent.glob(f"{Path(name).name.split('.')[0]}.LICENSE"))
