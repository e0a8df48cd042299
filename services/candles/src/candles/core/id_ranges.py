"""Which trade ids have been applied: ranges, not a high-water mark, so that a late trade is no duplicate.

A range is ``[first_id, last_id, first_us, last_us]``: all ids from first to last, with the times of the trades at its
ends. What lies between two ranges has not been seen; on a venue that numbers its trades without holes it is missing.
"""

from __future__ import annotations

from bisect import bisect_right

Ranges = list[list[int]]


def contains(ranges: Ranges, trade_id: int) -> bool:
    """Whether `trade_id` has been applied."""
    index = bisect_right(ranges, trade_id, key=_first_id) - 1
    return index >= 0 and trade_id <= ranges[index][1]


def with_run(ranges: Ranges, run: list[int]) -> Ranges:
    """Return `ranges` and the ids of `run`, none of which they have.

    Examples
    --------
    >>> with_run([[1, 2, 10, 20], [5, 6, 50, 60]], [3, 4, 30, 40])
    [[1, 6, 10, 60]]
    """
    index = bisect_right(ranges, run[0], key=_first_id)
    before, after = ranges[:index], ranges[index:]
    if before and before[-1][1] + 1 == run[0]:
        left = before.pop()
        run = [left[0], run[1], left[2], run[3]]
    if after and run[1] + 1 == after[0][0]:
        right = after.pop(0)
        run = [run[0], right[1], run[2], right[3]]
    return [*before, run, *after]


def runs(trade_ids: list[int], timestamps_us: list[int]) -> Ranges:
    """Return the runs of consecutive ids in `trade_ids`, which strictly increase.

    Examples
    --------
    >>> runs([1, 2, 4], [10, 20, 40])
    [[1, 2, 10, 20], [4, 4, 40, 40]]
    """
    if trade_ids[-1] - trade_ids[0] + 1 == len(trade_ids):
        return [[trade_ids[0], trade_ids[-1], timestamps_us[0], timestamps_us[-1]]]
    found: Ranges = []
    for trade_id, timestamp_us in zip(trade_ids, timestamps_us, strict=True):
        if found and found[-1][1] + 1 == trade_id:
            found[-1][1], found[-1][3] = trade_id, timestamp_us
        else:
            found.append([trade_id, trade_id, timestamp_us, timestamp_us])
    return found


def _first_id(one: list[int]) -> int:
    return one[0]
