"""Message translators: mapping files, compiled once into fast functions.

``load_mapping`` reads and checks a file, ``compile_mapping`` makes it translate batches,
``run_examples`` proves it on the examples it carries. A mapping file holds data only: no
text of it ever becomes code.
"""

from mappings.examples import run_examples
from mappings.model import Mapping
from mappings.reader import load_mapping
from mappings.translation import CompiledMapping, Refusal, Translation, compile_mapping

__all__ = [
    "CompiledMapping",
    "Mapping",
    "Refusal",
    "Translation",
    "compile_mapping",
    "load_mapping",
    "run_examples",
]
