"""Derived values: digests, signatures and encoded texts that a login is made of."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.derive import MOMENT_NAMES, Derivation, moment
from config.tree import Node, parse_tree
from midspan.kernel.errors import ConfigurationError


def digest(name: str, data: bytes) -> Any:
    """Return a digest as hashlib makes it."""
    return hashlib.new(name, data, usedforsecurity=False)


KNOWN = {"login": "jane", "password": "pä:ss", "challenge": "c-1"}
WORD = KNOWN["password"].encode()
MADE: Mapping[str, tuple[str, str]] = {
    "md5": ('{md5: "{challenge}{password}"}', digest("md5", b"c-1" + WORD).hexdigest()),
    "sha1": ('{sha1: "{password}"}', digest("sha1", WORD).hexdigest()),
    "sha256": ('{sha256: "{password}"}', digest("sha256", WORD).hexdigest()),
    "sha512": ('{sha512: "{password}"}', digest("sha512", WORD).hexdigest()),
    "a digest of a digest's text": (
        '{md5: {md5: "{password}"}}',
        digest("md5", digest("md5", WORD).hexdigest().encode()).hexdigest(),
    ),
    "base64": ('{base64: "{login}:{password}"}', base64.b64encode(b"jane:" + WORD).decode()),
    "a digest's bytes": (
        '{base64: {sha1: "{password}"}}',
        base64.b64encode(digest("sha1", WORD).digest()).decode(),
    ),
    "without padding": ('{base64url: "{login}??>"}', "amFuZT8_Pg"),
    "a signature": (
        '{hmac_sha256: {key: "{password}", text: "{challenge}"}}',
        hmac.new(WORD, b"c-1", "sha256").hexdigest(),
    ),
    "a signature's bytes": (
        '{base64: {hmac_sha1: {key: "{password}", text: "{challenge}"}}}',
        base64.b64encode(hmac.new(WORD, b"c-1", "sha1").digest()).decode(),
    ),
    "capitals": ('{upper: {md5: "{login}"}}', digest("md5", b"jane").hexdigest().upper()),
    "a text": ('"{login}/{challenge}"', "jane/c-1"),
}


def spec(folder: Path, text: str) -> Mapping[str, Node]:
    """Return the derivations of a YAML text."""
    return dict(parse_tree(text.encode(), folder / "derive.yaml").items())


@pytest.mark.parametrize("name", MADE)
def test_a_value_is_made_as_others_make_it(tmp_path: Path, name: str) -> None:
    """Each operation gives what the usual libraries give."""
    text, expected = MADE[name]

    derived = Derivation(spec(tmp_path, f"made: {text}"), KNOWN).complete(KNOWN)

    assert derived == {**KNOWN, "made": expected}


def test_a_value_is_made_as_soon_as_its_parts_are_known(tmp_path: Path) -> None:
    """Before the challenge came, only what needs none exists; order in the file does not count."""
    text = 'both: {md5: "{inner}{challenge}"}\ninner: {md5: "{password}"}'
    derivation = Derivation(spec(tmp_path, text), KNOWN)
    early = {name: KNOWN[name] for name in ("login", "password")}

    assert derivation.reach(early) == {"login", "password", "inner"}
    assert derivation.complete(early).keys() == {"login", "password", "inner"}
    assert derivation.complete(KNOWN).keys() == {*KNOWN, "inner", "both"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('made: {md4: "{login}"}', "md5"),
        ('made: {md5: "{logn}"}', "login"),
        ("made: [1, 2]", "hmac_sha256"),
        ('made: {md5: "{login}", sha1: "{login}"}', "one operation"),
        ('made: {hmac_sha1: "{login}"}', "a key and a text"),
        ('made: {md5: "{made}"}', "itself"),
        ('one: {md5: "{two}"}\ntwo: {md5: "{one}"}', "itself"),
        ('password: {md5: "{login}"}', "another name"),
    ],
)
def test_what_can_never_be_made_is_refused_at_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    """The message names the place, and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        Derivation(spec(tmp_path, text), KNOWN)

    assert "derive.yaml:" in str(caught.value)
    assert told in str(caught.value)


def test_every_request_has_a_moment_and_a_nonce_of_its_own() -> None:
    """No two requests are signed alike."""
    one, other = moment(), moment()

    assert one.keys() == MOMENT_NAMES
    assert one["request.nonce"] != other["request.nonce"]
    assert one["request.epoch_ms"].startswith(one["request.epoch"])
