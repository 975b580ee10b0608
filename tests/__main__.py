"""Runs the tests: those that get along side by side, then those marked ``alone`` one by one.

``python -m tests [words for pytest]``, with the servers that the environment names. Ends with
0 when all that were chosen passed, and with pytest's own code otherwise.
"""

import os
import subprocess
import sys

NOTHING_CHOSEN = 5
_MOST = 4


def main(words: list[str]) -> int:
    """Run both halves, the second one also after failures of the first; return the exit code."""
    # One more than there are processors: for a third of their time they wait for a server.
    workers = str(min((os.cpu_count() or 1) + 1, _MOST))
    together = ["-n", workers, "--dist", "loadfile", "-m", "not alone"]
    codes = [_pytest(together + words), _pytest(["-m", "alone", *words])]
    chosen = [code for code in codes if code != NOTHING_CHOSEN]
    return max(chosen, default=NOTHING_CHOSEN)


def _pytest(words: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
