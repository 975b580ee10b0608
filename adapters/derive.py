"""Values that a login derives from others: digests, signatures, encoded texts.

Guarantee: a derivation is data. It knows the operations below and no other; each value is made
as soon as what it is made of is known, and one that never can be is refused when the
configuration is read.

``access_key: {md5: "{challenge}{password}"}`` names a value and says how it is made. The operand
is a template, or another operation: ``{base64: {hmac_sha256: {key: "{password}", text: "{a}"}}}``.
Texts are UTF-8. A digest is written in hexadecimal, in small letters; directly inside ``base64``
and ``base64url`` (which has no padding) its bytes count. ``upper`` writes capitals.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from adapters.templates import as_text, compile_template
from config.binding import nearest
from config.tree import Node
from midspan.kernel.errors import ConfigurationError

MOMENT_NAMES = frozenset(
    {"request.epoch", "request.epoch_ms", "request.time", "request.nonce"},
)
"""What every request has of its own: its moment (UTC), in three forms, and a random text."""

_DIGESTS = ("md5", "sha1", "sha256", "sha512")
_SIGNATURES = {f"hmac_{name}": name for name in _DIGESTS}
_OPERATIONS = (*_DIGESTS, *_SIGNATURES, "base64", "base64url", "upper")


@dataclass(frozen=True, slots=True)
class _Made:
    """A value under way: its text, and its bytes where it is a digest."""

    text: str
    raw: bytes


_Make = Callable[[Mapping[str, Any]], _Made]


def moment() -> dict[str, str]:
    """Return the values of ``MOMENT_NAMES`` for one request."""
    now = datetime.now(UTC)
    return {
        "request.epoch": str(int(now.timestamp())),
        "request.epoch_ms": str(int(now.timestamp() * 1000)),
        "request.time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "request.nonce": secrets.token_hex(16),
    }


class Derivation:
    """The derived values of one system; ``known`` are all names that are ever known.

    Raises ConfigurationError for what is no derivation, or can never be made.
    """

    def __init__(self, spec: Mapping[str, Node], known: Collection[str]) -> None:
        self._needs: dict[str, frozenset[str]] = {}
        self._makes: dict[str, _Make] = {}
        names = {*known, *spec}
        for name, node in spec.items():
            if name in known:
                raise _refused(node, f"'{name}' is known already", "Choose another name")
            used: set[str] = set()
            self._makes[name] = _compiled(node, names, used)
            self._needs[name] = frozenset(used)
        for name in spec.keys() - self.reach(known):
            raise _refused(spec[name], f"'{name}' is derived from itself", "Break the circle")

    def reach(self, names: Collection[str]) -> frozenset[str]:
        """Return ``names`` and those that can be derived from them."""
        reached = set(names)
        while more := {
            name for name, needs in self._needs.items() if name not in reached and needs <= reached
        }:
            reached |= more
        return frozenset(reached)

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values with those that can be derived from them."""
        whole = dict(values)
        while more := [
            name
            for name, needs in self._needs.items()
            if name not in whole and needs <= whole.keys()
        ]:
            whole |= {name: self._makes[name](whole).text for name in more}
        return whole


def _compiled(node: Node, names: Collection[str], used: set[str]) -> _Make:
    if isinstance(node.value, str):
        template = compile_template(node, names)
        used |= template.names
        return lambda values: _text(as_text(template.render(values)))
    if not isinstance(node.value, dict) or len(node.value) != 1:
        known = ", ".join(_OPERATIONS)
        raise _refused(node, "expected one operation and what it is applied to", f"Known: {known}")
    ((name, operand),) = node.value.items()
    if name in _SIGNATURES:
        key, text = _key_and_text(operand, name)
        makes = _compiled(key, names, used), _compiled(text, names, used)
        return partial(_signed, _SIGNATURES[name], *makes)
    made = _compiled(operand, names, used) if name in _OPERATIONS else None
    if made is None:
        remedy = nearest(str(name), _OPERATIONS)
        raise _refused(node, f"the operation '{name}' is not known", remedy)
    if name in _DIGESTS:
        return lambda values: _digest(hashlib.new(name, _bytes(made(values)), **_NO_SECURITY))
    return partial(_ENCODERS[name], made)


def _key_and_text(operand: Node, name: str) -> tuple[Node, Node]:
    members = operand.value if isinstance(operand.value, dict) else {}
    if set(members) != {"key", "text"}:
        raise _refused(operand, f"'{name}' needs a key and a text", "Write {key: ..., text: ...}")
    return members["key"], members["text"]


_NO_SECURITY: dict[str, Any] = {"usedforsecurity": False}
"""The digest is the foreign system's choice; a hardened Python offers md5 only so."""


def _signed(name: str, key: _Make, text: _Make, values: Mapping[str, Any]) -> _Made:
    return _digest(hmac.new(_bytes(key(values)), _bytes(text(values)), name))


def _digest(made: Any) -> _Made:
    return _Made(made.hexdigest(), made.digest())


def _base64(make: _Make, values: Mapping[str, Any]) -> _Made:
    return _text(base64.b64encode(make(values).raw).decode())


def _base64url(make: _Make, values: Mapping[str, Any]) -> _Made:
    return _text(base64.urlsafe_b64encode(make(values).raw).decode().rstrip("="))


def _upper(make: _Make, values: Mapping[str, Any]) -> _Made:
    return _text(make(values).text.upper())


_ENCODERS: Mapping[str, Callable[[_Make, Mapping[str, Any]], _Made]] = {
    "base64": _base64,
    "base64url": _base64url,
    "upper": _upper,
}


def _text(text: str) -> _Made:
    return _Made(text, text.encode())


def _bytes(made: _Made) -> bytes:
    return made.text.encode()


def _refused(node: Node, message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError([node.problem("config.derive", message, remedy)])
