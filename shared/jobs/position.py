"""The queue's and the history's order, each as one indexed string.

`<tenant>|<environment>|<signature>|<priority>|<created>|<job>`: within jobs of equal requirements it sorts by
priority, then age (clarifications 12). A range scan therefore reads the head of any queue without sorting, and one
look-up past a signature's last possible position finds the next signature: the cost of both does not grow with the
number of pending jobs, nor with jobs that no robot can take.

The history's order is `<tenant>|<created>|<job>` (`place`). Both begin with the tenant, so that one single-field index,
all that the embedded store uses, serves the filter and the order: a range reads exactly the tenant's documents.
"""

import hashlib
from typing import Final, NamedTuple

import msgspec

from shared.jobs.job import Requirements
from shared.storage import Document

SEPARATOR: Final = "|"
AFTER_ALL: Final = "~"
"""Sorts after every character used in a position."""
MS_DIGITS: Final = 14
_SIGNATURE_BYTES: Final = 8
_ESCAPES: Final = str.maketrans({"%": "%25", "|": "%7C", "~": "%7E"})


class QueueKey(NamedTuple):
    """The jobs one comparison decides about: same tenant, environment and requirements."""

    tenant_id: str
    environment: str
    signature: str

    @property
    def prefix(self) -> str:
        """What the positions of this queue's jobs start with."""
        return SEPARATOR.join((_escape(self.tenant_id), _escape(self.environment), self.signature, ""))


class Position(NamedTuple):
    """A position taken apart."""

    key: QueueKey
    priority: int
    created_ms: int
    job_id: str


def signature_of(requirements: Requirements) -> str:
    """A short name for `requirements`; equal ones get the same, different ones another."""
    canonical = msgspec.json.encode(requirements)
    return hashlib.blake2b(canonical, digest_size=_SIGNATURE_BYTES).hexdigest()


def queue_key(tenant_id: str, requirements: Requirements) -> QueueKey:
    """The queue a job with these requirements waits in."""
    return QueueKey(tenant_id, requirements.environment, signature_of(requirements))


def queue_position(tenant_id: str, requirements: Requirements, priority: int, created_ms: int, job_id: str) -> str:
    """The job's place in the order."""
    rank = SEPARATOR.join((f"{priority:02d}", moment(created_ms), job_id))
    return queue_key(tenant_id, requirements).prefix + rank


def parse_position(position: str) -> Position:
    """The parts of a position made by `queue_position`."""
    tenant_id, environment, signature, priority, created, job_id = position.split(SEPARATOR, 5)
    key = QueueKey(_unescape(tenant_id), _unescape(environment), signature)
    return Position(key, int(priority), int(created), job_id)


def tenant_prefix(tenant_id: str) -> str:
    """What every position of this tenant, in whatever order, starts with; no other tenant's does."""
    return _escape(tenant_id) + SEPARATOR


def moment(at_ms: int) -> str:
    """`at_ms` as text that sorts by time; times outside 1970–5138 become the nearest one inside."""
    return f"{min(max(at_ms, 0), 10**MS_DIGITS - 1):0{MS_DIGITS}d}"


def everything_in(prefix: str) -> Document:
    """The condition on a field for all its values that start with `prefix`."""
    return {"$gte": prefix, "$lt": prefix + AFTER_ALL}


def place(tenant_id: str, at_ms: int, job_id: str) -> str:
    """A job's place among its tenant's jobs by a moment of theirs: creation in the history, the end in dead letters."""
    return tenant_prefix(tenant_id) + moment(at_ms) + SEPARATOR + job_id


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


def _unescape(text: str) -> str:
    return text.replace("%7C", "|").replace("%7E", "~").replace("%25", "%")
