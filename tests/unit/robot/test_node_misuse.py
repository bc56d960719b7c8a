"""What the decorator of node types does not take, and how it says so."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from robot import NodeCall, node


def test_a_function_whose_settings_have_no_names_is_refused() -> None:
    with pytest.raises(TypeError, match="settings have names"):

        @node("acme.any")
        def anything(**settings: Any) -> None: ...


def test_a_decorator_that_is_used_wrongly_says_how_it_is_used() -> None:
    misused: Any = node

    def plain() -> None: ...

    for given, named in (((plain,), {}), (("",), {}), (("acme.x", 5), {}), (("acme.x",), {"exec_outputs": "yes"})):
        with pytest.raises(TypeError, match=r'@node\("acme.lookup"'):
            misused(*given, **named)


def test_a_function_that_cannot_be_a_node_is_refused_with_what_to_do() -> None:
    def yields() -> Iterator[int]:
        yield 1

    async def yields_too() -> AsyncIterator[int]:
        yield 1

    class Shop:
        def price(self, article: str) -> None: ...

    def misnamed(ctx: NodeCall) -> None: ...

    for function, advice in (
        (yields, "it returns its outputs"),
        (yields_too, "it returns its outputs"),
        (Shop.price, "decorate a function"),
        (misnamed, "called `context`, not `ctx`"),
    ):
        with pytest.raises(TypeError, match=advice):
            node("acme.x")(function)
