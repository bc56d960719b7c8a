"""Self-healing: what a node's settings say about trying again when it fails.

`retry`      {max_attempts, delay_seconds = 1, backoff = 2, max_delay_seconds = 60, on: [error types]}
`fallbacks`  {setting: [other values]}, for one setting, such as a selector; tried in turn after the retries
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from robot.errors import (
    InvalidConfig,
    InvalidWorkflow,
    NodeTypeDisabled,
    PathRefused,
    SecretNotFound,
    SecretRefused,
    StepLimitReached,
    UnknownNodeType,
    WorkflowError,
)
from robot.values import kind_of

RETRY: Final = "retry"
FALLBACKS: Final = "fallbacks"
MOST_ATTEMPTS: Final = 20
MOST_FALLBACKS: Final = 20
LONGEST_DELAY_SECONDS: Final = 3_600.0
# What a further attempt would only meet again.
_HOPELESS: Final = (
    InvalidConfig,
    InvalidWorkflow,
    NodeTypeDisabled,
    PathRefused,
    SecretNotFound,
    SecretRefused,
    StepLimitReached,
    UnknownNodeType,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One more try: after a pause, with another value for a setting where `change` names one."""

    pause_seconds: float = 0.0
    change: tuple[str, Any] | None = None

    def settings(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the node's settings for this attempt."""
        return config if self.change is None else {**config, self.change[0]: self.change[1]}

    def inputs(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns what arrived by wire, without the setting that is replaced."""
        if self.change is None:
            return inputs
        return {name: value for name, value in inputs.items() if name != self.change[0]}

    def __str__(self) -> str:
        return "once more" if self.change is None else f"with another `{self.change[0]}`"


@dataclass(frozen=True, slots=True)
class Mending:
    """How often, and by what, a failed node is tried again."""

    max_attempts: int = 1
    delay_seconds: float = 1.0
    backoff: float = 2.0
    max_delay_seconds: float = 60.0
    on: frozenset[str] | None = None
    fallbacks: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Mending | None":
        """Returns what the settings say, None where they say nothing. Raises InvalidConfig."""
        retry, fallbacks = config.get(RETRY), config.get(FALLBACKS)
        if retry is None and fallbacks is None:
            return None
        policy = _record(RETRY, retry)
        return cls(
            max_attempts=int(_number(policy, "max_attempts", 3 if policy else 1, 1, MOST_ATTEMPTS)),
            delay_seconds=_number(policy, "delay_seconds", 1, 0, LONGEST_DELAY_SECONDS),
            backoff=_number(policy, "backoff", 2, 1, 10),
            max_delay_seconds=_number(policy, "max_delay_seconds", 60, 0, LONGEST_DELAY_SECONDS),
            on=_error_types(policy.get("on")),
            fallbacks=tuple(_fallbacks(_record(FALLBACKS, fallbacks))),
        )

    def attempts(self) -> Iterator[Attempt]:
        """Gives the attempts in their order, the node's own first."""
        yield Attempt()
        pause = self.delay_seconds
        for _ in range(self.max_attempts - 1):
            yield Attempt(min(pause, self.max_delay_seconds))
            pause *= self.backoff
        for change in self.fallbacks:
            yield Attempt(change=change)

    def may_mend(self, error: WorkflowError) -> bool:
        """Returns whether another attempt is wanted, and could help."""
        if self.on is not None:
            return error.error_type in self.on
        return not isinstance(error, _HOPELESS)


def _record(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidConfig(f"`{name}` has to be a record, not {kind_of(value)}")
    return value


def _number(policy: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = policy.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidConfig(f"`retry.{name}` has to be a number from {least:g} to {most:g}")
    return value


def _error_types(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidConfig("`retry.on` has to be a list of error types")
    return frozenset(value)


def _fallbacks(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if len(settings) > 1:
        raise InvalidConfig("`fallbacks` names one setting")
    for name, values in settings.items():
        if not isinstance(values, list) or not 1 <= len(values) <= MOST_FALLBACKS:
            raise InvalidConfig(f"`fallbacks.{name}` has to be a list of 1 to {MOST_FALLBACKS} values")
        if name in {RETRY, FALLBACKS}:
            raise InvalidConfig(f"`{name}` cannot have fallbacks")
        yield from ((name, value) for value in values)
