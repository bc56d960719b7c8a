"""What a result says about self-healing, whoever wrote it."""

import pytest

from shared.jobs.self_healing import MOST_ATTEMPTS, self_healing_of


@pytest.mark.parametrize(
    ("result_json", "counts"),
    [
        ('{"self_healing": {"attempts": 3, "successes": 2}}', (3, 2)),
        ('{"self_healing": {"attempts": 3}}', (3, 0)),
        ('{"node_execution": [{"self_healing": {"attempts": 1, "successes": 1}}, {"node_id": "b"}, 7, '
         '{"self_healing": {"attempts": 2, "successes": 0}}]}', (3, 1)),
        ('{"self_healing": {"attempts": 5, "successes": 5}, '
         '"node_execution": [{"self_healing": {"attempts": 1, "successes": 1}}]}', (5, 5)),
        ('{"self_healing": {"attempts": 1, "successes": 9}}', (1, 1)),
        ('{"self_healing": {"attempts": -4, "successes": -9}}', (0, 0)),
        (f'{{"self_healing": {{"attempts": {10**30}, "successes": 1}}}}', (MOST_ATTEMPTS, 1)),
    ],
)  # fmt: skip
def test_counts_are_read_for_the_job_or_from_its_nodes(result_json: str, counts: tuple[int, int]) -> None:
    assert self_healing_of(result_json) == counts


@pytest.mark.parametrize(
    "result_json",
    [
        None, "", "{}", "null", "[]", '"self_healing"', '["self_healing"]', '{"self_healing": null}', '{"self_healing"',
        '{"self_healing": 3}', '{"self_healing": {"attempts": true, "successes": true}}',
        '{"self_healing": {"attempts": "3"}}', '{"self_healing": {"attempts": 1.5}}',
        '{"node_execution": {"self_healing": {"attempts": 1}}}', '{"node_execution": "self_healing"}',
        '{"x": "self_healing", "node_execution": null}', '{"self_healing":' + "[" * 100_000,
    ],
    ids=lambda text: str(text)[:30],
)  # fmt: skip
def test_anything_else_counts_nothing(result_json: str | None) -> None:
    assert self_healing_of(result_json) == (0, 0)
