"""The WebSocket v2 channel ``executions``: text in, values out; pure.

Source: Kraken, "Executions" of the WebSocket v2 documentation. A record repeats little of what was said before, so
the end of an order is news of it, and only an execution is whole. A ``sequence`` that jumps means that something was
missed, and REST has to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contracts.errors import BadInputError
from contracts.units import US_PER_MS
from exchanges import exact_json, fields
from exchanges.frames import Ignored
from exchanges.kraken.private_messages import SIDES
from exchanges.pairs import is_pair
from exchanges.private.execution import FeeIn, VenueExecution, VenueLiquidity
from exchanges.private.order import OrderChange, VenueOrderStatus

ADDRESS = "wss://ws-auth.kraken.com/v2"
EXECUTIONS_CHANNEL = "executions"
STATUSES: Mapping[str, VenueOrderStatus] = {
    "pending_new": "pending",
    "new": "open",
    "partially_filled": "open",
    "filled": "closed",
    "canceled": "cancelled",
    "expired": "expired",
}
_LIQUIDITY: Mapping[str, VenueLiquidity] = {"m": "maker", "t": "taker"}


@dataclass(frozen=True, slots=True)
class ExecutionsFrame:
    """What one frame of the channel says.

    Parameters
    ----------
    snapshot
        Whether it is the state at the time of the subscription, not news.
    sequence
        Counts the frames of the subscription.
    executions, changes
        In the order of the frame.
    """

    snapshot: bool
    sequence: int
    executions: tuple[VenueExecution, ...]
    changes: tuple[OrderChange, ...]


@dataclass(frozen=True, slots=True)
class ExecutionsAnswer:
    """The answer to a subscription.

    Parameters
    ----------
    error
        None: it was taken.
    """

    error: str | None


def executions_request(token: str, request_id: int) -> dict[str, Any]:
    """Return the request for the channel.

    Parameters
    ----------
    token
        From ``GetWebSocketsToken``.
    request_id
        Comes back in the answer.

    Returns
    -------
    dict
        To be sent as JSON. Open orders and the last executions come first: what was told while nobody listened.
    """
    params = {
        "channel": EXECUTIONS_CHANNEL,
        "snap_orders": True,
        "snap_trades": True,
        "order_status": True,
        "token": token,
    }
    return {"method": "subscribe", "params": params, "req_id": request_id}


def parse_executions(text: str | bytes) -> ExecutionsFrame | ExecutionsAnswer | Ignored:
    """Read one message of the private WebSocket.

    Parameters
    ----------
    text
        The message.

    Returns
    -------
    ExecutionsFrame, ExecutionsAnswer or Ignored
        The last for what is not of the channel, such as heartbeats.

    Raises
    ------
    BadInputError
        If it is not JSON, or a record of the channel is not as expected; it names the field.
    """
    frame = exact_json.loads(text)
    if not isinstance(frame, dict):
        raise BadInputError("frame", "a JSON object", text)
    if frame.get("method") == "subscribe":
        return ExecutionsAnswer(None if frame.get("success") is True else str(frame.get("error", "no reason given")))
    if frame.get("channel") != EXECUTIONS_CHANNEL:
        return Ignored(f"not of the channel: {frame.get('channel', frame.get('method'))!r}"[:80])
    kind, sequence, rows = frame.get("type"), frame.get("sequence"), frame.get("data")
    if kind not in ("snapshot", "update"):
        raise BadInputError("type", "snapshot or update", kind)
    if isinstance(sequence, bool) or not isinstance(sequence, int):
        raise BadInputError("sequence", "a whole number", sequence)
    if not isinstance(rows, list):
        raise BadInputError("data", "a list of records", rows)
    records = [_record(row, f"data[{index}]") for index, row in enumerate(rows)]
    executions = tuple(execution for execution, _ in records if execution is not None)
    return ExecutionsFrame(kind == "snapshot", sequence, executions, tuple(change for _, change in records))


def _record(row: Any, place: str) -> tuple[VenueExecution | None, OrderChange]:
    if not isinstance(row, dict):
        raise BadInputError(place, "a record, a JSON object", row)
    at_ms = fields.rfc3339_us(row.get("timestamp"), f"{place}.timestamp") // US_PER_MS
    filled = row.get("cum_qty")
    change = OrderChange(
        venue_order_id=fields.word(row.get("order_id"), f"{place}.order_id"),
        client_order_id=fields.optional_word(row.get("cl_ord_id"), f"{place}.cl_ord_id"),
        status=fields.one_of(row.get("order_status"), f"{place}.order_status", STATUSES),
        filled=None if filled is None else fields.decimal_number(filled, f"{place}.cum_qty"),
        reason=fields.optional_word(row.get("reason"), f"{place}.reason"),
        at_ms=at_ms,
    )
    return (_execution(row, place, change) if row.get("exec_type") == "trade" else None), change


def _execution(row: dict[str, Any], place: str, change: OrderChange) -> VenueExecution:
    pair = row.get("symbol")
    if not isinstance(pair, str) or not is_pair(pair):
        raise BadInputError(f"{place}.symbol", "a pair such as BTC/USD", pair)
    fee, fee_in = _fee(row.get("fees"), f"{place}.fees", pair)
    return VenueExecution(
        execution_id=fields.word(row.get("exec_id"), f"{place}.exec_id"),
        venue_order_id=change.venue_order_id,
        client_order_id=change.client_order_id,
        pair=pair,
        side=fields.one_of(row.get("side"), f"{place}.side", SIDES),
        quantity=Decimal(fields.positive_number(row.get("last_qty"), f"{place}.last_qty")),
        price=Decimal(fields.positive_number(row.get("last_price"), f"{place}.last_price")),
        fee=fee,
        fee_in=fee_in,
        liquidity=fields.one_of(row.get("liquidity_ind"), f"{place}.liquidity_ind", _LIQUIDITY),
        at_ms=change.at_ms,
    )


def _fee(value: Any, field: str, pair: str) -> tuple[Decimal, FeeIn]:
    """Return the fee; Kraken takes it in one currency, quote or base."""
    if value is None or value == []:
        return Decimal(0), "quote"
    first = value[0] if isinstance(value, list) and len(value) == 1 else None
    if not isinstance(first, dict):
        raise BadInputError(field, "a list of one fee", value)
    base, quote = pair.split("/")
    fee_in = fields.one_of(first.get("asset"), f"{field}[0].asset", {quote: "quote", base: "base"})
    return fields.decimal_number(first.get("qty"), f"{field}[0].qty"), "quote" if fee_in == "quote" else "base"
