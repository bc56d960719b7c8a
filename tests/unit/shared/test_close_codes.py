"""What may stand in a close frame."""

import pytest

from shared.web.close_codes import LONGEST_REASON, CloseCode, can_be_sent, reason_of


def test_every_code_of_ours_can_be_sent() -> None:
    assert all(can_be_sent(code) for code in CloseCode)


@pytest.mark.parametrize("code", [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_what_the_protocol_keeps_for_itself_cannot(code: int) -> None:
    assert not can_be_sent(code)


def test_a_reason_is_cut_between_characters() -> None:
    assert reason_of("short") == "short"
    cut = reason_of("é" * 100)
    assert cut == "é" * (LONGEST_REASON // 2)
    assert len(cut.encode()) <= LONGEST_REASON
