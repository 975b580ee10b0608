"""Remote calls, compiled from their templates.

Guarantee: a call's method, parameters and path are data; every placeholder was checked against
the names that its place provides before anything is sent.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from adapters.rpc.jsonrpc import JsonRpc, PlainJson
from adapters.rpc.spec import RpcSpec
from adapters.rpc.values import Typed
from adapters.rpc.wire import Wire
from adapters.rpc.xmlrpc import XmlRpc
from adapters.templates import ABSENT, Template, compile_sparse, compile_template
from config.tree import Node


class Calling(Protocol):
    """Any spec that says how something is called."""

    @property
    def method(self) -> str:
        """The template of the method's name."""
        ...

    @property
    def params(self) -> Node:
        """The template of the parameters."""
        ...

    @property
    def path(self) -> str | None:
        """The template of the path, where it is not the system's."""
        ...


UNSET: Any = object()
"""The value of a placeholder that has none in this call."""


class Call:
    """A compiled remote call; ``known`` are its placeholders, ``path`` is the system's.

    A member of the parameters whose placeholder is UNSET is left out; in the list of
    parameters itself it is null, so that the others keep their places.
    """

    def __init__(self, spec: Calling, known: frozenset[str], path: str) -> None:
        self._method = compile_template(spec.method, known)
        self._params = _sparse(spec.params, known)
        self.names = self._params.names
        self._path = compile_template(spec.path or path, known | {"method"})

    def render(self, values: Mapping[str, Any]) -> tuple[str, str, Any]:
        """Return path, method and parameters."""
        method = str(self._method.render(values))
        path = str(self._path.render({**values, "method": method}))
        return path.lstrip("/"), method, self._params.render(values)


def _sparse(params: Node, known: frozenset[str]) -> Template:
    whole = compile_sparse(params, known, UNSET)
    if not isinstance(params.value, list):
        return Template(lambda values: _or(whole.render(values), {}), whole.names)
    items = [compile_sparse(item, known, UNSET) for item in params.value]
    return Template(lambda values: [_or(item.render(values), None) for item in items], whole.names)


def _or(rendered: Any, instead: Any) -> Any:
    return instead if rendered is ABSENT else rendered


def wire_of(spec: RpcSpec) -> Wire:
    """Return the protocol that a system speaks."""
    values = spec.values
    typed = Typed(spec.type_tag, values.datetimes, values.decimals)
    if spec.protocol == "xmlrpc":
        return XmlRpc(typed)
    return PlainJson(typed) if spec.protocol == "json" else JsonRpc(spec.version, typed)
