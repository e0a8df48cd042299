"""The candles service as it is: its topology, its settings, 1-minute candles only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contestant import Result, Task, report
from benchmarks.stopwatch import run_timed
from candles.app import topology
from candles.settings import CandlesSettings
from contracts.topics import CANDLES, TRADES
from streaming.service.assembly import assemble


def run(task: Task) -> Result:
    """Read frames from the topic `trades` of the task's environment, write to `candles`."""
    settings = CandlesSettings(
        broker_address=task.broker_address,
        environment=task.environment,
        consumer_group=task.group,
        instance_id=task.group,
        data_dir=Path(task.folder),
        intervals_s=(60,),
        store_url="off",
    )
    app = assemble(settings, service="candles", inputs=[TRADES], outputs=[CANDLES], topology=topology, ends=task.job)
    watch = run_timed(app, task.messages)
    return report(watch, live_state_bytes(settings.state_dir_for("candles")))


def live_state_bytes(folder: Path) -> int:
    """Return what the keys and values in the state stores under `folder` add up to."""
    from rocksdict import AccessType, Options, Rdict

    total = 0
    for store in {file.parent for file in folder.rglob("CURRENT")}:
        for family in Rdict.list_cf(str(store)):
            options = {family: Options(raw_mode=True)}
            db: Any = Rdict(str(store), Options(raw_mode=True), options, AccessType.read_only())
            total += sum(len(key) + len(value) for key, value in db.get_column_family(family).items())
            db.close()
    return total
