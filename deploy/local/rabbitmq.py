"""RabbitMQ for a checkout: one node with an epmd, a cookie, ports and data of its own.

Guarantee: a private node listens on loopback only, under a node name made from its directory,
so that two checkouts never meet; it is a plain process of this user, whatever user the
distribution's wrapper would insist on, and nothing of it outlives its stop. A new node has all
feature flags on (quorum queues, streams). It has no plugins: management alone would add two
seconds to its start and five to its stop.
"""

import hashlib
import os
from pathlib import Path

from deploy.local.amqp_login import log_in
from deploy.local.host import LOOPBACK, find_program, free_port, listens
from deploy.local.server_kind import Kind, Running, await_ready, succeeds
from deploy.local.server_process import spawn

_VARIABLE = "MIDSPAN_AMQP_URL"
_STANDARD_URL = "amqp://guest:guest@127.0.0.1:5672/%2F"
_START_SECONDS = 90.0
_EPMD_SECONDS = 10.0
_CONFIGURATION = """\
listeners.tcp.default = 127.0.0.1:{port}
loopback_users.guest = true
disk_free_limit.absolute = 64MB
"""
# Distribution on loopback only; schedulers that sleep instead of spinning leave the cores alone.
_ERLANG_ARGUMENTS = (
    "-noinput -kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
)


def _server_program() -> Path | None:
    # Debian's /usr/sbin/rabbitmq-server is a wrapper that insists on another user.
    return find_program("rabbitmq-server", "usr/lib/rabbitmq/bin/rabbitmq-server")


def _epmd_program() -> Path | None:
    return find_program("epmd", "usr/lib/erlang/erts-*/bin/epmd")


def _is_installed() -> bool:
    return _server_program() is not None and _epmd_program() is not None


def _standard() -> str | None:
    return _STANDARD_URL if succeeds(log_in, _STANDARD_URL) else None


def _data(home: Path) -> Path:
    return home / "data"


def _launch(home: Path) -> Running:
    port, epmd_port, distribution_port = (free_port() for _ in range(3))
    environment = _environment(home, epmd_port, distribution_port)
    configuration = _CONFIGURATION.format(port=port)
    (home / "rabbitmq.conf").write_text(configuration)
    (home / "advanced.config").write_text("[].\n")
    (home / "enabled_plugins").write_text("[].\n")
    epmd = spawn("epmd", [str(_epmd_program())], environment, home)
    await_ready(epmd, lambda: listens(epmd_port), home, _EPMD_SECONDS)
    node = spawn("rabbitmq", [str(_server_program())], environment, home)
    url = f"amqp://guest:guest@{LOOPBACK}:{port}/%2F"
    await_ready(node, lambda: succeeds(log_in, url), home, _START_SECONDS)
    return Running((epmd, node), {_VARIABLE: url})


def _environment(home: Path, epmd_port: int, distribution_port: int) -> dict[str, str]:
    for directory in ("home", "log", "conf.d"):
        (home / directory).mkdir(exist_ok=True)
    unique = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return {
        "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
        "HOME": str(home / "home"),  # the Erlang cookie lies there
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_NODENAME": f"midspan-{unique}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_MNESIA_BASE": str(_data(home)),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_LOGS": "-",  # to standard output, where the other servers' logs go too
        "RABBITMQ_CONF_ENV_FILE": str(home / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(home / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        # Makes the start script become the node, so that the recorded process is the node.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG_ARGUMENTS,
    }


KIND = Kind(
    name="rabbitmq",
    variable=_VARIABLE,
    package="rabbitmq-server",
    programs=frozenset({"beam.smp", "epmd"}),
    is_installed=_is_installed,
    probe=log_in,
    standard=_standard,
    launch=_launch,
    data=_data,
)
