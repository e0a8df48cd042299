"""The parts of the reference that are read off the code are what the code says today."""

from __future__ import annotations

from typing import Any

import pytest
from docs.writers.__main__ import DOCS, WRITTEN
from docs.writers.markdown import BEGIN, END, filled, marked, table
from docs.writers.settings import settings_classes, variables
from tests.support.workspace import ROOT

from streaming.settings import ServiceSettings, environment_variable
from streaming.variables import KNOWN_FILE


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_is_what_the_code_says(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert filled(page, WRITTEN[name]()) == page, "make docs-pages writes it anew"


def test_the_list_of_variables_is_that_of_the_settings_classes() -> None:
    assert KNOWN_FILE.read_text(encoding="utf-8").split() == list(variables()), "make docs-pages writes it anew"


def test_every_setting_of_every_service_is_on_the_page() -> None:
    page = (DOCS / "reference/settings.md").read_text(encoding="utf-8")
    classes = settings_classes()
    assert {path.parent.name for path in ROOT.glob("services/*/src/*/settings.py")} - set(classes) == set()
    every: list[Any] = [ServiceSettings, *classes.values()]
    for cls in every:
        for field in cls.model_fields:
            variable = environment_variable(cls, field)
            assert page.count(f"| `{variable}` |") == 1, variable


def test_only_what_is_between_the_marks_is_written() -> None:
    page = f"# A\n\n{BEGIN}\nold\n{END}\n\nz\n"
    assert filled(page, ["new"]) == f"# A\n\n{BEGIN}\n\nnew\n\n{END}\n\nz\n"
    with pytest.raises(ValueError, match="expected a page with the lines"):
        filled("# A", [])


def test_cells_keep_their_bars_and_angle_brackets() -> None:
    assert table(["a"], [["x|y"]]) == ["| a |", "| --- |", "| x\\|y |"]
    assert marked("off; <data_dir>/store.sqlite") == "off; `<data_dir>/store.sqlite`"
