"""What `make graph` writes is what contracts' list of services says."""

from __future__ import annotations

import pytest
from deployments.graph import files
from deployments.graph.pods import PODS

from contracts.services import SERVICES


@pytest.mark.parametrize("path", sorted(files.texts()))
def test_the_files_are_what_contracts_say(path: str) -> None:
    assert (files.ROOT / path).read_text(encoding="utf-8") == files.texts()[path], "make graph writes it anew"


def test_a_file_without_the_comments_around_a_part_is_told() -> None:
    with pytest.raises(ValueError, match=r"expected the parts \['names'\], found \[\]"):
        files._put("some.sh", "services=\n", {"names": ""})


def test_no_pod_is_sized_that_is_no_service() -> None:
    assert set(PODS) <= {each.name for each in SERVICES}
