"""The suite that every adapter passes: all promises in one class to inherit from.

    class TestDbase(AdapterConformance):
        system = DbaseFolder

        @pytest.fixture
        def counterpart(self, tmp_path: Path) -> DbaseFolder:
            return DbaseFolder(tmp_path)

A promise is put to the adapter exactly when its counterpart declares what it is about; what
was declared is itself a promise (``Looking``).
"""

from adapters.testing.promises.changes import Changes
from adapters.testing.promises.ending import Ending
from adapters.testing.promises.gated import Gated
from adapters.testing.promises.looking import Looking
from adapters.testing.promises.network import Faults
from adapters.testing.promises.reading import Reading
from adapters.testing.promises.uncertain import Uncertain
from adapters.testing.promises.writing import Writing


class AdapterConformance(Looking, Reading, Changes, Gated, Faults, Ending, Writing, Uncertain):
    """All promises; ``system`` is the counterpart's class, ``counterpart`` the fixture."""
