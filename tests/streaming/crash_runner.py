"""Runs a program in forked children and kills them with SIGKILL, from a process that has imported everything once.

`python crash_runner.py <mode> <json options>`; prints what it did as JSON.
"""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.streaming.tally import TALLIES, TallySettings, topology
from tests.support.waiting import let_pass

from contracts.topics import TRADES
from streaming.clients import end_offsets
from streaming.embedded import compaction, group, topic_log, transactions, upkeep
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.producer import EmbeddedProducer
from streaming.quix.changelog import CHANGELOG_PREFIX
from streaming.service.runner import run_service

#: Steps of a commit after (or before) which a child can be made to die: (module or class, function, after it ran?)
STEPS: dict[str, tuple[Any, str, bool]] = {
    "before topic append": (topic_log.TopicLog, "append", False),
    "after topic append": (topic_log.TopicLog, "append", True),
    "before offsets": (group.GroupOffsets, "commit", False),
    "after offsets": (group.GroupOffsets, "commit", True),
    "after journal": (transactions, "_apply", False),
    "before journal is cleared": (transactions, "_clear", False),
    "after journal is cleared": (transactions, "_clear", True),
}


def die_at(step: str, call: int) -> None:
    """Have this process killed at the `call`-th time it comes to `step`."""
    owner, name, after = STEPS[step]
    original = getattr(owner, name)
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == call and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, wrapped)


def compact_always() -> None:
    """Compact every changelog after every commit, however little there is to gain."""
    upkeep.INTERVAL_SECONDS = 0.0
    vars(upkeep)["compact"] = functools.partial(compaction.compact, dirty_records=0)


def run_child(program: Callable[[], int], live_seconds: float | None) -> int:
    """Run `program` in a fork; kill it after `live_seconds` if given. Return its wait status."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = program()
        finally:
            os._exit(code)
    if live_seconds is not None:
        let_pass(live_seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def serve(settings: TallySettings, step: str | None = None, call: int = 0) -> int:
    if step:
        die_at(step, call)
    return run_service(
        settings, service="tally", inputs=[TRADES], outputs=[TALLIES], topology=topology, stop_at_end=True
    )


def kill_service(folder: str, guarantee: str, seed: int, kills: int, wipe: bool) -> dict[str, Any]:
    """Kill a service at random moments and at every step of its commit, then let it finish.

    With `wipe` the state folder is deleted between kills, and the changelogs it is rebuilt from are compacted all the
    time.
    """
    if wipe:
        compact_always()
    settings = TallySettings(
        broker_address=f"embedded://{folder}/log",
        data_dir=Path(folder),
        processing_guarantee=guarantee,
        commit_interval_seconds=0.05,
        pause_seconds=0.0005,
        log_level="CRITICAL",
    )
    dice = random.Random(seed)
    ends = []
    for number in range(kills):
        run_child(lambda: serve(settings), dice.uniform(0.1, 0.35))
        ends.append(end_offsets(settings, TALLIES).get(0, 0))
        if wipe and number % 2:
            shutil.rmtree(settings.state_dir_for("tally"), ignore_errors=True)
    died = {}
    for step in STEPS:
        status = run_child(lambda step=step: serve(settings, step, dice.randint(2, 3)), None)
        died[step] = os.WIFSIGNALED(status)
    status = run_child(lambda: serve(settings.model_copy(update={"pause_seconds": 0.0})), None)
    log = EmbeddedLog(Path(folder) / "log")
    changelogs = [log.topic(name) for name in log.topic_names() if name.startswith(CHANGELOG_PREFIX)]
    holes = sum(len(topic.read(0, 0, 10**6)[0]) < topic.watermarks(0)[1] for topic in changelogs)
    return {"ends": ends, "died": died, "exit": os.waitstatus_to_exitcode(status), "compacted": holes}


def produce_batches(folder: str, name: str, pipe: int) -> int:
    producer = EmbeddedProducer({"bootstrap.servers": f"embedded://{folder}"})
    for batch in range(1_000_000):
        for part in range(10):
            producer.produce("t", b"%d-%d" % (batch, part), key=name.encode(), partition=0)
        producer.flush()
        os.write(pipe, b"%d\n" % batch)
    return 0


def kill_producer(folder: str, seed: int, kills: int) -> dict[str, Any]:
    """Kill a producer at random moments; return the last batch confirmed to each."""
    EmbeddedLog(Path(folder)).create_topic("t", topic_log.TopicSettings())
    dice = random.Random(seed)
    confirmed = {}
    for number in range(kills):
        reading, writing = os.pipe()
        name = f"p{number}"
        run_child(lambda name=name, pipe=writing: produce_batches(folder, name, pipe), dice.uniform(0.02, 0.12))
        os.close(writing)
        with os.fdopen(reading, "rb") as acknowledgements:
            lines = acknowledgements.read().split()
        confirmed[name] = int(lines[-1]) if lines else -1
    return {"confirmed": confirmed}


if __name__ == "__main__":
    modes: dict[str, Callable[..., object]] = {"service": kill_service, "producer": kill_producer}
    print(json.dumps(modes[sys.argv[1]](**json.loads(sys.argv[2]))))
