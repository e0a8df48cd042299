"""A wrong address or login ends at once and in words, without its password; a server that is away is waited for."""

from __future__ import annotations

import pytest
from tests.support.processes import free_port

from contracts.errors import BadSettingError
from featurestore import postgres
from featurestore.errors import StoreBusyError, StoreError
from featurestore.opening import open_store
from featurestore.settings import StoreSettings
from streaming.errors import SettingsError
from streaming.settings import ServiceSettings, read_settings

SECRET = "hunter2"


class Settings(StoreSettings, ServiceSettings):
    """As a service has them."""


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://user:{SECRET}@host/database",
        f"postgres+asyncpg://user:{SECRET}@host/database",
        f"mysql://user:{SECRET}@host/database",
        f"postgresql://user:{SECRET}/more@host/database",
        f"postgresql://user:{SECRET}@more@host/database",
        f"postgresql://user:{SECRET}@host:port/database",
        f"postgresql://user:{SECRET}@host/database?no_such_option=1",
        f"risingwave://user:{SECRET}@host:port/database",
    ],
)
def test_a_refused_address_is_shown_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSettingError) as refused:
        open_store(url)
    monkeypatch.setenv("TRADESTREAM_STORE_URL", url)
    with pytest.raises(SettingsError, match="TRADESTREAM_STORE_URL") as wrong:
        read_settings(Settings)
    for said in (str(refused.value), str(wrong.value)):
        assert "...@" in said
        assert SECRET not in said


@pytest.mark.parametrize(("login", "database"), [("nobody", "postgres"), ("test", "nothing")])
def test_a_wrong_login_is_not_waited_for(postgres_url: str, login: str, database: str) -> None:
    url = postgres_url.replace("test@/postgres", f"{login}:{SECRET}@/{database}")
    with (
        open_store(url) as store,
        pytest.raises(StoreError, match="_STORE_URL: expected a login") as failure,
    ):
        store.sql("SELECT 1")
    assert not isinstance(failure.value, StoreBusyError)
    assert SECRET not in str(failure.value)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with open_store(f"postgresql://user:{SECRET}@127.0.0.1:{port}/database") as store:
        with pytest.raises(StoreBusyError):
            store.sql("SELECT 1")
        monkeypatch.setattr(postgres, "_FIRST_ANSWER_SECONDS", 0.0)
        with pytest.raises(StoreError, match=f"expected a server at 127.0.0.1:{port}/database") as failure:
            store.sql("SELECT 1")
    assert not isinstance(failure.value, StoreBusyError)
    assert SECRET not in str(failure.value)


def test_one_that_has_answered_is_waited_for(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_FIRST_ANSWER_SECONDS", 0.0)
    dialect = postgres.PostgresDialect(postgres_url)
    dialect.connect().close()
    dialect._url = f"postgresql://test@127.0.0.1:{free_port()}/postgres"
    with pytest.raises(StoreBusyError):
        dialect.connect()
