"""The gateway at work: what is new on the log, then what follows from it, one request after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

from loguru import logger

from contracts.counted import counted
from contracts.errors import BadMessageError
from contracts.message import Message
from contracts.operator_command import OperatorCommand
from contracts.order import ENDS, Order
from contracts.order_report import OrderReport
from contracts.position import Position
from contracts.topics import CONTROL, ORDERS, POSITIONS, SIGNALS, TopicSpec
from contracts.units import MS_PER_SECOND
from exchanges.private.refusal import Refusal
from gateway import metrics
from gateway.core.door import refused_at_door
from gateway.core.events import Commanded, Event, OrderSeen, Refused, Ticked
from gateway.core.fold import step
from gateway.core.requests import CancelOrder, Notice, Output, SendOrder, SetSwitch, SurveyVenue
from gateway.core.state import EVERYTHING, State
from gateway.known_orders import KnownOrders
from gateway.listening import Listening, OpenStream
from gateway.settings import GatewaySettings
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.errors import PutOutError
from streaming.kafka.errors import came_of_brokers
from streaming.producer import MessageProducer
from streaming.record import Record
from streaming.tail import TopicTail

M = TypeVar("M", bound=Message)
SERVICE = "gateway"
#: Why an order is not sent while the log is away.
NO_COMMANDS = "commands_unknown"
#: So often the dead man's switch is taken back before that is given up; it may be said twice.
_TRIES = 3


class Gateway:
    """Reads `orders`, `control` and `positions`; writes reports to `signals`.

    What is on the log at the first turn was there before: it may have been sent.

    Parameters
    ----------
    settings
        Whose orders.
    calls
        The venue.
    clock
        Its time.
    producer
        Of the log.
    require_lease
        Raises if another gateway has taken this one's place: asked before each order and cancellation.
    open_stream
        Makes what tells of executions; None: they are only asked for.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        calls: VenueCalls,
        clock: VenueClock,
        producer: MessageProducer,
        require_lease: Callable[[], None] = lambda: None,
        open_stream: OpenStream = None,
    ) -> None:
        self._require_lease = require_lease
        self._listening = None if open_stream is None else Listening(open_stream(), calls, clock)
        self._policy = settings.policy
        self._accounts = {account.name for account in settings.venue_accounts}
        self._key_on_signals = settings.key_on_signals
        self._calls = calls
        self._clock = clock
        self._producer = producer
        self._known = KnownOrders(settings.state_dir_for(SERVICE) / "orders.sqlite", self._accounts)
        self._orders = TopicTail(settings, ORDERS)
        self._control = TopicTail(settings, CONTROL)
        self._positions = TopicTail(settings, POSITIONS)
        self._held: dict[tuple[str, str], Decimal] | None = None
        self._state = State()
        self._requests: deque[Output] = deque()
        self._began = False
        self._began_ms = clock.now_ms()
        self._switched = False

    def turn(self) -> None:
        """Read what is new, do what is due and write what became known.

        Raises
        ------
        EmbeddedLogError, KafkaException
            If the log fails; whatever was sent is asked for by the next start.
        """
        if self._held is None:
            self._known.begin({ORDERS.name: self._orders, POSITIONS.name: self._positions})
            self._held = self._known.held()
        self._read_control()
        self._read_positions(self._held)
        self._read_orders()
        for told in [] if self._listening is None else self._listening.events():
            self._happens(told)
        self._known.keep(self._clock.now_ms() - self._policy.late_ms)
        self._happens(Ticked(self._clock.now_ms()))
        while self._requests:
            self._perform(self._requests.popleft())
        self._producer.flush()
        self._tell()

    def check(self) -> tuple[bool, str]:
        """Return whether orders are sent, and if not why."""
        if (trouble := self._state.troubles.get(EVERYTHING)) is not None:
            return False, trouble
        if not self._state.trusted:
            return False, "the venue has not been compared with since it last failed to answer"
        return True, f"the venue agrees, but for {counted(len(self._state.troubles), 'pair')}"

    def _read_control(self) -> None:
        for command in self._new(self._control, CONTROL, OperatorCommand):
            logger.warning("{}: {} by {}: {}", command.account, command.action, command.issued_by, command.reason)
            self._happens(Commanded(command.account, command.action, self._clock.now_ms()))

    def _read_positions(self, held: dict[tuple[str, str], Decimal]) -> None:
        for position in self._new(self._positions, POSITIONS, Position):
            held[position.account, position.pair] = Decimal(position.quantity)
            self._known.holds(position)

    def _read_orders(self) -> None:
        old = not self._began
        # Execution writes steps again after it was killed: one of an order that is over would look like new.
        seen = [order for order in self._new(self._orders, ORDERS, Order) if self._known.is_news(order)]
        if old:  # of what is over only its last step matters
            seen = list({**self._known.unsettled, **{order.order_id: order for order in seen}}.values())
        self._began = True  # not before: where reading fails, what is there at the next turn was there before, too
        if old:
            unknown = sum(order.status not in ENDS for order in seen)
            logger.info("ready: orders from now on are sent; asked for and not sent again: {}", unknown)
        for order in seen:
            self._happens(OrderSeen(order, old, self._clock.now_ms()))

    def _new(self, tail: TopicTail, spec: TopicSpec, kind: type[M]) -> Iterable[M]:
        """Yield what is new of our accounts."""
        records = tail.read_new()
        for record in records:
            if record.key is None or record.value is None or record.key.decode() not in self._accounts:
                continue
            try:
                message = spec.decode(record.value)
            except BadMessageError as error:
                self._set_aside(record, error)
                continue
            if isinstance(message, kind):
                yield message
        if spec is not CONTROL:  # of which the last of each account counts: there are few
            self._known.was_read(spec.name, records)

    def _set_aside(self, record: Record, error: BadMessageError) -> None:
        """Keep what cannot be read; what was there before the start is set aside already, by whoever saw it come."""
        logger.error("{}[{}] offset {}: {}", record.topic, record.partition, record.offset, error)
        if self._began:
            key, value = (record.key or b"").decode(), record.value or b""
            self._producer.dead_letter(key, value, reason="undecodable", error=error, source=record.topic)

    def _happens(self, event: Event) -> None:
        self._state, outputs = step(self._state, event, self._policy)
        for output in outputs:
            if isinstance(output, OrderReport):
                self._producer.produce(SIGNALS, output, key=self._key_on_signals(output.account))
                if output.execution is not None and output.reported_at_ms >= self._began_ms:
                    late_ms = max(0, self._clock.now_ms() - output.reported_at_ms)
                    metrics.FILL_SECONDS.observe(late_ms / MS_PER_SECOND)
            elif isinstance(output, Notice):
                logger.warning("{}", output.text)
            else:
                self._requests.append(output)

    def _perform(self, request: Output) -> None:
        if isinstance(request, SendOrder):
            self._happens(self._send(request))
        elif isinstance(request, CancelOrder):
            self._require_lease()
            self._happens(self._calls.cancel(request))
        elif isinstance(request, SetSwitch):
            self._require_lease()
            self._switched = True
            self._happens(self._calls.set_switch(request.seconds))
        elif isinstance(request, SurveyVenue):
            self._producer.flush()  # an answer may take long
            self._happens(self._calls.survey(request, self._held_by_pair()))

    def _send(self, request: SendOrder) -> Event:
        """Look at what operators said, then send; while nobody can look, nothing is sent."""
        order = request.order
        try:
            self._read_control()
            self._require_lease()  # last: what was read before nobody else takes for new
        except PutOutError:
            raise
        except Exception as error:
            if not came_of_brokers(error):
                raise
            return Refused(order.order_id, Refusal(NO_COMMANDS, True, "invalid"), self._clock.now_ms())
        shut = refused_at_door(order, self._state.commands.get(order.account))
        if shut is not None:
            return Refused(order.order_id, Refusal(shut, True, "invalid"), self._clock.now_ms())
        return self._calls.send(request)

    def _held_by_pair(self) -> dict[str, Decimal]:
        held: dict[str, Decimal] = {}
        for (_, pair), quantity in (self._held or {}).items():
            held[pair] = held.get(pair, Decimal(0)) + quantity
        return held

    def _tell(self) -> None:
        phases = [each.phase for each in self._state.orders.values()]
        for phase in ("WAITING", "UNKNOWN", "OPEN"):
            metrics.PENDING.labels(phase=phase).set(phases.count(phase))
        metrics.TROUBLES.set(len(self._state.troubles))
        metrics.SENDING.set(self.check()[0])

    def take_back_switch(self) -> None:
        """Leave the venue's dead man's switch off, if it was set: who ends on purpose has not died."""
        if not self._switched:
            return
        self._require_lease()
        if not any(self._calls.set_switch(0).taken for _ in range(_TRIES)):
            logger.error("the venue cancels all open orders, stops too, since its dead man's switch is still set")

    def close(self) -> None:
        """Let go of the log and of the stream."""
        if self._listening is not None:
            self._listening.close()
        for tail in (self._orders, self._control, self._positions):
            tail.close()
        self._known.close()
