"""A broker of one's own, to be stopped, killed and started again on the same ports and data."""

import os
import signal
import subprocess
import time
from pathlib import Path

from deploy.local import rabbitmq
from deploy.local.amqp_login import log_in
from deploy.local.host import LOOPBACK, find_program, free_port, listens
from deploy.local.server_kind import await_ready, succeeds
from deploy.local.server_process import spawn

_START_SECONDS = 90.0


class OwnBroker:
    """A private RabbitMQ in ``home``; ``url`` stays the same through its restarts."""

    def __init__(self, home: Path) -> None:
        self._home = home
        port, self._epmd_port, distribution = (free_port() for _ in range(3))
        self.url = f"amqp://guest:guest@{LOOPBACK}:{port}/%2F"
        # The private parts of the same set-up that `make test` uses; only its ports are kept.
        self._environment = rabbitmq._environment(home, self._epmd_port, distribution)
        settings = rabbitmq._CONFIGURATION.format(port=port)
        (home / "rabbitmq.conf").write_text(settings)
        (home / "advanced.config").write_text("[].\n")
        (home / "enabled_plugins").write_text("[].\n")
        epmd = str(rabbitmq._epmd_program())
        self._epmd = spawn("epmd", [epmd], self._environment, home)
        await_ready(self._epmd, lambda: listens(self._epmd_port), home, _START_SECONDS)
        self.start()

    def start(self) -> None:
        """Start the node and wait until it lets us in."""
        program = str(rabbitmq._server_program())
        self._node = spawn("rabbitmq", [program], self._environment, self._home)
        ready = lambda: succeeds(log_in, self.url)  # noqa: E731 a condition
        await_ready(self._node, ready, self._home, _START_SECONDS)

    def kill(self) -> None:
        """SIGKILL the node."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Let the node end in order."""
        self._signal(signal.SIGTERM)

    def control(self, *words: str) -> None:
        """Run the broker's own tool."""
        program = find_program("rabbitmqctl", "usr/lib/rabbitmq/bin/rabbitmqctl")
        subprocess.run(
            [str(program), *words],
            env=self._environment,
            check=True,
            capture_output=True,
            timeout=_START_SECONDS,
        )

    def end(self) -> None:
        """Stop node and epmd for good."""
        self.kill()
        os.kill(self._epmd.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self._node.pid, number)
        ends = time.monotonic() + _START_SECONDS
        while listens(int(self.url.rpartition(":")[2].partition("/")[0])):
            if time.monotonic() > ends:
                raise TimeoutError("the broker did not end")
            time.sleep(0.1)
