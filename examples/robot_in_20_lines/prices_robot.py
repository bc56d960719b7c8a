"""A robot with a node type of its own: looks up prices."""

from decimal import Decimal

from robot import NodeCall, Robot, WorkflowError, node

PRICES = {"apple": Decimal("0.45"), "pear": Decimal("0.60")}


@node("shop.price")
def price(article: str, pieces: int, context: NodeCall) -> dict[str, Decimal]:
    """What so many pieces of an article cost."""
    if article not in PRICES:
        raise WorkflowError(f"the shop has no {article}")
    context.log(f"{pieces} × {article}")
    return {"total": PRICES[article] * pieces}


if __name__ == "__main__":
    Robot().run()
