"""Each private name and inner module of QuixStreams that `streaming.quix` uses: an upgrade shows what changed."""

from __future__ import annotations

import ast
import importlib
import inspect
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace

import pytest
from quixstreams import Application
from quixstreams.checkpointing import Checkpoint
from quixstreams.internal_consumer import InternalConsumer
from quixstreams.internal_producer import InternalProducer
from quixstreams.kafka import Consumer, Producer
from quixstreams.models.topics import Topic, TopicAdmin, TopicManager
from quixstreams.processing import ProcessingContext
from quixstreams.state.base import PartitionTransaction, Store
from quixstreams.state.rocksdb import RocksDBStorePartition
from tests.support.workspace import ROOT, members

ADAPTER = ROOT / "packages/streaming/src/streaming/quix"

#: Methods that are overridden or called, with the parameters they are expected to have.
METHODS = {
    (Application, "_get_internal_consumer"): "self on_error extra_config_overrides",
    (Application, "_get_internal_producer"): "self on_error transactional",
    (Application, "_get_topic_manager"): "self",
    (Application, "_on_assign"): "self _ topic_partitions",
    (Application, "_on_lost"): "self _ topic_partitions",
    (Application, "_on_revoke"): "self _ topic_partitions",
    (Application, "_process_message"): "self dataframe_composed",
    (Application, "_setup_signal_handlers"): "self",
    (Application, "get_consumer"): "self auto_commit_enable",
    (Application, "get_producer"): "self transactional",
    (Checkpoint, "empty"): "self",
    (Checkpoint, "expired"): "self",
    (Checkpoint, "get_store_transaction"): "self stream_id partition store_name",
    (PartitionTransaction, "get"): "self key prefix default cf_name timestamp",
    (PartitionTransaction, "set"): "self key value prefix cf_name timestamp ttl",
    (RocksDBStorePartition, "begin"): "self",
    (RocksDBStorePartition, "get_changelog_offset"): "self",
    (Store, "assign_partition"): "self partition",
    (InternalConsumer, "poll_row"): "self timeout buffered",
    (Producer, "flush"): "self timeout",
    (ProcessingContext, "commit_checkpoint"): "self force revoking",
    (ProcessingContext, "store_offset"): "self topic partition offset",
    (TopicAdmin, "_finalize_create"): "self futures finalize_timeout",
    (TopicManager, "_create_topic"): "self topic timeout create_timeout",
}
#: What an object of QuixStreams has once it is made.
ATTRIBUTES = (
    "app._config.exactly_once",
    "app._config.flush_timeout",
    "app._config.max_partition_buffer_size",
    "app._config.producer_extra_config",
    "app._config.consumer_extra_config",
    "app._config.request_timeout",
    "app._config.topic_create_timeout",
    "app._consumer.commit",
    "app._dataframe_registry.get_stream_ids",
    "app._dataframe_registry.get_topics_for_stream_id",
    "app._processing_context.producer.produce",
    "app._processing_context._checkpoint",
    "app._producer",
    "app._run_tracker._message_consumed",
    "app._state_manager.recovery_required",
    "app._state_manager.stores",
    "app._topic_manager.changelog_topics",
    "app._topic_manager.non_changelog_topics",
    "app._topic_manager._admin.list_topics",
    "app._topic_manager_factory",
    "topic._value_serializer",
    "consumer._consumer_config",
    "consumer._inner_consumer",
    "producer._inner_producer",
    "producer._producer_config",
    "producer._transactional",
    "internal_producer._producer",
    "admin._config",
    "admin._inner_admin",
    "checkpoint._store_transactions",
    "checkpoint._tp_offsets",
)
PROPERTIES = (
    (Consumer, "_consumer"),
    (Producer, "_producer"),
    (Producer, "instantiated"),
    (TopicAdmin, "admin_client"),
)
#: Inner modules, with what is taken from them.
INNER = (
    ("quixstreams.checkpointing", "Checkpoint"),
    ("quixstreams.internal_consumer", "InternalConsumer"),
    ("quixstreams.internal_producer", "InternalProducer"),
    ("quixstreams.processing", "ProcessingContext"),
    ("quixstreams.state.metadata", "CHANGELOG_CF_MESSAGE_HEADER"),
    ("quixstreams.state.metadata", "CHANGELOG_PROCESSED_OFFSETS_MESSAGE_HEADER"),
)
#: Private names in the adapter that are its own.
OWN = {"_ASK_SECONDS", "_EmbeddedConsumerMixin", "_EmbeddedProducerMixin", "_link", "_own_producers"}
OWN |= {"_inputs", "_is_input", "_rebuilt"}


