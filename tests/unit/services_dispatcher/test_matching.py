"""Candidates and offers in memory."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.domain.matching import MAX_CANDIDATES_PER_QUEUE, CandidateIndex, Offer, RobotProfile
from shared.jobs import Requirements, queue_position
from shared.jobs.position import Position, parse_position

PLAIN = Requirements()


def robot(robot_id: str = "r1", environment: str = "default", *, can: str = "", tags: str = "") -> RobotProfile:
    return RobotProfile("t", robot_id, environment, frozenset(can.split()), frozenset(tags.split()))


def place(job_id: str, needs: Requirements = PLAIN, *, priority: int = 10, created_ms: int = 1) -> Position:
    return parse_position(queue_position("t", needs, priority, created_ms, job_id))


def index_of(*jobs: tuple[str, Requirements, int, int]) -> CandidateIndex:
    index = CandidateIndex()
    for job_id, needs, priority, created_ms in jobs:
        index.push(place(job_id, needs, priority=priority, created_ms=created_ms), needs)
    return index


def taken(index: CandidateIndex, by: RobotProfile) -> list[str]:
    order = []
    while (candidate := index.take_best(by)) is not None:
        order.append(candidate.job_id)
    return order


def test_jobs_are_taken_by_priority_then_age() -> None:
    index = index_of(("old", PLAIN, 10, 1), ("urgent", PLAIN, 0, 3), ("new", PLAIN, 10, 2))
    assert taken(index, robot()) == ["urgent", "old", "new"]


def test_a_robot_gets_the_best_of_all_queues_it_can_serve() -> None:
    browser = Requirements(capabilities=("browser",))
    index = index_of(("plain", PLAIN, 5, 1), ("browser", browser, 4, 9))
    assert taken(index, robot()) == ["plain"]
    assert taken(index, robot(can="browser desktop")) == ["browser"]


def test_tags_capabilities_and_a_named_robot_all_have_to_match() -> None:
    needs = Requirements(capabilities=("a", "b"), tags=("x",), robot_id="r7")
    assert robot("r7", can="a b c", tags="x y").can_run(needs)
    assert not robot("r8", can="a b c", tags="x y").can_run(needs)
    assert not robot("r7", can="a", tags="x").can_run(needs)
    assert not robot("r7", can="a b", tags="y").can_run(needs)


def test_an_execution_mode_environment_also_serves_default_jobs_of_that_mode() -> None:
    internet = Requirements(execution_mode="internet")
    assert robot(environment="internet").can_run(internet)
    assert not robot(environment="lan").can_run(internet)
    assert not robot(environment="staging").can_run(internet)
    assert robot(environment="default").can_run(internet)
    assert not robot(environment="default").can_run(Requirements(environment="internet"))


def test_a_tenant_never_sees_another_tenants_jobs() -> None:
    index = index_of(("mine", PLAIN, 10, 1))
    stranger = RobotProfile("another", "r1", "default")
    assert index.take_best(stranger) is None


def test_a_new_candidate_wakes_the_one_robot_that_has_waited_longest_and_can_run_it() -> None:
    index = CandidateIndex()
    woken: list[str] = []
    index.wait(Offer(robot("cannot"), lambda: woken.append("cannot")))
    for name in ("first", "second"):
        index.wait(Offer(robot(name, can="browser"), partial(woken.append, name)))
    needs = Requirements(capabilities=("browser",))
    index.push(place("a", needs), needs)
    assert woken == ["first"]
    index.push(place("b", needs), needs)
    assert woken == ["first", "second"]
    assert index.n_offers == 1


def test_a_known_candidate_wakes_nobody_again() -> None:
    index, woken = CandidateIndex(), []
    index.push(place("a"), PLAIN)
    index.wait(Offer(robot(), lambda: woken.append(1)))
    index.push(place("a"), PLAIN)
    assert woken == []


def test_a_stale_read_does_not_bring_back_a_job_that_was_just_taken() -> None:
    index = index_of(("a", PLAIN, 10, 1))
    assert index.take_best(robot()) is not None
    index.push(place("a"), PLAIN)
    assert index.take_best(robot()) is None
    index.start_refill()
    index.push(place("a"), PLAIN)
    assert index.take_best(robot()) is None
    index.start_refill()
    index.push(place("a"), PLAIN)
    assert index.take_best(robot()) is not None


def test_news_of_a_job_that_is_claimable_again_brings_it_back_at_once() -> None:
    index = index_of(("a", PLAIN, 10, 1))
    index.take_best(robot())
    index.announce(place("a"), PLAIN)
    assert taken(index, robot()) == ["a"]


def test_a_full_queue_keeps_the_best_and_asks_for_the_rest() -> None:
    index = CandidateIndex()
    for number in range(MAX_CANDIDATES_PER_QUEUE + 100):
        index.push(place(f"j{number:04d}", created_ms=10_000 - number), PLAIN)
    assert index.n_candidates <= MAX_CANDIDATES_PER_QUEUE
    best = index.take_best(robot())
    assert best is not None
    assert best.job_id == f"j{MAX_CANDIDATES_PER_QUEUE + 99:04d}"
    assert [key.environment for key, _ in index.low_queues(MAX_CANDIDATES_PER_QUEUE)] == ["default"]


def test_empty_queues_are_forgotten() -> None:
    index = CandidateIndex()
    for number in range(100):
        needs = Requirements(capabilities=(f"c{number}",))
        index.push(place(f"j{number}", needs), needs)
        index.take_best(robot(can=f"c{number}"))
    index.forget_empty()
    assert index.n_queues == 0


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50)), max_size=60))
def test_whatever_comes_in_whatever_order_leaves_by_priority_and_age(jobs: list[tuple[int, int]]) -> None:
    index = index_of(*((f"j{n}", PLAIN, priority, age) for n, (priority, age) in enumerate(jobs)))
    expected = sorted((priority, age, f"j{n}") for n, (priority, age) in enumerate(jobs))
    assert taken(index, robot()) == [job_id for _, _, job_id in expected]


def test_who_waits_longest_is_woken_first_although_it_came_back_last() -> None:
    index = CandidateIndex()
    woken: list[object] = []
    for name, since in (("b", 20.0), ("c", 30.0), ("a", 10.0)):
        index.wait(Offer(robot(name), partial(woken.append, name), since=since))
    for job_id in ("1", "2", "3"):
        index.push(place(job_id), PLAIN)
    assert woken == ["a", "b", "c"]
    assert index.n_offers == 0


def test_a_withdrawn_offer_is_gone_from_every_queue_it_waited_in() -> None:
    index = CandidateIndex()
    woken: list[object] = []
    offers = [Offer(robot(f"r{n}", environment="lan"), partial(woken.append, n)) for n in range(3)]
    for offer in offers:
        index.wait(offer)
    for _ in range(2):
        index.withdraw(offers[1])
    assert index.n_offers == 4
    index.push(place("a"), PLAIN)
    index.push(place("b"), PLAIN)
    assert woken == [0, 2]


def test_a_robot_is_neither_woken_for_nor_given_a_job_it_avoids() -> None:
    index = CandidateIndex()
    woken: list[object] = []
    index.wait(Offer(robot("r1"), partial(woken.append, "r1"), since=1.0, avoid={"a"}))
    index.wait(Offer(robot("r2"), partial(woken.append, "r2"), since=2.0))
    index.push(place("a"), PLAIN)
    assert woken == ["r2"]
    assert index.take_best(robot("r1"), {"a"}) is None
    index.push(place("b"), PLAIN)
    first = index.take_best(robot("r1"), {"a"})
    second = index.take_best(robot("r2"))
    assert first is not None
    assert second is not None
    assert (first.job_id, second.job_id) == ("b", "a")


def test_a_woken_robot_that_takes_nothing_passes_its_turn_on() -> None:
    index = CandidateIndex()
    woken: list[object] = []
    for name in ("r1", "r2"):
        index.wait(Offer(robot(name), partial(woken.append, name)))
    index.push(place("a"), PLAIN)
    index.pass_on(robot("r1"))
    index.pass_on(robot("r2"))
    assert woken == ["r1", "r2"]
