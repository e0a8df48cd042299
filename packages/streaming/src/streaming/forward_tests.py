"""Which forward tests a log knows of."""

from __future__ import annotations

from contracts.forward_test_event import ForwardTestEvent
from contracts.topics import FORWARD_TEST_EVENTS
from streaming.clients import read_topic
from streaming.settings import ServiceSettings


def forward_tests(settings: ServiceSettings) -> dict[str, ForwardTestEvent]:
    """Return the last word on each forward test.

    Parameters
    ----------
    settings
        Of the log.

    Returns
    -------
    dict[str, ForwardTestEvent]
        By account, in the order in which they were started.
    """
    found: dict[str, ForwardTestEvent] = {}
    for record in read_topic(settings, FORWARD_TEST_EVENTS):
        event = record.readable_message()
        if isinstance(event, ForwardTestEvent):
            found[event.account] = event
    return found
