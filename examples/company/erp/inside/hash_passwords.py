"""Hashes passwords the way Tryton checks them: JSON of login to password in, login to hash out.

They come on standard input, so that no list of processes shows them.
"""

import json
import sys

from pwdlib import PasswordHash  # type: ignore[import-not-found]
from pwdlib.hashers.argon2 import Argon2Hasher  # type: ignore[import-not-found]


def main() -> None:
    """Read the passwords from standard input and print their hashes."""
    hasher = PasswordHash([Argon2Hasher()])
    passwords = json.load(sys.stdin)
    json.dump({login: hasher.hash(word) for login, word in passwords.items()}, sys.stdout)


if __name__ == "__main__":
    main()
