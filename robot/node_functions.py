"""Node types from plain functions: `@node("acme.lookup")`.

The function's parameters are the node's settings, converted to their annotated types; what it returns are the node's
outputs. A parameter `context` gets a NodeCall. An async function runs in the robot's loop, any other in a thread.
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError

from robot.errors import InvalidConfig
from robot.interruptible import in_own_thread, interruptible
from robot.node_call import NodeCall
from robot.nodes.context import NodeContext
from robot.nodes.table import EXEC_OUT, NodeTable, NodeType, Outcome

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE: Final = "__casare_nodes__"
DECORATED: Final = NodeTable()
"""Every node type made by the decorator in this process."""
_CONTEXT: Final = "context"
_RESULT: Final = "result"


def node(name: str, *other_names: str, exec_outputs: tuple[str, ...] = (EXEC_OUT,)) -> Callable[[F], F]:
    """Returns a decorator that makes a node type of a function, which itself stays as it is.

    Where control can leave by several ports, the function returns an `Outcome(outputs, port)`. Raises TypeError for a
    function that cannot be one, and for a decorator without its name.
    """
    _check_texts("names", (name, *other_names))
    _check_texts("exec_outputs", exec_outputs)

    def put(function: F) -> F:
        code = NodeFunction(function)
        origin = f"{function.__module__}.{function.__qualname__}"
        types = tuple(
            NodeType(each, code, exec_outputs, origin=origin, main_name=name) for each in (name, *other_names)
        )
        for each in types:
            DECORATED.add(each)
        setattr(function, ATTRIBUTE, (*getattr(function, ATTRIBUTE, ()), *types))
        return function

    return put


def _check_texts(what: str, given: object) -> None:
    """A bare `@node` has the function as its name, and a text is a sequence of its letters."""
    if not isinstance(given, tuple | list) or not all(isinstance(each, str) and each for each in given):
        raise TypeError(f'the {what} of a node type are texts: @node("acme.lookup", exec_outputs=("yes", "no"))')


def _check_function(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Returns the parameters of a function that can be a node type. Raises TypeError."""
    who = function.__qualname__
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{who}: a node ends once, so it returns its outputs; it cannot yield them")
    parameters = inspect.signature(function).parameters
    for name, each in parameters.items():
        if each.kind in {each.VAR_POSITIONAL, each.VAR_KEYWORD, each.POSITIONAL_ONLY}:
            raise TypeError(f"{who}: settings have names, so `{each}` cannot be one")
        if name == "self":
            raise TypeError(f"{who}: a method has no object when its node runs: decorate a function")
        if name != _CONTEXT and each.annotation in (NodeCall, NodeCall.__name__):
            raise TypeError(f"{who}: the parameter that gets the NodeCall is called `{_CONTEXT}`, not `{name}`")
    return parameters


class NodeFunction:
    """The code of a node type that is a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__
        parameters = _check_function(function)
        self._wants_call = _CONTEXT in parameters
        self._parameters = {name: each for name, each in parameters.items() if name != _CONTEXT}
        self._adapters: dict[str, TypeAdapter[Any]] | None = None

    async def __call__(self, context: NodeContext) -> Outcome:
        """Runs the function. Raises InvalidConfig for settings that it cannot take."""
        arguments = {name: self._argument(context, each) for name, each in self._parameters.items()}
        given = {name: value for name, value in arguments.items() if value is not inspect.Parameter.empty}
        if self._wants_call:
            given[_CONTEXT] = NodeCall(context)
        if inspect.iscoroutinefunction(self._function):
            returned = await interruptible(self._function(**given), context.run.cancel)
        else:
            returned = await in_own_thread(lambda: self._function(**given))
            if inspect.iscoroutine(returned):  # an async function inside a decorator that is not
                returned = await interruptible(returned, context.run.cancel)
        return _outcome(returned)

    def _argument(self, context: NodeContext, parameter: inspect.Parameter) -> Any:
        """The setting's value; `Parameter.empty` where the function's own default holds."""
        name = parameter.name
        if not context.has(name):
            if parameter.default is parameter.empty:
                raise InvalidConfig(f"`{name}` is missing")
            return parameter.empty
        adapter = self._types().get(name)
        value = context.value(name)
        if adapter is None:
            return value
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join([name, *(str(part) for part in first["loc"])])
            raise InvalidConfig(f"`{place}`: {first['msg']}") from None

    def _types(self) -> Mapping[str, TypeAdapter[Any]]:
        # Not before the first run: annotations may name what is defined further down.
        if self._adapters is None:
            hints = get_type_hints(self._function, include_extras=True)
            self._adapters = {
                name: _adapter(self._function, name, hints[name]) for name in self._parameters if name in hints
            }
        return self._adapters


def _adapter(function: Callable[..., Any], name: str, hint: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(hint)
    except PydanticUserError as error:
        raise InvalidConfig(
            f"`{name}` of {function.__qualname__} has a type that no setting can have: {hint}"
        ) from error


def _outcome(returned: Any) -> Outcome:
    if isinstance(returned, Outcome):
        return returned
    if returned is None:
        return Outcome()
    if isinstance(returned, BaseModel):
        return Outcome(returned.model_dump())
    if dataclasses.is_dataclass(returned) and not isinstance(returned, type):
        return Outcome(dataclasses.asdict(returned))
    if isinstance(returned, Mapping):
        return Outcome({str(name): value for name, value in returned.items()})
    return Outcome({_RESULT: returned})


def node_types_of(thing: object) -> tuple[NodeType, ...]:
    """Returns the node types that a decorated function, a NodeTable or a NodeType is; none for anything else."""
    if isinstance(thing, NodeType):
        return (thing,)
    if isinstance(thing, NodeTable):
        return tuple(thing)
    found: tuple[NodeType, ...] = getattr(thing, ATTRIBUTE, ())
    return found
