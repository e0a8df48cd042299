"""`python -m streaming.kafka.manage_access`: each service's user may do what contracts say, and no more."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from streaming.broker_address import is_embedded
from streaming.errors import ServiceError, SettingsError
from streaming.kafka.access_admin import AccessAdmin
from streaming.kafka.grants import describe_grants, grants_of, services, user_of
from streaming.settings import ServiceSettings, load_settings

EXIT_OK, EXIT_DIFFERENT, EXIT_FAILED = 0, 1, 2
_DESCRIPTION = "Print, give and reconcile what each service may do on the Kafka of TRADESTREAM_BROKER_ADDRESS."
_PASSWORD = "TRADESTREAM_SASL_PASSWORD"  # noqa: S105 - the name of a setting
_PRIVATE = 0o600


def main(arguments: Sequence[str]) -> int:
    """Run the command; the exit code is 1 while a permission is missing or there is one too many."""
    parser = argparse.ArgumentParser(prog="python -m streaming.kafka.manage_access", description=_DESCRIPTION)
    parser.add_argument("--dry-run", action="store_true", help="change nothing")
    parser.add_argument("--alter", action="store_true", help="take back what a service may do beyond the list")
    parser.add_argument("--users", type=Path, help="create the users, with settings for each in this folder")
    given = parser.parse_args(arguments)
    settings = load_settings(ServiceSettings)
    if is_embedded(settings.broker_address):
        sys.stdout.write(f"{settings.broker_address}: the embedded log's permissions are those of its folder\n")
        return EXIT_OK
    try:
        admin = AccessAdmin(settings)
        if given.users is not None and not given.dry_run:
            create_users(admin, settings, given.users)
        return reconcile(admin, settings, give=not given.dry_run, take=given.alter and not given.dry_run)
    except (ServiceError, SettingsError) as error:
        sys.stderr.write(f"access: {error}\n")
        return EXIT_FAILED


def create_users(admin: AccessAdmin, settings: ServiceSettings, folder: Path) -> None:
    """Create a user for each service, or set the password that its file in `folder` has.

    Raises
    ------
    ServiceError
        If the broker does not allow it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for service in services():
        user = user_of(service, settings.environment)
        path = folder / f"{user}.env"
        known = dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}
        password = known.get(_PASSWORD) or secrets.token_urlsafe(24)
        admin.set_password(user, password, settings.sasl_mechanism or "SCRAM-SHA-512")
        path.touch(mode=_PRIVATE)
        path.write_text(_settings_of(user, password, settings))
    first = folder.resolve() / f"{user_of(services()[0], settings.environment)}.env"
    sys.stdout.write(f"as a service: set -a; . {first}; set +a\n")


def _settings_of(user: str, password: str, operator: ServiceSettings) -> str:
    """Return what `user` sets: how the operator reaches the broker, under another name."""
    chosen = {
        "TRADESTREAM_BROKER_ADDRESS": operator.broker_address,
        "TRADESTREAM_ENVIRONMENT": operator.environment,
        "TRADESTREAM_SECURITY_PROTOCOL": operator.security_protocol,
        "TRADESTREAM_SASL_MECHANISM": operator.sasl_mechanism,
        "TRADESTREAM_SASL_USERNAME": user,
        _PASSWORD: password,
        "TRADESTREAM_SSL_CA_LOCATION": operator.ssl_ca_location and operator.ssl_ca_location.resolve(),
    }
    return "".join(f"{name}={value}\n" for name, value in chosen.items() if value is not None)


def reconcile(admin: AccessAdmin, settings: ServiceSettings, *, give: bool, take: bool) -> int:
    """Give what is missing, take what is too much, print every permission; return the exit code.

    Raises
    ------
    ServiceError
        If the broker does not allow it.
    """
    environment = settings.environment
    wanted = {grant for service in services() for grant in grants_of(service, environment)}
    before = admin.grants({grant.user for grant in wanted})
    if give:
        admin.give(wanted - before)
    if take:
        admin.take(before - wanted)
    for user in sorted({grant.user for grant in wanted}):
        kinds = {
            "as it should be": wanted & before,
            "given" if give else "MISSING": wanted - before,
            "taken" if take else "NOT WANTED (--alter takes it)": before - wanted,
        }
        for word, grants in kinds.items():
            if mine := [grant for grant in grants if grant.user == user]:
                sys.stdout.write(f"{user}: {word}: {describe_grants(mine)}\n")
    done = (give or not wanted - before) and (take or not before - wanted)
    return EXIT_OK if done else EXIT_DIFFERENT


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
