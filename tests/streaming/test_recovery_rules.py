"""What is right although it looks odd, and where a refusal says to go on."""

from __future__ import annotations

import pytest

from streaming.recovery.judgement import InputFacts, StoreFacts, fault_of
from streaming.recovery.marks import Mark

TOPIC = "trades-dev"


def mark(began: int, reached: int, *stores: str, topic_id: str = "a") -> Mark:
    return Mark({TOPIC: began}, {TOPIC: reached}, {TOPIC: topic_id}, stores or ("default",))


def store(
    newest: Mark | None = None,
    local: Mark | None = None,
    *,
    name: str = "default",
    entries: int | None = None,
    local_offset: int | None = None,
    low: int = 0,
) -> StoreFacts:
    high = entries if entries is not None else low if newest is None else low + 10
    held = 9 if local is not None and local_offset is None else local_offset
    return StoreFacts(name, f"changelog-{name}", held, local, low, high, newest)


def facts(committed: int | None, *stores: StoreFacts, low: int = 0, high: int = 100, **more: bool) -> InputFacts:
    return InputFacts(TOPIC, 0, committed, low, high, topic_id="a", stores=stores, **more)


RIGHT = {
    "a new service": facts(None, store()),
    "a new pair's partition": facts(None, store(), high=0),
    "a service without state": facts(50),
    "a service without state at the trimmed end": facts(100, low=100),
    "a folder and a changelog in step": facts(50, store(mark(40, 50), mark(40, 50))),
    "a new pod": facts(50, store(mark(40, 50))),
    "no message has made state yet: the mark is all there is": facts(50, store(mark(40, 50))),
    "killed between changelog and commit": facts(50, store(mark(50, 60), mark(40, 50))),
    "killed so on a new pod": facts(50, store(mark(50, 60))),
    "killed so in its first checkpoint": facts(None, store(mark(0, 20))),
    "killed so where the topic expires and begins late": facts(None, store(mark(30, 40)), low=30, expires=True),
    "expired before it was read": facts(10, low=30, expires=True),
    "a folder behind its changelog": facts(50, store(mark(40, 50), mark(20, 30), local_offset=4)),
    "a store that is new": facts(50, store(mark(40, 50), mark(40, 50)), store(name="candles-300s")),
    "a store that was left out for a while": facts(
        50, store(mark(40, 50), mark(40, 50)), store(mark(20, 30), mark(20, 30), name="candles-300s")
    ),
    "a second input of which nothing came": facts(None, store(mark(0, 0)), others_committed=True),
    "a second input that came later": facts(
        None, store(Mark({}, {"other": 7}, {}, ("default",))), others_committed=True
    ),
    "state of an earlier release": facts(50, store(entries=10)),
    "the changelog's beginning is gone, the folder is ahead of it": facts(
        50, store(mark(40, 50), mark(40, 50), low=5, local_offset=14)
    ),
}
WRONG = {
    "forgotten offsets": (facts(None, store(mark(40, 50))), 50),
    "forgotten offsets, folder kept": (facts(None, store(mark(40, 50), mark(40, 50))), 50),
    "forgotten offsets of an earlier release": (facts(None, store(entries=10)), 0),
    "forgotten offsets, input trimmed beyond the state": (facts(None, store(mark(40, 50)), low=70), 70),
    "set back": (facts(30, store(mark(40, 50))), 50),
    "set back by less than a checkpoint": (facts(47, store(mark(40, 50))), 50),
    "set back, folder kept": (facts(40, store(mark(40, 50), mark(40, 50))), 50),
    "set forward": (facts(60, store(mark(40, 50))), 50),
    "all state gone": (facts(50, store()), 0),
    "all state gone, input trimmed": (facts(50, store(), low=20), 50),
    "one store of two gone": (facts(50, store(mark(40, 50, "default", "w")), store(name="w")), 50),
    "messages never read": (facts(10, store(mark(5, 10)), low=30), 30),
    "messages never read, without state": (facts(10, low=30), 30),
    "a new service in the middle": (facts(None, low=30), 30),
    "another log": (facts(150, store(mark(140, 150))), 100),
    "another topic of the name": (facts(50, store(mark(40, 50, topic_id="b"))), 0),
    "a folder ahead of its changelog": (facts(50, store(mark(40, 50), mark(40, 50), local_offset=30)), None),
    "a folder without a changelog": (facts(50, store(None, mark(40, 50))), None),
    "a changelog without its beginning": (facts(50, store(mark(40, 50), low=5)), 50),
}


@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_it_goes_on(case: InputFacts) -> None:
    assert fault_of(case) is None


@pytest.mark.parametrize(("case", "go_on_at"), WRONG.values(), ids=WRONG)
def test_it_refuses_and_says_where_to_go_on(case: InputFacts, go_on_at: int | None) -> None:
    fault = fault_of(case)
    assert fault is not None
    assert fault.go_on_at == go_on_at
    assert "\n" not in fault.words
