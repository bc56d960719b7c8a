"""The queue's order as one string."""

from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import Requirements, queue_position, signature_of
from shared.jobs.position import AFTER_ALL, parse_position, queue_key

NAMES = st.text(min_size=1, max_size=12).filter(lambda text: text.isprintable())


@given(NAMES, NAMES, st.integers(0, 20), st.integers(0, 10**13))
def test_a_position_can_be_taken_apart_again(tenant: str, environment: str, priority: int, created_ms: int) -> None:
    needs = Requirements(environment=environment)
    position = parse_position(queue_position(tenant, needs, priority, created_ms, "job-1"))
    assert position.key == queue_key(tenant, needs)
    assert (position.key.tenant_id, position.key.environment) == (tenant, environment)
    assert (position.priority, position.created_ms, position.job_id) == (priority, created_ms, "job-1")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 10**13)), min_size=2, max_size=2))
def test_positions_of_one_queue_sort_by_priority_then_age(ranks: list[tuple[int, int]]) -> None:
    first, second = (queue_position("t", Requirements(), *rank, "job") for rank in ranks)
    assert (first < second) == (ranks[0] < ranks[1])


@given(NAMES, st.integers(0, 20), st.integers(0, 10**13))
def test_every_position_lies_between_its_queues_bounds(tenant: str, priority: int, created_ms: int) -> None:
    needs = Requirements()
    prefix = queue_key(tenant, needs).prefix
    assert prefix <= queue_position(tenant, needs, priority, created_ms, "zzz") < prefix + AFTER_ALL


def test_different_requirements_have_different_signatures() -> None:
    needs = [
        Requirements(),
        Requirements(capabilities=("a",)),
        Requirements(tags=("a",)),
        Requirements(robot_id="a"),
        Requirements(environment="a"),
        Requirements(execution_mode="internet"),
    ]
    assert len({signature_of(one) for one in needs}) == len(needs)
    assert signature_of(Requirements(tags=("x",))) == signature_of(Requirements(tags=("x",)))


def test_no_position_of_one_tenant_lies_within_anothers_queue() -> None:
    stranger = queue_position("a|default", Requirements(), 0, 0, "j")
    mine = queue_key("a", Requirements()).prefix
    assert not mine <= stranger < mine + AFTER_ALL
