"""Settings name the variable; progress never runs backwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from contracts.trade_frame import TradeFrame
from streaming.settings import load_settings
from trades.core import progress as fold
from trades.settings import TradesSettings


def test_lists_come_from_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADES_PAIRS", "BTC/USD, SOL/EUR")
    monkeypatch.setenv("TRADES_FILE", "a.csv,b.csv")
    settings = load_settings(TradesSettings)
    assert settings.pairs == ("BTC/USD", "SOL/EUR") and settings.file == (Path("a.csv"), Path("b.csv"))
    assert settings.label == "kraken"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pairs": ("XBTUSD",)}, "pairs"),
        ({"pairs": (), "variant": "historical"}, "TRADES_PAIRS with at least one pair"),
        ({"exchange": "nasdaq"}, "one of .*kraken.*recorded"),
        ({"outage_seconds": -1}, "outage_seconds"),
        ({"pairs": ("BTC/USD", "BTC/USD")}, "BTC/USD more than once"),
        ({"exchange": "recorded"}, "TRADES_FILE with at least one file"),
        ({"exchange": "recorded", "file": ("a", "b"), "file_pair": ("BTC/USD",)}, "one entry for each of 2 files"),
        ({"websocket_url": "https://x"}, "websocket_url"),
        ({"requests_per_second": 0}, "requests_per_second"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TradesSettings(**changes)  # type: ignore[arg-type]


def test_every_setting_is_in_the_contract_card() -> None:
    card = (Path(__file__).parents[2] / "services/trades/README.md").read_text()
    own = [name for name, info in TradesSettings.model_fields.items() if info.validation_alias is None]
    assert [name for name in own if f"`TRADES_{name.upper()}`" not in card] == []


def frame(*ids: int) -> TradeFrame:
    ones = ["1"] * len(ids)
    return TradeFrame(
        exchange="kraken",
        pair="BTC/USD",
        consecutive_ids=True,
        trade_ids=list(ids),
        timestamps_us=[i * 10 for i in ids],
        prices=ones,
        quantities=ones,
        sides=["buy"] * len(ids),
    )


def test_progress_follows_what_was_written() -> None:
    start = fold.initial("kraken", "BTC/USD", 30, "29")
    assert (start.last_trade_id, start.covered_to_us, start.cursor) == (None, 30, "29")
    some = fold.after_frame(start, frame(7, 8), "79")
    assert (some.last_trade_id, some.last_timestamp_us, some.covered_to_us, some.cursor) == (8, 80, 80, "79")
    assert fold.after_frame(some, frame(5), "79") == some, "late trades move nothing back"
    assert fold.covered_to(some, 70) == some
    assert fold.covered_to(some, 95).covered_to_us == 95
    done = fold.history_done(some, 90)
    assert done.history_complete and done.covered_to_us == 90 and done.cursor == "79"
