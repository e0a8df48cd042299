"""A zip is read as the one file in it, whether of trades or of bars."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from contracts.errors import BadInputError
from exchanges.recorded.tables import open_table
from exchanges.recorded_bars.content import open_rows

BESIDE = {"__MACOSX/._a.csv": "x", ".DS_Store": "x", "folder/.hidden": "x", "a.csv.CHECKSUM": "x"}
TEXT = "timestamp,open,high,low,close,volume\n1700000000,1,2,1,2,3\n"


def zipped(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("folder")
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_what_stands_beside_the_data_does_not_count(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**BESIDE, "folder/a.csv": TEXT})
    assert list(open_table(path).first_line()) == TEXT.splitlines()[0].split(",")
    assert open_rows(path).inner_name == "a.csv"


@pytest.mark.parametrize(
    ("files", "listed"), [(BESIDE, "with nothing"), ({"a.csv": TEXT, "b.csv": TEXT}, "with a.csv, b.csv")]
)
def test_none_or_several_are_refused(files: dict[str, str], listed: str, tmp_path: Path) -> None:
    path = zipped(tmp_path, files)
    for read in (lambda: open_table(path).first_line(), lambda: open_rows(path)):
        with pytest.raises(BadInputError, match=f"a zip with one file in it .*{listed}"):
            read()
