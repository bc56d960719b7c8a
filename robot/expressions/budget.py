"""How much one evaluation may do and how large its values may become."""

from robot.expressions.errors import ExpressionError, WorkLimitExceeded
from robot.values import ValueTooLarge, size_of

MAX_INTEGER_BITS = 4_096
MAX_TEXT = 1_000_000
MAX_ITEMS = 200_000


class Budget:
    """Units of work one evaluation may still spend: one per step, item visited or 64 characters copied."""

    def __init__(self, units: int) -> None:
        self.left = units

    def spend(self, units: int = 1) -> None:
        """Raises WorkLimitExceeded when the evaluation has used up its units."""
        self.left -= units
        if self.left < 0:
            raise WorkLimitExceeded("the expression needs too much work")

    def spend_walk(self, *values: object) -> None:
        """Spends what visiting every part of the values costs, before anything visits them."""
        for value in values:
            try:
                self.spend(size_of(value, max(self.left, 0)))
            except ValueTooLarge as error:
                raise WorkLimitExceeded(f"the expression works on too large a value: {error}") from error

    def text_of_length(self, length: int) -> None:
        """Allows a text of `length` characters to be made."""
        if length > MAX_TEXT:
            raise ExpressionError(f"a text would have more than {MAX_TEXT:,} characters")
        self.spend(length // 64)

    def list_of_length(self, length: int) -> None:
        """Allows a list or record of `length` items to be made."""
        if length > MAX_ITEMS:
            raise ExpressionError(f"a list would have more than {MAX_ITEMS:,} items")
        self.spend(length // 8)