@pytest.fixture(scope="module")
def objects() -> SimpleNamespace:
    """QuixStreams' own objects; none of them connects when it is made."""
    app = Application("127.0.0.1:9", consumer_group="internals", loglevel=None)
    context = app._processing_context
    context.init_checkpoint()
    return SimpleNamespace(
        app=app,
        topic=Topic("any"),
        consumer=Consumer("127.0.0.1:9", "internals", "earliest"),
        producer=Producer("127.0.0.1:9"),
        internal_producer=InternalProducer("127.0.0.1:9"),
        admin=TopicAdmin("127.0.0.1:9"),
        checkpoint=context.checkpoint,
    )


@pytest.mark.parametrize(("owner", "name"), METHODS, ids=lambda value: getattr(value, "__name__", value))
def test_a_method_takes_what_it_took(owner: type, name: str) -> None:
    assert " ".join(inspect.signature(getattr(owner, name)).parameters) == METHODS[owner, name]


@pytest.mark.parametrize("path", ATTRIBUTES)
def test_an_object_has_what_it_had(objects: SimpleNamespace, path: str) -> None:
    attrgetter(path)(objects)


@pytest.mark.parametrize(("owner", "name"), PROPERTIES, ids=lambda value: getattr(value, "__name__", value))
def test_a_property_is_one(owner: type, name: str) -> None:
    assert isinstance(getattr(owner, name), property)


@pytest.mark.parametrize(("module", "name"), INNER)
def test_an_inner_module_has_what_it_had(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


def _tested() -> set[str]:
    parts = {part for path in ATTRIBUTES for part in path.split(".")}
    return parts | {name for _, name in METHODS} | {name for _, name in PROPERTIES}


def _private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__") and name != "_"


def _tree(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def test_every_private_name_of_the_adapter_is_tested_here() -> None:
    nodes = [node for path in ADAPTER.glob("*.py") for node in _tree(path)]
    used = {getattr(node, part, None) for node in nodes for part in ("attr", "name", "id")}
    assert set(filter(_private, used)) - _tested() == OWN


def _other_files() -> list[Path]:
    product = [path for member in members() for path in member.files if ADAPTER not in path.parents]
    return product + sorted((ROOT / "benchmarks").rglob("*.py"))


def _modules(nodes: list[ast.AST]) -> set[str]:
    return {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def _foreign(path: Path) -> list[str]:
    """Return what `path` reads that it should not: who knows QuixStreams, any private name but its own."""
    nodes = _tree(path)
    knows = any(module.startswith("quixstreams") for module in _modules(nodes))
    read = [node for node in nodes if isinstance(node, ast.Attribute) and _private(node.attr)]
    read = [node for node in read if ast.unparse(node.value) not in ("self", "cls", "KafkaError")]
    private = [ast.unparse(node) for node in read if knows or node.attr in _tested()]
    return private + sorted(_modules(nodes) & {module for module, _ in INNER})


def test_nothing_else_looks_inside_quixstreams() -> None:
    found = {str(path.relative_to(ROOT)): _foreign(path) for path in _other_files()}
    assert {path: names for path, names in found.items() if names} == {}
