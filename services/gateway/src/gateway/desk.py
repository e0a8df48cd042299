"""The place at which a gateway works: one process has it, others stand by and take over."""

from __future__ import annotations

from loguru import logger

from gateway.gateway import Gateway
from gateway.listening import OpenStream
from gateway.settings import GatewaySettings
from gateway.venue_calls import VenueCalls
from gateway.venue_clock import VenueClock
from streaming.errors import PutOutError
from streaming.kafka.errors import came_of_brokers
from streaming.lease import Lease
from streaming.producer import MessageProducer
from streaming.service.exit import describe_error

#: Who has just joined does not know yet whether there are others.
STANDING_BY = "standing by: another gateway sends the orders of this log, or which one does is not decided yet"


class Desk:
    """Makes a gateway when this process gets the lease, and lets go of it when it is lost.

    One that has the lease anew begins as after a start: what is on the log then may have been sent by the other.

    Parameters
    ----------
    settings, calls, clock, producer, open_stream
        Of the gateway.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        calls: VenueCalls,
        clock: VenueClock,
        producer: MessageProducer,
        open_stream: OpenStream = None,
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._clock = clock
        self._producer = producer
        self._open_stream = open_stream
        self._gateway: Gateway | None = None
        self._said = False

    def turn(self, lease: Lease) -> None:
        """Turn if this process has the lease; while brokers are away nothing can be read, and so nothing is sent.

        What is to be reported waits in the producer. Reading has waited for half a minute before it fails.
        """
        if not lease.look():
            self.close()
            if not self._said:
                logger.warning(STANDING_BY)
            self._said = True
            return
        self._said = False
        if self._gateway is None:
            self._gateway = Gateway(
                self._settings, self._calls, self._clock, self._producer, lease.require, self._open_stream
            )
        try:
            self._gateway.turn()
        except PutOutError as error:
            logger.warning("{}", error)
            self.close()
        except Exception as error:
            if not came_of_brokers(error):
                raise
            logger.warning("nothing is sent, since the log cannot be read: {}", describe_error(error))

    def check(self) -> tuple[bool, str]:
        """Return whether orders are sent, and if not why."""
        return (False, STANDING_BY) if self._gateway is None else self._gateway.check()

    def end(self) -> None:
        """Let go of everything on purpose."""
        if self._gateway is not None:
            try:
                self._gateway.take_back_switch()
            except PutOutError as error:  # the switch is another's now
                logger.warning("{}", error)
            except Exception as error:
                if not came_of_brokers(error):
                    raise
                logger.error("the venue's dead man's switch stays set, since {}", describe_error(error))
        self.close()

    def close(self) -> None:
        """Let go of the log."""
        if self._gateway is not None:
            self._gateway.close()
            self._gateway = None
