"""A secured Kafka: the same bytes through users who may do only what contracts' topics say; refusals in one line."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError
from tests.kafka.six_services import SixServices, Written, assert_same
from tests.kafka.throwaway_broker import Broker, free_port, login
from tests.support.fork_server import prepare_server
from tests.support.waiting import wait_for

from contracts.services import may_read
from contracts.topics import CANDLES, EVERY_SERVICE, OPERATORS, TECHNICAL_INDICATORS, TOPICS, TRADES
from streaming.clients import create_topics, read_topic
from streaming.errors import ServiceError
from streaming.kafka import manage_access, manage_topics
from streaming.kafka.access_admin import AccessAdmin
from streaming.kafka.errors import is_refusal
from streaming.kafka.grants import WRITE, Grant, grants_of, services, user_of
from streaming.settings import ServiceSettings

ENVIRONMENT = "secured"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with users, their permissions and the topics."""
    with Broker(tmp_path_factory.mktemp("secured"), free_port(), secure=True).running() as one:
        with pytest.MonkeyPatch.context() as environment:
            be_operator(one, environment)
            assert manage_topics.main([]) == 0
            assert manage_access.main(["--users", str(one.users)]) == 0
            assert manage_access.main(["--dry-run"]) == 0, "what was given is found again"
        yield one


@pytest.fixture
def run(secured: Broker, tmp_path: Path) -> SixServices:
    """Services, each as its own user."""
    prepare_server()
    return SixServices(secured.address, tmp_path, {}, ENVIRONMENT, users=secured.users)


def be_operator(secured: Broker, environment: pytest.MonkeyPatch) -> None:
    for name, value in {**login(secured.users, "operator"), "TRADESTREAM_ENVIRONMENT": ENVIRONMENT}.items():
        environment.setenv(name, value)


def settings_as(where: Broker | SixServices, user: str) -> ServiceSettings:
    given: dict[str, Any] = {**login(where.users, user), "TRADESTREAM_ENVIRONMENT": ENVIRONMENT}
    return ServiceSettings(**given)


def last_line(run: SixServices, name: str, exit_code: int, **given: str) -> str:
    """Return what service `name` says last; it has to end by itself, and soon."""
    run.own[name] = given
    run.start(name)
    process = run.processes[name]
    wait_for(lambda: process.exitcode is not None, f"{name} to end", 20.0)
    lines = run.last_words(name).strip().splitlines()
    assert process.exitcode == exit_code, lines
    assert "Traceback" not in run.last_words(name)
    return lines[-1]


def test_users_with_only_their_own_permissions_write_the_same_bytes(
    run: SixServices, settings_of_a_run: dict[str, str], undisturbed: Written
) -> None:
    run.given = settings_of_a_run
    with run.running():
        run.drain()
    written = run.collect()
    assert_same(written, undisturbed)
    assert written.repeated == 0
    with pytest.raises(ServiceError, match="'candles-secured' lacks READ on topic candles-secured"):
        list(read_topic(settings_as(run, f"candles-{ENVIRONMENT}"), CANDLES))  # which it writes


def test_another_services_user_is_refused_with_what_it_lacks(run: SixServices, secured: Broker) -> None:
    line = last_line(run, "indicators", 1, **login(secured.users, f"signals-{ENVIRONMENT}"))
    assert "Kafka user 'signals-secured' lacks " in line
    assert "READ on topic candles-secured" in line
    assert "WRITE on topic technical_indicators-secured" in line
    assert "READ on group indicators-secured" in line
    line = last_line(run, "trades", 1, **login(secured.users, f"candles-{ENVIRONMENT}"))
    assert re.search("Kafka user 'candles-secured' lacks CREATE, or any use, of topic [a-z-]+-secured", line)


def test_a_wrong_password_is_named_at_once(run: SixServices) -> None:
    line = last_line(run, "candles", 2, TRADESTREAM_SASL_PASSWORD="hunter2")
    assert "TRADESTREAM_SASL_PASSWORD: " in line
    assert "knows no user 'candles-secured' with this password" in line
    assert "hunter2" not in line
    assert "TRADESTREAM_SASL_PASSWORD: " in last_line(run, "trades", 2, TRADESTREAM_SASL_PASSWORD="hunter2")


