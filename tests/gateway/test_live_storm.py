"""A simulated live run with all faults of a venue: it replays to the same bytes, and fills lead to their trades."""

from __future__ import annotations

import json
import shutil
import sqlite3
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from tests.chaos.divergence import held_against
from tests.chaos.gateway_broken.__main__ import FAULT
from tests.chaos.live_storm import PRELOADED, LiveStorm
from tests.chaos.order_books import Verdict
from tests.chaos.order_storm import KEY, SECRET
from tests.support.fork_server import prepare_server

from contracts.order import Order
from contracts.topics import ORDERS
from featurestore import open_store
from featurestore.explained import explain
from results.export.write import export
from results.report.page import write_report
from results.summary import RunRecord, write_summary
from streaming.clients import read_topic

pytestmark = [pytest.mark.slow, pytest.mark.long]
#: How a key or a secret may stand somewhere.
FORMS = {
    *(form for each in (KEY, SECRET) for form in (each, quote(each, safe=""), b64encode(each.encode()).decode())),
    b64decode(SECRET).decode(),
    b64decode(SECRET).hex(),
}
PAIRS = ("BTC/USD", "ETH/USD")


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveStorm, Verdict]]:
    prepare_server(PRELOADED)
    storm = LiveStorm(
        tmp_path_factory.mktemp("storm"), signals=0, kills=1, accounts=3, pairs=PAIRS, share=0.1, seconds=12
    )
    verdict, _ = storm.run()
    yield storm, verdict


def test_books_equal_the_venues_truth(storm: tuple[LiveStorm, Verdict]) -> None:
    of, verdict = storm
    print(verdict.table())
    assert verdict.good, verdict.table()
    assert verdict.fills > 10
    assert sorted(of.killed) == ["execution", "gateway"]


def test_targets_of_brackets_are_taken(storm: tuple[LiveStorm, Verdict]) -> None:
    """So that the replay and the backtest of this run are those of a run with targets."""
    orders = (record.message() for record in read_topic(storm[0].settings, ORDERS))
    ends = Counter(each.status for each in orders if isinstance(each, Order) and each.purpose == "target")
    print(dict(ends))
    assert ends["FILLED"]


def test_it_replays_without_a_mismatch(storm: tuple[LiveStorm, Verdict]) -> None:
    done = storm[0].verified
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 mismatches" in done.stdout


def test_every_fill_is_explained_down_to_its_trades_each_within_a_second(
    storm: tuple[LiveStorm, Verdict],
) -> None:
    of, verdict = storm
    found = of.explained()
    print(found)
    assert found.missing == {}
    assert found.fills == verdict.fills
    assert found.slowest_seconds < 1


def test_a_backtest_of_it_has_no_difference_and_what_it_is_apart_from_paper_adds_up(
    storm: tuple[LiveStorm, Verdict], tmp_path: Path
) -> None:
    compared, apart = held_against(storm[0], tmp_path / "run")
    assert [each.differences[:3] for each in compared] == [()] * len(compared)
    assert {each.table: each.equal for each in compared}["fills"] == storm[1].fills
    for of in apart:
        assert of.difference.whole == of.venue_equity_quote - of.paper_equity_quote
    assert sum(of.price_error.fills + of.price_error.without for of in apart) == storm[1].fills


def told(of: LiveStorm, out: Path) -> None:
    """Write what people are shown of a run: reports, tables, what `verify` and `explain` say, metrics."""
    found = export(of.folder / "log", out)
    record = RunRecord("storm", "make chaos part=live", "kraken", list(of.pairs), interval_s=of.bar_seconds)
    write_summary(out, record, {}, found, {})
    write_report(out)
    for table in out.glob("*.parquet"):  # packed: nothing would be found in it
        (out / f"{table.stem}.json").write_text(pl.read_parquet(table).write_json(), encoding="utf-8")
    with open_store(of.store_url) as store:
        (out / "explain.json").write_text(json.dumps(explain(store).as_json()), encoding="utf-8")
    done = of.verified
    (out / "verify.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    (out / "metrics.txt").write_text(of.scraped, encoding="utf-8")


def where(*folders: Path) -> list[Path]:
    """Return the files in which a key or a secret stands, in any form."""
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert files
    return [file for file in files if any(form.encode() in file.read_bytes() for form in FORMS)]


def test_no_key_or_secret_is_told_to_anyone(storm: tuple[LiveStorm, Verdict], tmp_path: Path) -> None:
    """Logs at DEBUG, topics, states, store, reports, /metrics, and a traceback from where the secret is in hand."""
    of, _ = storm
    shown = tmp_path / "shown"
    told(of, shown)
    broken, log = ((of.folder / f"{name}.log").read_text(encoding="utf-8") for name in ("broken", "gateway"))
    assert "Traceback" in broken and FAULT in broken and "auth_flow" in broken
    assert "DEBUG" in log and "EOrder:Orders limit exceeded" in log
    assert "tradestream_gateway" in of.scraped and (shown / "report.html").is_file()
    assert {each.suffix for each in of.folder.rglob("*")} >= {".log", ".topic", ".sqlite"}
    assert where(of.folder, shown) == []


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_secret_that_is_planted_is_found_once(storm: tuple[LiveStorm, Verdict], tmp_path: Path, form: str) -> None:
    """In a topic, as a message would bring it."""
    copy = Path(shutil.copytree(storm[0].folder / "log", tmp_path / "log"))
    (topic,) = copy.glob("orders-dev.topic")
    with closing(sqlite3.connect(topic)) as db, db:
        said = f'{{"reason": "{form}"}}'.encode()
        assert db.execute("UPDATE records_0 SET value = ? WHERE offset = 0", (said,)).rowcount == 1
    with closing(sqlite3.connect(topic)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert where(tmp_path) == [topic]
