"""Turns a call of the configuration into requests.

Guarantee: what a template puts into a path, a query or a form is escaped there, so that a
value is never more than a value; a request shows its query and body to nobody but the wire.
What opens the door is put in when a request is sent, anew each time, and never into a path.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    """One request without its credentials; ``fill`` makes it anew with those it holds itself."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    fill: "Callable[[Mapping[str, Any]], Request] | None" = field(default=None, repr=False)

    def at(self, url: str) -> "Request":
        """Return this request to another address."""
        fill = self.fill
        return replace(self, url=url, fill=fill and (lambda secrets: fill(secrets).at(url)))

    def filled(self, secrets: Mapping[str, Any]) -> "Request":
        """Return this request with the credentials that its templates name."""
        if self.fill is None:
            return self
        made = self.fill(secrets)
        return replace(made, headers={**self.headers, **made.headers})

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """Return this request with more headers."""
        return replace(self, headers={**self.headers, **headers})

    def with_query(self, pairs: Pairs) -> "Request":
        """Return this request with some parameters put, in place of those of their names."""
        return replace(self, url=put_query(self.url, pairs)) if pairs else self


class Call:
    """A compiled call; ``known`` are the placeholders that its templates may use.

    ``secrets`` are those besides that only who sends it knows; its path may not show them.
    """

    def __init__(
        self,
        spec: CallSpec,
        base: str,
        known: Collection[str],
        *,
        secrets: Collection[str] = (),
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
        own, known = known, {*known, *secrets}
        self._queries = [
            compile_sparse(tree, known, absent) for tree in queries if tree is not None
        ]
        self._bodies = [compile_sparse(tree, known, absent) for tree in bodies if tree is not None]
        forms = [spec.form if form is None else form, paging and paging.form, since and since.form]
        self._forms = [compile_sparse(tree, known, absent) for tree in forms if tree is not None]
        self._headers = compile_sparse(spec.headers, known) if spec.headers else None
        sends = bool(self._bodies or self._forms)
        self._method = method or spec.method or ("POST" if sends else "GET")
        parts = [self._path, *self._queries, *self._bodies, *self._forms]
        parts += [self._headers] if self._headers else []
        used = frozenset(name for part in parts for name in part.names)
        self.names = used & frozenset(own)
        self._secrets = used - self.names

    def request(self, values: Mapping[str, Any]) -> Request:
        """Return the request for some values; every name of ``names`` must be among them."""
        if not self._secrets:
            return self._made(values)
        blank = self._made({**dict.fromkeys(self._secrets), **values})
        return replace(blank, fill=lambda secrets: self._made({**secrets, **values}))

    def _made(self, values: Mapping[str, Any]) -> Request:
        pairs = _joined(self._queries, values)
        headers = self._rendered_headers(values)
        body = None
        if self._forms:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(_joined(self._forms, values)).encode()
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


def _joined(templates: Sequence[Template], values: Mapping[str, Any]) -> Pairs:
    """Return the members of several templates: a later one takes the place of its namesake."""
    pairs: Pairs = []
    for template in templates:
        more = _pairs(template.render(values))
        pairs = [*without(pairs, {name for name, _ in more}), *more]
    return pairs


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


def _no_pair(name: str) -> MidspanError:
    return MidspanError(
        "rest.query",
        f"'{name}' of a query or form is a mapping",
        remedy="Write {json: ...} for its JSON, or members of their own such as 'name[member]'",
    )


def _spread(name: str, value: Any) -> list[tuple[str, str]]:
    """Return one pair a value: a list in the configuration repeats the name.

    ``{json: ...}`` is one text, the JSON of what it holds.
    """
    if isinstance(value, Mapping):
        if value.keys() != {"json"}:
            raise _no_pair(name)
        return [(name, _JSON.encode(value["json"]).decode())]
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
