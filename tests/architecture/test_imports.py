"""What imports what inside the product: no circles, and a library that stays flat."""

from __future__ import annotations

from tests.architecture.import_graph import circles, floors, import_graph

#: Of `streaming`, the library with the longest way from top to bottom.
MOST_FLOORS = 10


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles(import_graph()) == []


def test_a_circle_is_found_and_shares_a_floor() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert circles(graph) == [["b", "c"]]
    assert floors({f"p.{name}": {f"p.{other}" for other in others} for name, others in graph.items()}, "p") == {
        "p.d": 1,
        "p.b": 2,
        "p.c": 2,
        "p.a": 3,
    }


def test_streaming_gets_no_higher() -> None:
    found = floors(import_graph(), "streaming")
    too_high = {name: floor for name, floor in found.items() if floor > MOST_FLOORS}
    assert not too_high
