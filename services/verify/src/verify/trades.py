"""The trades of two logs: one by one, since each feed groups them into frames of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from contracts.errors import BadMessageError
from contracts.message import Message
from contracts.trade_frame import TradeFrame
from streaming.record import Record
from verify.compare import Index


def one_by_one(records: Iterable[Record]) -> Index:
    """Return an index of single trades; heartbeats and markers tell of a feed's timing and are left out."""
    index = Index()
    for record in records:
        try:
            message = record.message()
        except BadMessageError as error:
            index.unreadable.append((record, str(error)))
            continue
        for name, value in _trades(message):
            index.add(name, replace(record, value=value, timestamp_ms=0))
    return index


def _trades(message: Message) -> Iterator[tuple[str, bytes]]:
    if not isinstance(message, TradeFrame):
        return
    for trade_id, timestamp_us, price, quantity, side in message.rows():
        fields = {"timestamp_us": timestamp_us, "price": price, "quantity": quantity, "side": side}
        yield f"{message.exchange}:{message.pair}:{trade_id}", json.dumps(fields).encode()
