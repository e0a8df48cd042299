"""Cores, memory and disk for a number of pairs and trades a second: measured base figures times a load.

::

    python -m benchmarks.scale_plan --pairs 100 --rate 1000 --accounts 1

`docs/how-to/scale.md` shows where each base figure comes from; its table is what `table(LOADS)` gives.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from contracts.topics import TRADES

SECONDS_A_DAY, SECONDS_A_MINUTE = 86_400, 60
PARTITIONS = TRADES.partitions
#: Of a broker in prod, 200 GiB. With three brokers and three replicas each holds everything.
DISK_GB = 200 * 1.0737
#: Of a core that a replica is planned to use, so that a minute's burst and a restart have room.
PLANNED_SHARE = 0.5
#: One-minute and five-minute bars: bars a pair and minute.
BARS_A_MINUTE = 1 + 1 / 5

# CPU, seconds.
TRADE_S = 180e-6  # candles, 18 % of a core at 1,000 single live trades/s: make bench part=latency logs=kafka
ROW_S = 352e-6  # indicators, full set, Kafka, no store: make bench part=features-service
DECISION_S = 2e-3  # predictions, signals, execution each: 4 % of a core at 20 rows/s: make bench part=latency
BROKER_MESSAGE_S = 0.37e-3  # 40 % of a core at 1,090 messages/s, one broker: make bench part=latency logs=kafka
#: Each message is written by its leader and fetched and written by the others: twice the work in all is assumed.
REPLICATION_WORK = 2

# Memory, MiB, after half an hour: make soak. trades and history: of pods in the cluster.
MEMORY_MIB = {
    "trades": 126,
    "candles": 150,
    "indicators": 157,
    "predictions": 253,
    "signals": 99,
    "execution": 105,
    "history": 190,
}
STATE_KB_A_PAIR = 516 + 50  # indicators and candles, on disk: make bench part=features-restart, part=scale

# Bytes on the log, uncompressed, one message at a time (docs/how-to/scale.md).
TRADE_BYTES = 254
PAIR_MINUTE_BYTES = BARS_A_MINUTE * (457 + 919) + 516  # candle and row of both intervals, prediction
ACCOUNT_MINUTE_BYTES = 439  # books
SIGNAL_BYTES = 614


@dataclass(frozen=True)
class Load:
    """What comes in.

    Parameters
    ----------
    pairs, accounts
        How many; each account trades all pairs.
    trades_per_second
        Of all pairs together, as single messages, which is the worst case.
    """

    pairs: int
    trades_per_second: float
    accounts: int = 1


#: Those of docs/how-to/scale.md.
LOADS = (Load(3, 10), Load(20, 1_000), Load(100, 1_000), Load(100, 10_000), Load(1_000, 10_000), Load(1_000, 50_000))


def cores(load: Load) -> dict[str, float]:
    """Return the cores that are busy on average."""
    minutes_per_second = load.pairs / SECONDS_A_MINUTE
    decisions = minutes_per_second * load.accounts
    trades = load.trades_per_second * TRADE_S
    messages = load.trades_per_second + minutes_per_second * (2 * BARS_A_MINUTE + 1) + decisions
    return {
        "trades": trades,  # assumed to be as much work as folding them
        "candles": trades,
        "indicators": minutes_per_second * BARS_A_MINUTE * ROW_S,
        "predictions": minutes_per_second * DECISION_S,
        "signals": decisions * DECISION_S,
        "execution": decisions * DECISION_S,
        "brokers": messages * BROKER_MESSAGE_S * REPLICATION_WORK,
    }


def replicas(busy: float) -> int:
    """Return how many replicas keep each below its share; more than partitions have nothing to do."""
    return max(1, math.ceil(busy / PLANNED_SHARE))


def memory_gib(load: Load) -> float:
    """Return what the services' processes take, state in memory counted as large as on disk."""
    busy = cores(load)
    mib = sum(each * replicas(busy.get(service, 0)) for service, each in MEMORY_MIB.items())
    return (mib + load.pairs * STATE_KB_A_PAIR / 1024) / 1024


def gigabytes_a_day(load: Load) -> float:
    """Return what a day adds to the log, before compression and replication."""
    of_a_minute = load.pairs * (PAIR_MINUTE_BYTES + load.accounts * SIGNAL_BYTES)
    of_a_minute += load.accounts * ACCOUNT_MINUTE_BYTES
    return SECONDS_A_DAY * (load.trades_per_second * TRADE_BYTES + of_a_minute / SECONDS_A_MINUTE) / 1e9


def burst_s(load: Load) -> float:
    """Return how long the last pair of a minute waits in a stage that has as many replicas as can work."""
    return load.pairs * load.accounts * DECISION_S / PARTITIONS


def table(loads: tuple[Load, ...]) -> str:
    """Return the plan as a table in Markdown."""
    lines = [
        "| pairs | trades/s | services, cores | replicas of candles | services, memory | brokers, cores | log a day"
        " | disk lasts | last pair of a minute |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for load in loads:
        busy, day = cores(load), gigabytes_a_day(load)
        needed = replicas(busy["candles"])
        cells = (
            f"{load.pairs:,}",
            f"{load.trades_per_second:,.0f}",
            f"{sum(busy.values()) - busy['brokers']:.2f}",
            str(needed) if needed <= PARTITIONS else f"{needed}: more partitions",
            f"{memory_gib(load):.1f} GiB",
            f"{busy['brokers']:.1f}",
            f"{day:,.1f} GB",
            f"{DISK_GB / day:,.1f} days",
            f"{burst_s(load):.3f} s",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the plan of the load asked for."""
    parser = argparse.ArgumentParser(description="What a number of pairs and trades a second needs")
    parser.add_argument("--pairs", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="trades a second, all pairs together")
    parser.add_argument("--accounts", type=int, default=1)
    asked = parser.parse_args()
    load = Load(asked.pairs, asked.rate, asked.accounts)
    print(table((load,)))
    print()
    for part, busy in cores(load).items():
        print(f"{part:12} {busy:8.3f} cores busy, {replicas(busy)} at {PLANNED_SHARE:.0%} of a core each")


if __name__ == "__main__":
    main()
