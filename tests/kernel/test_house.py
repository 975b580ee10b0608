"""The platform refuses to start where its plain package names are somebody else's."""

import subprocess
import sys

_TRY = """
import sys
import midspan
sys.path.insert(0, sys.argv[1])
from midspan.kernel.errors import ConfigurationError
from midspan.kernel.house import require_own_packages
try:
    require_own_packages()
except ConfigurationError as error:
    print(error.problems[0].code)
"""


def test_a_foreign_config_package_is_refused(tmp_path):
    """A ``config`` package that comes first on the path stops the command."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "__init__.py").write_text("")

    done = subprocess.run(
        [sys.executable, "-c", _TRY, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "house.foreign_package"
