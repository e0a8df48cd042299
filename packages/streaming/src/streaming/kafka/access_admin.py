"""Users and permissions on a Kafka broker: what is there, and how it becomes what `grants` says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from streaming.errors import ServiceError
from streaming.kafka.access import open_admin
from streaming.kafka.errors import describe_kafka_error
from streaming.kafka.grants import Grant, Resource

if TYPE_CHECKING:
    from streaming.settings import ServiceSettings

_ANY_HOST = "*"
_PRINCIPAL = "User:"
_SCRAM_ITERATIONS = 8_192
_TYPES: dict[Resource, ResourceType] = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
}
_RESOURCES = {kind: resource for resource, kind in _TYPES.items()}


class AccessAdmin:
    """Reads and changes users and permissions as the operator that `settings` name.

    Raises
    ------
    SettingsError
        When made, if the broker refuses the user or is refused itself.
    ServiceError
        By every method, if the broker does not answer or does not allow it.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._admin = open_admin(settings)

    def grants(self, users: Iterable[str]) -> set[Grant]:
        """Return what `users` may do; denials and what is given by another host than any are left to the operator."""
        everything = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ALLOW
        )
        wanted = set(users)
        found = {_grant(each) for each in _result(self._admin.describe_acls(everything))}
        return {grant for grant in found if grant is not None and grant.user in wanted}

    def give(self, grants: Iterable[Grant]) -> None:
        """Let users do what they may not yet."""
        bindings = [_binding(grant) for grant in grants]
        for future in (self._admin.create_acls(bindings) if bindings else {}).values():
            _result(future)

    def take(self, grants: Iterable[Grant]) -> None:
        """Have users no longer do it."""
        filters = [_binding(grant, AclBindingFilter) for grant in grants]
        for future in (self._admin.delete_acls(filters) if filters else {}).values():
            _result(future)

    def set_password(self, user: str, password: str, mechanism: str) -> None:
        """Create `user`, or give the user another password.

        Parameters
        ----------
        mechanism
            SCRAM-SHA-256 or -512.
        """
        credential = ScramCredentialInfo(ScramMechanism[mechanism.replace("-", "_")], _SCRAM_ITERATIONS)
        change = UserScramCredentialUpsertion(user, credential, password.encode())
        for future in self._admin.alter_user_scram_credentials([change]).values():
            _result(future)


def _binding(grant: Grant, kind: type[Any] = AclBinding) -> Any:
    pattern = ResourcePatternType.PREFIXED if grant.prefix else ResourcePatternType.LITERAL
    return kind(
        _TYPES[grant.resource],
        grant.name,
        pattern,
        _PRINCIPAL + grant.user,
        _ANY_HOST,
        AclOperation[grant.operation],
        AclPermissionType.ALLOW,
    )


def _grant(binding: AclBinding) -> Grant | None:
    """Return `binding` as one of ours; None if it is of another kind."""
    if binding.host != _ANY_HOST or binding.restype not in _RESOURCES:
        return None
    user, prefix = (
        binding.principal.removeprefix(_PRINCIPAL),
        binding.resource_pattern_type is ResourcePatternType.PREFIXED,
    )
    return Grant(user, _RESOURCES[binding.restype], binding.name, prefix, binding.operation.name)


def _result(future: Any) -> Any:
    try:
        return future.result()
    except KafkaException as error:
        raise ServiceError(str(describe_kafka_error(error))) from error
