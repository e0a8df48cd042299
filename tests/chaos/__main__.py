"""Break everything that can break, all through a live market, and compare what was written: `make chaos`.

On the embedded log and on Kafka one continuous run in which each service is killed `kills` times, then a shorter run
for each other fault; after each, every topic is compared with an undisturbed run and with the market itself.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.comparing import compare
from tests.chaos.disturbances import FAULTS, Fault, Stage
from tests.chaos.live_run import train_model, undisturbed
from tests.chaos.small_disk import NoSmallDiskError
from tests.chaos.sweep_table import Row, print_row, print_table
from tests.kafka.six_services import Written
from tests.kafka.throwaway_broker import Broker, free_port
from tests.support.fork_server import prepare_server

from contracts.services import FLOW_NAMES

#: How fast the market of the many kills runs, and that of each other fault with its minutes.
_SPEED_OF_KILLS = 30.0
_SHORT_MARKET = (20.0, 50.0)
_SPEED_UNDISTURBED = 150.0


@dataclass
class Sweep:
    """What all runs of a sweep share.

    Parameters
    ----------
    seed, kills, pause_seconds
        Of the kills: what they are drawn from, how many of each service, mean seconds between two of them.
    """

    folder: Path
    seed: int
    kills: int
    pause_seconds: float
    model: dict[str, str] = field(default_factory=dict)
    expected: dict[tuple[float, float], Written] = field(default_factory=dict)

    def market_size(self, fault: Fault) -> tuple[float, float]:
        """Return the minutes of market that `fault` needs, and their speed."""
        if fault.name != "kills":
            return _SHORT_MARKET
        seconds = self.kills * len(FLOW_NAMES) * self.pause_seconds
        return round(seconds * _SPEED_OF_KILLS / 60), _SPEED_OF_KILLS

    def row(self, fault: Fault, log: str, broker: Broker | None) -> Row:
        """Do `fault` on a log, and compare."""
        began = time.monotonic()
        size = self.market_size(fault)
        name = f"{log}-{fault.name.replace(' ', '-')}"
        verdict, note, skipped = None, "", False
        try:
            expected = self._expected(size)
            stage = Stage(name, self.folder / name, broker, self.model, size, self.seed, self.kills)
            began = time.monotonic()
            run, note = fault.do(stage)
            verdict = compare(run.everything, expected, run.market.true_trades)
        except NoSmallDiskError as error:
            note, skipped = str(error), True
        except Exception as error:  # noqa: BLE001 - the next faults are worth their run; this one is a difference
            note = f"{type(error).__name__}: {error}"
            (self.folder / name / "sweep.log").write_text(traceback.format_exc(), encoding="utf-8")
        return Row(log, fault.name, verdict, time.monotonic() - began, note, skipped)

    def _expected(self, size: tuple[float, float]) -> Written:
        if not self.model:
            (self.folder / "model").mkdir()
            self.model = train_model(self.folder / "model")
        if size not in self.expected:
            name = f"undisturbed-{size[0]:g}"
            stage = Stage(name, self.folder / name, None, self.model, (size[0], _SPEED_UNDISTURBED), self.seed)
            self.expected[size] = undisturbed(stage.folder, stage.market(), self.model)
        return self.expected[size]


@contextmanager
def opened(log: str, folder: Path) -> Iterator[Broker | None]:
    """Start what a log needs: nothing, or a broker on a free port."""
    if log == "embedded":
        yield None
        return
    broker = Broker(folder / "kafka", free_port())
    broker.up()
    try:
        yield broker
    finally:
        broker.run("down")


def main() -> int:
    """Run the sweep; 1 if anything differed."""
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kills", type=int, default=50, help="of each service")
    parser.add_argument("--pause", type=float, default=1.3, help="mean seconds between two kills")
    parser.add_argument("--log", choices=("embedded", "kafka", "both"), default="both")
    parser.add_argument("--only", nargs="*", choices=names, default=names, metavar="FAULT", help=", ".join(names))
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    logs = ("embedded", "kafka") if asked.log == "both" else (asked.log,)
    print(f"seed {asked.seed}, {asked.kills} kills of each service, runs in {folder}", flush=True)
    prepare_server()
    sweep = Sweep(folder, asked.seed, asked.kills, asked.pause)
    rows = []
    for log in logs:
        with opened(log, folder) as broker:
            for fault in FAULTS:
                if fault.name in asked.only and log in fault.logs:
                    rows.append(sweep.row(fault, log, broker))
                    print_row(rows[-1])
    print_table(rows, asked.seed)
    if not all(row.good for row in rows):
        print(f"differences: see the logs in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
