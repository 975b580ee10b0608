"""``python -m deploy.wheels [--into dist]``: build both wheels, and name them."""

import argparse
from pathlib import Path

from deploy.wheels.build import DISTRIBUTIONS, build_wheel


def main() -> None:
    """Build and print where."""
    parser = argparse.ArgumentParser(prog="python -m deploy.wheels", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("dist"), help="folder of the wheels")
    folder = parser.parse_args().into
    for distribution in DISTRIBUTIONS:
        print(build_wheel(distribution, folder))


if __name__ == "__main__":
    main()