def test_another_authority_is_named(run: SixServices, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-days", "2"]
    subprocess.run([*command, "-keyout", tmp_path / "key.pem", "-out", other], check=True, capture_output=True)
    line = last_line(run, "candles", 2, TRADESTREAM_SSL_CA_LOCATION=str(other))
    assert (
        f"TRADESTREAM_SSL_CA_LOCATION: expected the authority of {run.broker_address}, was the file {other}" in line
    )


@pytest.mark.parametrize(
    ("code", "text", "final"),
    [
        (KafkaError._SSL, "SSL handshake failed: certificate verify failed: broker certificate could not be", True),
        (KafkaError._AUTHENTICATION, "SASL authentication error: Authentication failed: invalid credentials", True),
        (KafkaError._SSL, "SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?", False),
        (KafkaError._AUTHENTICATION, "SaslAuthenticateRequest failed: Local: Broker transport failure", False),
        (KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down", False),
    ],
)
def test_a_broker_that_goes_away_in_a_handshake_refuses_nobody(code: int, text: str, final: bool) -> None:
    assert is_refusal(KafkaError(code, text)) is final


def test_another_mechanism_is_named(run: SixServices) -> None:
    line = last_line(run, "candles", 2, TRADESTREAM_SASL_MECHANISM="PLAIN")
    assert "TRADESTREAM_SASL_MECHANISM: expected a mechanism of the broker's, was 'PLAIN'" in line


def test_readers_and_writers_without_a_topology_are_told_too(secured: Broker) -> None:
    candles = settings_as(secured, f"candles-{ENVIRONMENT}")
    assert list(read_topic(candles, TRADES)) is not None
    with pytest.raises(ServiceError, match="lacks READ on topic technical_indicators-secured"):
        list(read_topic(candles, TECHNICAL_INDICATORS))
    create_topics(candles, [CANDLES])  # is there: nothing to create, nothing to complain about
    with pytest.raises(ServiceError, match="lacks CREATE, or any use, of topic candles-elsewhere"):
        create_topics(candles.model_copy(update={"environment": "elsewhere"}), [CANDLES])


def test_what_is_beyond_the_list_is_shown_and_taken_back(
    secured: Broker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    be_operator(secured, monkeypatch)
    beyond = Grant(user_of("signals", ENVIRONMENT), "topic", TRADES.full_name(ENVIRONMENT), False, WRITE)
    admin = AccessAdmin(settings_as(secured, "operator"))
    admin.give([beyond])
    wait_for(lambda: beyond in admin.grants([beyond.user]), "the permission")
    assert manage_access.main([]) == 1
    shown = "signals-secured: NOT WANTED (--alter takes it): WRITE on topic trades-secured"
    assert shown in capsys.readouterr().out
    assert manage_access.main(["--alter"]) == 0
    wait_for(lambda: beyond not in admin.grants([beyond.user]), "the permission to go")
    assert manage_access.main(["--dry-run"]) == 0


def test_a_service_may_not_give_permissions(secured: Broker) -> None:
    admin = AccessAdmin(settings_as(secured, f"candles-{ENVIRONMENT}"))
    with pytest.raises(ServiceError, match="permissions"):
        admin.give(grants_of("execution", ENVIRONMENT))


def test_every_topic_is_somebodys() -> None:
    """A new topic is covered by its own line: whoever writes and reads it may."""
    for spec in TOPICS:
        name = spec.full_name("dev")
        may = {
            (grant.user, grant.operation)
            for each in services()
            for grant in grants_of(each, "dev")
            if (grant.resource, grant.name) == ("topic", name)
        }
        wanted = {(user_of(reader, "dev"), "READ") for reader in may_read(spec)}
        writers = (
            services() if EVERY_SERVICE in spec.writers else [each for each in spec.writers if each != OPERATORS]
        )
        wanted |= {(user_of(writer, "dev"), "WRITE") for writer in writers}
        assert {(user, operation) for user, operation in may if operation in ("READ", "WRITE")} == wanted
