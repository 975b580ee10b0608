"""An app team gets the client alone: a small wheel, and the examples run with nothing else."""

import os
import subprocess
import sys
import threading
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from deploy.wheels.build import CLIENT, PLATFORM, ROOT, build_wheel, requirements
from tests.client.worlds import broker_world
from tests.docs.pages import blocks
from tests.fixtures_broker import Broker, eventually

EXAMPLES = [
    block
    for block in blocks("python")
    if block.kind == "runs" and block.page.match("docs/apps/*.md")
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the client's wheel."""
    return build_wheel(CLIENT, tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with the client's wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("app") / "venv"
    uv = ["bash", str(ROOT / "deploy" / "local" / "uv.sh"), "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    install = ["pip", "install", "--python", str(python), "-c", str(ROOT / "constraints.txt")]
    # What set this checkout up is still at hand; else it is fetched as the set-up would.
    for words in (["--offline"], []):
        done = subprocess.run([*uv, *install, *words, str(wheel)], capture_output=True, check=False)
        if done.returncode == 0:
            return python
    raise AssertionError(done.stderr.decode())


def names(wheel: Path) -> set[str]:
    """Return the folders that hold a wheel's modules."""
    with zipfile.ZipFile(wheel) as archive:
        files = [Path(name) for name in archive.namelist() if name.endswith(".py")]
    return {".".join(file.parent.parts[:2]) for file in files}


def test_the_wheel_holds_the_client_and_little_else(wheel: Path) -> None:
    """No center, store or adapter; it asks for two packages, within the platform's ranges."""
    rooms = {f"shared_services.{name}" for name in ("client", "contracts", "messaging")}
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        told = Parser().parsestr(archive.read(metadata).decode())

    assert names(wheel) == {"midspan", "midspan.kernel", "shared_services", *rooms}
    asked = [one.replace(" ", "") for one in told.get_all("Requires-Dist", [])]
    assert sorted(one.split("<")[0].split(">")[0] for one in asked) == ["msgspec", "pika"]
    assert set(requirements(CLIENT)) < set(requirements(PLATFORM))


def test_the_stand_in_works_from_the_wheel(python: Path, tmp_path: Path) -> None:
    """An app's tests need no broker, and nothing else is installed."""
    code = """
from shared_services.client.testing import InMemoryMidspan
midspan = InMemoryMidspan()
ann = midspan.customers.create(kind="person", name="Ann")
with midspan.client("shop") as client:
    print(client.customers.get(ann.id).name)
"""
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    installed = subprocess.run(
        [python, "-c", "import sqlalchemy"], cwd=tmp_path, capture_output=True, check=False
    )

    assert done.stdout == "Ann\n"
    assert installed.returncode != 0


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.name)
def test_the_examples_run_from_the_wheel(
    block: object, python: Path, broker: Broker, tmp_path: Path
) -> None:
    """The first answer and the first event, as the page shows them, in the app's environment."""
    text = block.text.replace(  # type: ignore[attr-defined]  # a Block
        'app="newsletter")', f'app="newsletter", namespace="{broker.topology.namespace}")'
    )
    broker.topology.subscription("newsletter", "events", [], ordered=True)
    with broker_world(broker, tmp_path) as world:
        for _ in range(0 if "subscribe" in text else 1):
            world.customers.create(kind="person", name="Ann", email="ann@example.com")
        app = subprocess.Popen(
            [python, "-u", "-c", text],
            cwd=tmp_path,
            env=os.environ | {"MIDSPAN_AMQP_URL": broker.url},
            stdout=subprocess.PIPE,
        )
        said: list[bytes] = []
        reader = threading.Thread(target=lambda: said.extend(app.stdout or []))
        reader.start()

        def answered() -> bool:
            if "subscribe" in text and not said:
                world.customers.create(kind="person", name="Ann")
            return any(b"Ann" in line for line in said)

        found = eventually(answered)
        app.terminate()
        app.wait(10)
        reader.join(10)
        (app.stdout or sys.stdin).close()

    assert found, said
