"""After the source has ended, each stage is waited for in flow order."""

from __future__ import annotations

from pathlib import Path

from tests.support.message_examples import FIELDS
from tests.support.writes_log import commit, put

from contracts.candle import Candle
from contracts.topics import CANDLES, TRADES
from contracts.trade_frame import TradeFrame
from embedded.drain import drain
from embedded.supervisor import Supervisor
from results.run_log import RunLog


def test_each_stage_is_waited_for_until_it_has_committed_everything(tmp_path: Path) -> None:
    log, steps = tmp_path / "log", []
    put(log, TRADES, [TradeFrame.model_validate(FIELDS["trade_frame"])] * 2)
    supervisor = Supervisor(tmp_path / "logs")

    def services() -> None:
        """What the services would do, a step at every look."""
        steps.append(len(steps))
        if len(steps) == 2:  # candles publishes first, then commits: indicators has not been waited for yet
            put(log, CANDLES, [Candle.model_validate(FIELDS["candle"])] * 3)
            commit(log, "candles-dev", TRADES, 2)
        if len(steps) == 5:
            commit(log, "indicators-dev", CANDLES, 3)

    supervisor.on_tick.append(services)
    assert drain(supervisor, RunLog(log), ["indicators", "candles"])
    assert len(steps) == 5


def test_a_stage_that_takes_too_long_ends_the_wait(tmp_path: Path) -> None:
    log = tmp_path / "log"
    put(log, TRADES, [TradeFrame.model_validate(FIELDS["trade_frame"])])
    assert not drain(Supervisor(tmp_path / "logs"), RunLog(log), ["candles"], timeout_s=0.1)


def test_without_any_topic_nothing_is_waited_for(tmp_path: Path) -> None:
    assert drain(Supervisor(tmp_path / "logs"), RunLog(tmp_path / "log"), ["candles", "execution"])


def test_only_new_records_are_read(tmp_path: Path) -> None:
    log, candle = RunLog(tmp_path / "log"), Candle.model_validate(FIELDS["candle"])
    assert log.read_new(CANDLES) == []
    put(tmp_path / "log", CANDLES, [candle] * 5)
    assert len(log.read_new(CANDLES, limit=2)) == 2
    assert len(log.read_tail(CANDLES, limit=2)) == 2
    assert log.read_new(CANDLES) == []
    put(tmp_path / "log", CANDLES, [candle])
    assert len(log.read_tail(CANDLES, limit=2)) == 1
    log.close()
