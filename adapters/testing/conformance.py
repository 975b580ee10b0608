"""The suite that every adapter passes: all promises in one class to inherit from.

    class TestDbase(AdapterConformance):
        system = DbaseFolder

        @pytest.fixture
        def counterpart(self, tmp_path: Path) -> DbaseFolder:
            return DbaseFolder(tmp_path)

A promise is put to the adapter exactly when its counterpart declares what it is about; what
was declared is itself a promise (``Looking``).
"""

from adapters.testing.promises.looking import Looking
from adapters.testing.promises.reading import Changes, Reading
from adapters.testing.promises.troubles import Ending, Faults, Gated
from adapters.testing.promises.writing import Uncertain, Writing


class AdapterConformance(Looking, Reading, Changes, Gated, Faults, Ending, Writing, Uncertain):
    """All promises; ``system`` is the counterpart's class, ``counterpart`` the fixture."""
