"""Each fault that once kept the cluster from coming up is found when it is planted, and is not there."""

from __future__ import annotations

import pytest
from pod_rules import ADMISSION
from tests.deployments.planted_faults import FAULTS


@pytest.mark.parametrize("number", FAULTS)
def test_a_planted_fault_is_found_and_is_not_there(number: str) -> None:
    if number == "2" and not ADMISSION.exists():
        pytest.skip("pod-admission is not built: deployments/admission/build.sh, with Go")
    fault = FAULTS[number]
    assert fault.complaints(True), fault.what
    assert not fault.complaints(False), fault.what
