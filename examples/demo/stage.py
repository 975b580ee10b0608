"""Sets the stage: systems, platform and shop, each a process of its own, all started at once.

Airflow takes longest and needs only the others' addresses: ports are chosen first, it starts
first, and everything else comes up beside it. The shop subscribes before the relay publishes,
so that no event goes by it.
"""

import json
import os
import secrets
import shlex
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from deploy.local import server_process
from deploy.local.airflow import LocalAirflow
from deploy.local.airflow_process import Component
from deploy.local.host import SetupError, free_port
from examples.company import pricelist
from examples.company.crm.changes import Clerk
from examples.company.erp.client import Client as ErpClient
from examples.company.erp.provision import ADMIN, DATABASE, INTEGRATION, fresh_copy
from examples.company.erp.server import ErpServer
from examples.demo import broker as brokers
from examples.demo.places import ROOT, Places
from examples.demo.preflight import MIDSPAN
from examples.demo.processes import PYTHON, Processes
from midspan.kernel.errors import TransientError

CENTERS: Final = ("user_center", "product_center")
_CHECK_SECONDS: Final = 60
_CRM_USER: Final = "midspan"
_CRM_PASSWORD: Final = "MIDSPAN_DEMO_CRM_PASSWORD"  # noqa: S105 a variable's name

Say = Callable[[str], None]


@dataclass(slots=True)
class Stage:
    """Everything that is running, and how to reach it."""

    places: Places
    processes: Processes
    airflow: LocalAirflow
    erp: ErpServer
    crm_url: str
    passwords: Mapping[str, str]
    env: dict[str, str]
    broker: brokers.Broker | None = None

    @property
    def broker_url(self) -> str:
        """Return the broker's address; known once the curtain is raised."""
        return self.env["MIDSPAN_AMQP_URL"]

    def erp_clerk(self) -> ErpClient:
        """Log in to the ERP as the clerk, who may change everything."""
        return ErpClient(self.erp.url, DATABASE, ADMIN, self.passwords[ADMIN])

    def crm_clerk(self) -> Clerk:
        """Open a clerk's client of the CRM."""
        return Clerk(f"{self.crm_url}?wsdl", _CRM_USER, self.passwords[_CRM_PASSWORD])

    def drop_prices(self, when: date, changes: Mapping[pricelist.Key, Any] | None = None) -> None:
        """Drop a price list into the folder."""
        pricelist.write(self.places.prices, when=when, changes=changes or {})

    def newest_price_list(self) -> Path:
        """Return the price list dropped last; names sort by their day."""
        return max(self.places.prices.glob("prices_*.txt"))

    def components(self) -> list[Component]:
        """Return every process of the demo, as far as it is started."""
        pid = self.erp.pid
        erp = [server_process.identify("erp", pid)] if pid else []
        return [
            *self.processes.started,
            *self.airflow.components(),
            *(Component(one.name, one.pid, one.started, one.boot, 0) for one in erp),
            *(self.broker.components if self.broker else ()),
        ]


def prepare(places: Places, airflow_port: int | None) -> Stage:
    """Choose ports and passwords; nothing is started yet."""
    erp_port, crm_port = free_port(), free_port()
    passwords = {name: secrets.token_urlsafe(12) for name in (ADMIN, INTEGRATION, _CRM_PASSWORD)}
    env = {
        "MIDSPAN_HOME": str(ROOT),
        "MIDSPAN_STATE": str(places.state),
        "MIDSPAN_STORE_URL": "",  # the demo's own files, never a store this shell may know
        "MIDSPAN_AMQP_NAMESPACE": places.namespace,
        "AIRFLOW_CONN_MIDSPAN_ERP": (
            f"http://{INTEGRATION}:{passwords[INTEGRATION]}@127.0.0.1:{erp_port}/{DATABASE}"
        ),
        "AIRFLOW_CONN_MIDSPAN_CRM": (
            f"http://{_CRM_USER}:{passwords[_CRM_PASSWORD]}@127.0.0.1:{crm_port}"
        ),
        "AIRFLOW_CONN_MIDSPAN_PRICELIST": json.dumps(
            {"conn_type": "file", "extra": {"path": str(places.prices)}}
        ),
    }
    return Stage(
        places=places,
        processes=Processes(places),
        airflow=places.local_airflow(PYTHON, airflow_port, env),
        erp=ErpServer(places.erp, port=erp_port),
        crm_url=f"http://127.0.0.1:{crm_port}/",
        passwords=passwords,
        env=env,
    )


