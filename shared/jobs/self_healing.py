"""What a robot's result says about self-healing: how often it tried to mend a broken step, how often that worked.

A robot reports it for the whole job, `{"self_healing": {"attempts": 3, "successes": 2}}`, or for each node, the same
object in the entries of `node_execution`. What is said for the whole job counts, else the sum over the nodes. Each of
a job's attempts may tell some: the figures have the sum of all.
"""

from typing import Any, Final, NamedTuple

import msgspec

from shared.jobs.job import Job

MOST_ATTEMPTS: Final = 1_000_000
"""More in one job is a mistake and counts as this many."""

_NAME: Final = "self_healing"


class SelfHealing(NamedTuple):
    """`successes` never exceeds `attempts`."""

    attempts: int = 0
    successes: int = 0


NONE: Final = SelfHealing()


def self_healing_of(result_json: str | None) -> SelfHealing:
    """The counts in a job's result; zeros where it has none, or anything else in their place. Never raises.

    A result is only parsed when it mentions self-healing: most do not, and some are large.
    """
    if not result_json or _NAME not in result_json:
        return NONE
    try:
        result: Any = msgspec.json.decode(result_json)
    except (msgspec.DecodeError, RecursionError):
        return NONE
    if not isinstance(result, dict):
        return NONE
    if _NAME in result:
        return _counts(result[_NAME])
    nodes = result.get("node_execution")
    reported = [_counts(node.get(_NAME)) for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
    return bounded(sum(one.attempts for one in reported), sum(one.successes for one in reported))


def healing_of(job: Job, result_json: str | None) -> SelfHealing:
    """The counts of all attempts of `job`, of which the last told `result_json`."""
    last = self_healing_of(result_json)
    return bounded(job.healing_attempts + last.attempts, job.healing_successes + last.successes)


def bounded(attempts: int, successes: int) -> SelfHealing:
    """The counts, held within what is possible."""
    attempts = min(max(attempts, 0), MOST_ATTEMPTS)
    return SelfHealing(attempts, min(max(successes, 0), attempts))


def _counts(reported: object) -> SelfHealing:
    if not isinstance(reported, dict):
        return NONE
    attempts, successes = reported.get("attempts"), reported.get("successes", 0)
    # type() rather than isinstance(): true and false are no counts.
    if type(attempts) is not int or type(successes) is not int:
        return NONE
    return bounded(attempts, successes)
