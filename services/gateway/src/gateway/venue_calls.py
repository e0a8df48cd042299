"""Requests of the core to calls of the venue, and its answers to events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from loguru import logger

from exchanges.private.refusal import Refusal, RefusedError
from exchanges.private.venue import NotAnsweredError, PrivateVenue
from gateway import metrics
from gateway.core.events import (
    CancelAnswered,
    Event,
    NotAnswered,
    Refused,
    Surveyed,
    SurveyFailed,
    SwitchAnswered,
    Taken,
)
from gateway.core.requests import CancelOrder, SendOrder, SurveyVenue
from gateway.venue_clock import VenueClock


class VenueCalls:
    """Makes each call once.

    Parameters
    ----------
    venue
        Its client.
    clock
        Set by what the venue says.
    exchange
        What messages call the venue; orders for another one are refused.
    """

    def __init__(self, venue: PrivateVenue, clock: VenueClock, exchange: str) -> None:
        self._venue = venue
        self._clock = clock
        self._exchange = exchange

    def send(self, request: SendOrder) -> Event:
        """Send an order."""
        order = request.order
        if order.exchange != self._exchange:
            text = f"this gateway sends orders to {self._exchange}, not to {order.exchange}"
            return Refused(order.order_id, Refusal(text, True, "invalid"), self._clock.now_ms())
        try:
            with _told("send"), _timed():
                taken = self._venue.add_order(order, request.client_id, request.deadline_ms)
        except RefusedError as error:
            metrics.ANSWERS.labels(answer="refused").inc()
            logger.warning("{} {} {}: {}", order.order_id, order.side, order.pair, error)
            return Refused(order.order_id, error.refusal, self._clock.now_ms())
        except NotAnsweredError as error:
            metrics.ANSWERS.labels(answer="none").inc()
            logger.warning("{} {} {}: {}", order.order_id, order.side, order.pair, error)
            return NotAnswered(order.order_id, str(error), self._clock.now_ms())
        metrics.ANSWERS.labels(answer="taken").inc()
        return Taken(order.order_id, taken, self._clock.now_ms())

    def cancel(self, request: CancelOrder) -> Event:
        """Ask for an order's end."""
        try:
            with _told("cancel"):
                self._venue.cancel_order(request.client_id, request.order.pair)
        except (RefusedError, NotAnsweredError) as error:
            logger.warning("{} cannot be cancelled yet: {}", request.order.order_id, error)
            return CancelAnswered(request.order.order_id, False, self._clock.now_ms())
        return CancelAnswered(request.order.order_id, True, self._clock.now_ms())

    def set_switch(self, seconds: int) -> SwitchAnswered:
        """Set the venue's dead man's switch, or with 0 take it back."""
        try:
            with _told("switch"):
                self._venue.cancel_all_after(seconds)
        except (RefusedError, NotAnsweredError) as error:
            logger.warning("the venue's dead man's switch cannot be set to {} s: {}", seconds, error)
            return SwitchAnswered(False, self._clock.now_ms())
        return SwitchAnswered(True, self._clock.now_ms())

    def stream_token(self) -> str | None:
        """Ask for what the stream has to show; None if there is none yet, which settles nothing about orders."""
        try:
            with _told("stream_token"):
                return self._venue.stream_token()
        except (RefusedError, NotAnsweredError) as error:
            logger.warning("the stream of executions cannot be listened to, so they are asked for: {}", error)
            return None

    def survey(self, request: SurveyVenue, held: Mapping[str, Decimal]) -> Event:
        """Ask for everything, in the order in which an order goes from one list to the next."""
        try:
            with _told("survey"):
                asked_ms = self._venue.venue_time_ms()
                self._clock.heard(asked_ms)
                orders = self._venue.open_orders()
                orders += self._venue.ended_orders(request.since_ms, request.pairs, request.names)
                executions = self._venue.executions(request.since_ms, request.pairs, orders)
                balances = self._venue.balances()
        except (RefusedError, NotAnsweredError) as error:
            metrics.SURVEYS.labels(outcome="failed").inc()
            logger.warning("the venue cannot be compared with, so nothing is sent: {}", error)
            return SurveyFailed(str(error), self._clock.now_ms())
        metrics.SURVEYS.labels(outcome="answered").inc()
        return Surveyed(asked_ms, orders, executions, balances, self._clock.now_ms(), held)


@contextmanager
def _told(call: str) -> Iterator[None]:
    """Count a call that the venue refuses or does not answer."""
    try:
        yield
    except RefusedError:
        metrics.CALL_FAILURES.labels(call=call, answer="refused").inc()
        raise
    except NotAnsweredError:
        metrics.CALL_FAILURES.labels(call=call, answer="none").inc()
        raise


@contextmanager
def _timed() -> Iterator[None]:
    """Measure how long the venue takes, whatever it answers."""
    began = time.monotonic()
    try:
        yield
    finally:
        metrics.SEND_SECONDS.observe(time.monotonic() - began)
