"""Turns a call of the configuration into requests.

Guarantee: what a template puts into a path, a query or a form is escaped there, so that a
value is never more than a value; a request shows its query and body to nobody but the wire.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from adapters.rest.spec import CallSpec, Method, PagingSpec, SinceSpec
from adapters.templates import ABSENT, Template, as_text, compile_sparse, compile_template
from midspan.kernel.errors import MidspanError

Pairs = Sequence[tuple[str, str]]

_JSON = msgspec.json.Encoder(decimal_format="number")


class Joined(list[Any]):
    """Several values for one placeholder: joined by commas in a text, a list in a body."""

    def __str__(self) -> str:
        return ",".join(as_text(value) for value in self)


@dataclass(frozen=True, slots=True)
class Request:
    """One request without its credentials."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    def with_query(self, pairs: Pairs) -> "Request":
        """Return this request with some parameters put, in place of those of their names."""
        if not pairs:
            return self
        return Request(self.method, put_query(self.url, pairs), self.headers, self.body)


class Call:
    """A compiled call; ``known`` are the placeholders that its templates may use."""

    def __init__(
        self,
        spec: CallSpec,
        base: str,
        known: Collection[str],
        *,
        paging: PagingSpec | None = None,
        since: SinceSpec | None = None,
        form: Any = None,
        body: Any = None,
        method: Method | None = None,
        escape_path: bool = True,
        absent: Any = None,
    ) -> None:
        queries = [spec.query, paging and paging.query, since and since.query]
        bodies = [body or spec.body, paging and paging.body, since and since.body]
        self._base = base
        self._sends = spec.sends
        self._escape = escape_path
        self._path = compile_template((since and since.path) or spec.path, known)
        self._queries = [
            compile_sparse(tree, known, absent) for tree in queries if tree is not None
        ]
        self._bodies = [compile_sparse(tree, known, absent) for tree in bodies if tree is not None]
        form = spec.form if form is None else form
        self._form = compile_sparse(form, known, absent) if form is not None else None
        self._headers = compile_sparse(spec.headers, known) if spec.headers else None
        sends = bool(self._bodies) or self._form is not None
        self._method = method or spec.method or ("POST" if sends else "GET")
        parts = [self._path, *self._queries, *self._bodies]
        parts += filter(None, [self._form, self._headers])
        self.names = frozenset(name for part in parts for name in part.names)

    def request(self, values: Mapping[str, Any]) -> Request:
        """Return the request for some values; every name of ``names`` must be among them."""
        pairs = [pair for query in self._queries for pair in _pairs(query.render(values))]
        headers = self._rendered_headers(values)
        body = None
        if self._form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(_pairs(self._form.render(values))).encode()
        elif self._bodies:
            headers = {"Content-Type": f"application/{self._sends}", **headers}
            body = self._encoded(self._body(values))
        return Request(self._method, put_query(self._url(values), pairs), headers, body)

    def _url(self, values: Mapping[str, Any]) -> str:
        escaped = {name: quote(as_text(values[name]), safe=",") for name in self._path.names}
        path = as_text(self._path.render(escaped if self._escape else values))
        if not self._escape and "://" in path:
            return path
        return f"{self._base}/{path.lstrip('/')}"

    def _rendered_headers(self, values: Mapping[str, Any]) -> dict[str, str]:
        rendered = self._headers.render(values) if self._headers else ABSENT
        return {} if rendered is ABSENT else {name: as_text(one) for name, one in rendered.items()}

    def _encoded(self, body: Any) -> bytes:
        if self._sends == "json":
            return _JSON.encode(body)
        from adapters.rest.xml_body import encode

        return encode(body)

    def _body(self, values: Mapping[str, Any]) -> Any:
        rendered = [body.render(values) for body in self._bodies]
        whole: Any = {}
        for piece in rendered:
            whole = whole if piece is ABSENT else _merged(whole, piece)
        return whole


def compile_texts(texts: Mapping[str, str], known: Collection[str]) -> dict[str, Template]:
    """Compile templates of texts that stand under names."""
    return {name: compile_template(text, known) for name, text in texts.items()}


def put_query(url: str, pairs: Pairs) -> str:
    """Return an address with parameters put, in place of those of their names."""
    if not pairs:
        return url
    parts = urlsplit(url)
    kept = without(parse_qsl(parts.query, keep_blank_values=True), {name for name, _ in pairs})
    return urlunsplit(parts._replace(query=urlencode([*kept, *pairs], quote_via=quote)))


def strip_query(url: str, names: Collection[str]) -> str:
    """Return an address without the parameters of some names."""
    parts = urlsplit(url)
    kept = without(parse_qsl(parts.query, keep_blank_values=True), names)
    return urlunsplit(parts._replace(query=urlencode(kept, quote_via=quote)))


def without(pairs: Pairs, names: Collection[str]) -> list[tuple[str, str]]:
    """Return the pairs of other names."""
    return [(name, value) for name, value in pairs if name not in names]


def _pairs(rendered: Any) -> list[tuple[str, str]]:
    if rendered is ABSENT:
        return []
    if not isinstance(rendered, Mapping):
        raise MidspanError(
            "rest.query",
            "a query or form is no mapping of names to values",
            remedy="Write it as 'query: {name: value}'",
        )
    return [pair for name, value in rendered.items() for pair in _spread(name, value)]


def _spread(name: str, value: Any) -> list[tuple[str, str]]:
    """Return one pair a value: a list in the configuration repeats the name."""
    if isinstance(value, list) and not isinstance(value, Joined):
        return [pair for one in value for pair in _spread_each(name, one)]
    return [(name, as_text(value))]


def _spread_each(name: str, value: Any) -> list[tuple[str, str]]:
    values = value if isinstance(value, list) else [value]
    return [(name, as_text(one)) for one in values]


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        both = {name: _merged(one[name], other[name]) for name in one if name in other}
        return {**one, **other, **both}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    return other
