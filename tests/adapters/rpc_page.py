"""The examples of docs/it/connect-rpc.md, by the name in their first line."""

import re

from tests.adapters.building import ROOT

PAGE = ROOT / "docs" / "it" / "connect-rpc.md"
_BLOCK = re.compile(r"```yaml\n(?:# (\S+)\n)?(.*?)```", re.DOTALL)


def example(name: str) -> str:
    """Return the YAML of an example; that without a name has the empty one."""
    found: dict[str, str] = dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    return found[name]
