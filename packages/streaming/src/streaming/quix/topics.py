"""QuixStreams' topics, and how it creates them on Kafka."""

from __future__ import annotations

import time
from typing import Any

from quixstreams.models.topics import Topic, TopicManager
from quixstreams.models.topics.exceptions import CreateTopicTimeout

_ASK_SECONDS = 0.05


def value_serializer(topic: Topic) -> Any:
    """Return what turns the values written to `topic` into bytes."""
    return topic._value_serializer


class KafkaTopicManager(TopicManager):
    """A topic that was created is waited for: the controller has it at once, a busy broker hears of it later.

    QuixStreams asks the broker for it in the same breath, and would take the answer for a topic that does not exist.
    """

    def _create_topic(self, topic: Topic, timeout: float, create_timeout: float) -> None:
        super()._create_topic(topic, timeout, create_timeout)
        deadline = time.monotonic() + create_timeout
        while topic.name not in self._admin.list_topics(timeout=timeout):
            if time.monotonic() > deadline:
                raise CreateTopicTimeout(f"{topic.name}: created, and still unknown after {create_timeout:g} s")
            time.sleep(_ASK_SECONDS)
