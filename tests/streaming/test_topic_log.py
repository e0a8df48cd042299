"""Laws of one topic: offsets, headers, retention, compaction."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.embedded.compaction import compact
from streaming.embedded.errors import EmbeddedLogError
from streaming.embedded.headers import decode, encode
from streaming.embedded.log import EmbeddedLog
from streaming.embedded.retention import expire
from streaming.embedded.topic_log import TopicLog, TopicSettings

BATCHES = st.lists(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=8)), max_size=6), max_size=8)


def new_topic(folder: Path, **settings: object) -> TopicLog:
    log = EmbeddedLog(folder)
    log.create_topic("t", TopicSettings(**settings))  # type: ignore[arg-type]
    return log.topic("t")


def values(log: TopicLog, partition: int = 0) -> list[tuple[int, bytes | None]]:
    return [(row[0], row[3]) for row in log.read(partition, 0, 1_000_000)[0]]


@given(BATCHES)
def test_offsets_count_up_per_partition_in_the_order_written(batches: list[list[tuple[int, bytes]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = new_topic(Path(folder), partitions=3)
        written: dict[int, list[bytes]] = {0: [], 1: [], 2: []}
        for batch in batches:
            offsets = log.append([(partition, 1, b"k", value, None) for partition, value in batch])
            for (partition, value), offset in zip(batch, offsets, strict=True):
                assert offset == len(written[partition])
                written[partition].append(value)
        for partition, expected in written.items():
            assert values(log, partition) == list(enumerate(expected))
            assert log.watermarks(partition) == (0, len(expected))


@given(st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8)), min_size=1))
def test_headers_survive(pairs: list[tuple[str, bytes | None]]) -> None:
    assert decode(encode(pairs)) == pairs


def test_no_headers_stay_none() -> None:
    assert decode(encode(None)) is None
    assert decode(encode({"a": "b"})) == [("a", b"b")]


def write_from_another_process(folder: Path, name: str, count: int) -> None:
    topic = EmbeddedLog(folder).topic("t")
    for number in range(count):
        topic.append([(0, number, name.encode(), b"%d-%d" % (number, part), None) for part in range(3)])


def test_processes_writing_at_once_give_no_gap_and_keep_their_own_order(tmp_path: Path) -> None:
    log = new_topic(tmp_path)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_from_another_process, args=(tmp_path, f"w{n}", 100)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    rows, end = log.read(0, 0, 10_000)
    assert [row[0] for row in rows] == list(range(end)) == list(range(4 * 100 * 3))
    for name in (b"w0", b"w1", b"w2", b"w3"):
        mine = [row for row in rows if row[2] == name]
        assert [row[3] for row in mine] == [b"%d-%d" % (number, part) for number in range(100) for part in range(3)]
        batches = [mine[start : start + 3] for start in range(0, 300, 3)]
        assert all(batch[2][0] - batch[0][0] == 2 for batch in batches), "a batch was torn apart"


def test_a_topic_is_created_once_however_many_try(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path)
    assert log.create_topic("t", TopicSettings(partitions=2))
    assert not log.create_topic("t", TopicSettings(partitions=5))
    assert log.topic("t").partitions == 2
    assert log.topic_names() == ["t"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 201])
def test_a_name_that_kafka_would_refuse_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EmbeddedLogError, match="expected 1 to 200 letters"):
        EmbeddedLog(tmp_path).create_topic(name, TopicSettings())


def test_retention_deletes_the_expired_head_only(tmp_path: Path) -> None:
    log = new_topic(tmp_path, retention_ms=1_000)
    log.append([(0, timestamp, None, b"", None) for timestamp in (10, 20, 5_000, 30, 6_000)])
    assert expire(log, now_ms=5_500) == 2
    assert [offset for offset, _ in values(log)] == [2, 3, 4]
    assert log.watermarks(0) == (2, 5)
    assert expire(log, now_ms=100_000) == 3
    assert log.watermarks(0) == (5, 5)
    assert log.append([(0, 100_000, None, b"", None)]) == [5]


def test_a_topic_kept_for_ever_expires_nothing(tmp_path: Path) -> None:
    log = new_topic(tmp_path)
    log.append([(0, 1, None, b"", None)])
    assert expire(log, now_ms=10**15) == 0


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.none() | st.binary(max_size=3)), min_size=1))
def test_compaction_keeps_the_newest_of_each_key(records: list[tuple[bytes, bytes | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = new_topic(Path(folder), cleanup_policy="compact")
        log.append([(0, 1, key, value, None) for key, value in records])
        compact(log, dirty_records=0)
        newest = {key: offset for offset, (key, _) in enumerate(records)}
        assert [offset for offset, _ in values(log)] == sorted(newest.values())
        assert log.watermarks(0)[1] == len(records)


def test_a_deletion_marker_goes_with_the_second_compaction(tmp_path: Path) -> None:
    log = new_topic(tmp_path, cleanup_policy="compact")
    log.append([(0, 1, b"a", b"1", None), (0, 1, b"a", None, None)])
    compact(log, dirty_records=0)
    assert values(log) == [(1, None)]
    log.append([(0, 1, b"b", b"2", None)])
    compact(log, dirty_records=0)
    assert values(log) == [(2, b"2")]


def test_an_uncommitted_changelog_entry_displaces_nothing(tmp_path: Path) -> None:
    folder = EmbeddedLog(tmp_path)
    folder.create_topic("changelog__g--in--default", TopicSettings(cleanup_policy="compact"))
    log = folder.topic("changelog__g--in--default")

    def entry(value: bytes, source_offset: int, family: str = "default") -> None:
        headers = {"__column_family__": family, "__processed_tp_offsets__": json.dumps({"in": source_offset})}
        log.append([(0, 1, b"k", value, encode(headers))])

    entry(b"committed", 5)
    entry(b"not committed", 9)
    entry(b"other family", 5, "windows")
    assert compact(log, {("in", 0): 9}, dirty_records=0) == 0
    entry(b"committed later", 10)
    assert compact(log, {("in", 0): 11}, dirty_records=0) == 2
    assert [value for _, value in values(log)] == [b"other family", b"committed later"]