def raise_curtain(stage: Stage, broker: brokers.Broker, say: Say) -> None:
    """Start everything; return when all but Airflow are ready. Raises the first error."""
    stage.broker = broker
    stage.env["MIDSPAN_AMQP_URL"] = broker.url
    _write_environment(stage)
    stage.airflow.prepare()
    stage.airflow.start()
    say("Airflow: starting (scheduler, DAG processor, API)")
    stage.drop_prices(date.today() - timedelta(days=1))  # noqa: DTZ011 the company's own day
    say(f"price list: dropped into {stage.places.prices}")
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(_start_erp, stage, say),
            pool.submit(_start_crm, stage, say),
            pool.submit(_start_platform, stage, say),
        ]
    for job in jobs:
        job.result()


def check_systems(stage: Stage) -> list[dict[str, Any]]:
    """Let the platform log in to each system.

    Raises SetupError saying which one refuses, TransientError which one does not answer.
    """
    done = subprocess.run(  # noqa: S603 our own command
        [MIDSPAN, "check", "--json"],
        env=_environment(stage),
        capture_output=True,
        text=True,
        timeout=_CHECK_SECONDS,
        check=False,
    )
    streams: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    problems = [one["problem"] for one in streams if not one["ok"]]
    told = "\n".join([*problems, done.stderr.strip()]).strip()
    if done.returncode == TransientError.exit_code:
        raise TransientError(
            "demo.check_unanswered",
            f"a system does not answer the platform:\n{told}",
            remedy="Run make demo again; nothing has been synced",
        )
    if done.returncode:
        raise SetupError(
            "demo.check_failed",
            f"a system does not let the platform in:\n{told}",
            remedy="Mend its connection or its grants; nothing has been synced",
        )
    return streams


def written_environment(places: Places) -> dict[str, str]:
    """Return the environment that the last demo wrote down; empty where there was none."""
    if not places.environment.exists():
        return {}
    words = shlex.split(places.environment.read_text())
    return dict(word.split("=", 1) for word in words if "=" in word)


def _start_erp(stage: Stage, say: Say) -> None:
    logins = {name: stage.passwords[name] for name in (ADMIN, INTEGRATION)}
    fresh_copy(stage.places.erp, logins)
    stage.erp.start()
    say(f"ERP: Tryton answers at {stage.erp.url}")


def _start_crm(stage: Stage, say: Say) -> None:
    port = stage.crm_url.rstrip("/").rpartition(":")[2]
    command: list[str | Path] = [
        *(PYTHON, "-m", "examples.company.crm", "--db", stage.places.crm, "--port", port),
        *("--user", _CRM_USER, "--password-env", _CRM_PASSWORD),
    ]
    env = _environment(stage) | {_CRM_PASSWORD: stage.passwords[_CRM_PASSWORD]}
    stage.processes.start("crm", command, env, "CRM listens on")
    say(f"CRM: SOAP service answers at {stage.crm_url}")


def _start_platform(stage: Stage, say: Say) -> None:
    brokers.clear(stage.broker_url, stage.places.namespace)
    env = _environment(stage)
    shop: list[str | Path] = [PYTHON, "-m", "examples.shop", "--db", stage.places.shop]
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(stage.processes.start, name, [MIDSPAN, "serve", name], env, "ready:")
            for name in CENTERS
        ]
        jobs.append(pool.submit(stage.processes.start, "shop", shop, env, "ready"))
    for job in jobs:
        job.result()
    say(f"shared services: {' and '.join(CENTERS)} answer; the shop listens")
    stage.processes.start("relay", [MIDSPAN, "relay"], env, "ready:")
    say("relay: publishes what the centers commit")


def _environment(stage: Stage) -> dict[str, str]:
    """Return the whole environment of a process, which works in another folder."""
    return {**os.environ, **stage.env, "PYTHONPATH": str(ROOT)}


def _write_environment(stage: Stage) -> None:
    file = stage.places.environment
    file.touch(mode=0o600)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in stage.env.items()]
    file.write_text("\n".join(lines) + "\n")
