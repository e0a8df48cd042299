"""What a service that ends says of Kafka: one line that names the setting, and no traceback."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException
from quixstreams.kafka.exceptions import KafkaConsumerException
from quixstreams.state.exceptions import ChangelogTopicPartitionNotAssigned

from streaming.exit_codes import EXIT_FAILED
from streaming.service.exit import describe_error, exit_code_for


@pytest.mark.parametrize(
    "error",
    [
        KafkaException(KafkaError(KafkaError.FENCED_INSTANCE_ID)),
        KafkaConsumerException(KafkaError(KafkaError._FENCED)),
        # QuixStreams' own: the other one came before this one had restored what it was given.
        ChangelogTopicPartitionNotAssigned('"changelog[3]" must be assigned to recover from it'),
    ],
    ids=lambda error: type(error).__name__,
)
def test_another_process_has_its_name(error: Exception) -> None:
    assert "another process has this one's TRADESTREAM_INSTANCE_ID" in str(describe_error(error))
    assert exit_code_for(error) == EXIT_FAILED
