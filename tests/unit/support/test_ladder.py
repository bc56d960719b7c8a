import pytest

from tests.support.backends.decisions import required
from tests.support.backends.ladder import (
    Decision,
    Misconfigured,
    NoAnswer,
    NotHere,
    Place,
    Rung,
    climb,
    given_by,
    running_at,
)
from tests.support.backends.probes import check_amqp, check_mongodb, check_redis
from tests.support.ports import LOOPBACK, free_port

HERE = Place("redis://here")


def has_it() -> Place:
    return HERE


def lacks_it() -> Place:
    raise NotHere("not installed")


def must_not_be_tried() -> Place:
    raise AssertionError("a lower rung was tried")


def answers(url: str) -> None:
    """Any URL will do."""


def is_silent(url: str) -> None:
    raise NoAnswer(f"nobody at {url}")


def test_the_first_rung_that_has_it_wins() -> None:
    decision = climb([Rung("a", lacks_it), Rung("b", has_it), Rung("c", must_not_be_tried)])
    assert decision == Decision(HERE, "b")


def test_without_any_the_story_tells_every_reason() -> None:
    decision = climb([Rung("a", lacks_it), running_at("redis://there", is_silent, "b")])
    assert decision == Decision(None, "a: not installed; b: nobody at redis://there")


def test_a_given_url_is_used_and_an_unset_one_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    rung = given_by("CASARE_TEST_LADDER_URL", answers)
    assert climb([rung]).place is None
    monkeypatch.setenv("CASARE_TEST_LADDER_URL", "redis://given")
    assert climb([rung]).place == Place("redis://given")


def test_a_given_url_that_does_not_answer_is_a_mistake_and_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_TEST_LADDER_URL", "redis://wrong")
    rung = given_by("CASARE_TEST_LADDER_URL", is_silent)
    with pytest.raises(Misconfigured):
        rung.find()
    decision = climb([rung, Rung("b", must_not_be_tried)])
    assert decision.is_a_mistake
    assert "CASARE_TEST_LADDER_URL: nobody at redis://wrong" in decision.story


def test_a_missing_backend_skips_with_its_reason_and_fails_in_ci() -> None:
    decision = Decision(None, "not installed")
    with pytest.raises(pytest.skip.Exception, match="no redis for the tests: not installed"):
        required(decision, "redis", is_ci=False)
    with pytest.raises(pytest.fail.Exception, match="no redis for the tests: not installed"):
        required(decision, "redis", is_ci=True)


def test_a_mistake_fails_everywhere() -> None:
    with pytest.raises(pytest.fail.Exception):
        required(Decision(None, "wrong", is_a_mistake=True), "redis", is_ci=False)


@pytest.mark.parametrize(
    ("check", "scheme"), [(check_amqp, "amqp"), (check_redis, "redis"), (check_mongodb, "mongodb")]
)
def test_where_nothing_listens_nothing_answers(check: object, scheme: str) -> None:
    assert callable(check)
    with pytest.raises(NoAnswer):
        check(f"{scheme}://{LOOPBACK}:{free_port()}")


def test_a_wrong_password_is_no_answer(amqp_url: str) -> None:
    check_amqp(amqp_url)
    with pytest.raises(NoAnswer, match="lets us in"):
        check_amqp(amqp_url.replace("guest:guest@", "guest:wrong@"))
