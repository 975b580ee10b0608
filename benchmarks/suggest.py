"""How many fields of labelled schemas a suggestion finds, each schema judged without its own names.

The schemas are those of the tests, where what is right stands beside each column. ``untouched``
ones were written after the lexicon and never tuned for. No peer: the targets are our own.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.frame import Measurement, Settings, at_least, at_most
from tests.mappings.suggest_corpus import FOLDER, judge, read_schemas, report

RIGHT, WRONG = 80.0, 5.0
_FEW = 4


def measure(settings: Settings) -> Iterator[Measurement]:
    """Yield the shares of fields found and of confident suggestions that are wrong."""
    yield from _judged("labelled", FOLDER, settings)
    yield from _judged("untouched", FOLDER / "untouched", settings)


def _judged(which: str, folder: Path, settings: Settings) -> Iterator[Measurement]:
    schemas = read_schemas(folder)[: _FEW if settings.short else None]
    shares = report([judge(schema) for schema in schemas])
    told = f"suggest: {len(schemas)} {which} schemas"
    yield at_least(
        f"{told}, right of {shares['mappable']} fields", "%", 100 * shares["right"], RIGHT
    )
    yield at_most(
        f"{told}, wrong of {shares['confident']} confident",
        "%",
        100 * shares["confidently_wrong"],
        WRONG,
    )
