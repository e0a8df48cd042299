"""A list of services stands in contracts; whoever needs one derives it from there."""

from __future__ import annotations

from tests.architecture.naming import naming

#: The list itself, who writes which topic, and two tables of measured sizes.
MAY = {
    "packages/contracts/src/contracts/services.py",
    "packages/contracts/src/contracts/topics.py",
    "deployments/graph/pods.py",
    "benchmarks/scale_plan.py",
}


def test_no_file_lists_the_services_anew() -> None:
    assert {path for path, _ in naming()} <= MAY
