"""`python -m examples.demo [down]`: the whole path on one command, and every number checked.

Guarantee: exit 0 only when nothing differs. Each demo begins anew, whatever an earlier one left
and however it ended. Exit codes: 0 all is well, 1 findings or a failure, 2 a person has to act
before anything begins, 3 may work later.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console

from examples.demo import actual, broker, latency, report, schedule, story
from examples.demo import stage as stages
from examples.demo.judge import judge
from examples.demo.places import ROOT, STANDARD, Places
from examples.demo.preflight import only_one, require_port, require_room, require_sound_project
from examples.demo.processes import MemoryWatch, empty, stop_leftovers
from examples.demo.truth import read_truth
from midspan.kernel.errors import MidspanError

_DELIVERY_SECONDS = 60.0
_POLL_SECONDS = 0.2


class Demo:
    """One run of the demo; ``seconds`` is how long each part of it took."""

    def __init__(self, places: Places, airflow_port: int | None, console: Console) -> None:
        self._places = places
        self._port = airflow_port
        self._console = console
        self._begun = time.monotonic()
        self._memory = MemoryWatch()
        self._seconds: dict[str, float] = {}

    def say(self, line: str) -> None:
        """Print what has just been reached, and when."""
        elapsed = time.monotonic() - self._begun
        self._console.print(f"{elapsed:6.1f} s  {line}", markup=False, soft_wrap=True)

    def preflight(self) -> broker.Broker:
        """Make sure that everything is there; raises MidspanError with nothing changed."""
        with self._part("preflight", "Is everything there?"), ThreadPoolExecutor() as pool:
            require_room(self._places)
            found = pool.submit(broker.provide, self.say)
            self.say(f"configuration and mappings: {require_sound_project()}")
            return found.result()

    def run(self, found: broker.Broker) -> bool:
        """Run everything; return whether nothing differs. Raises MidspanError."""
        with self._part("start", "Starting the company, the platform and the shop"):
            stage = self._start(found)
        with self._part("first_syncs", "First syncs, by Airflow's scheduler"):
            schedule.first_runs(stage.airflow, self.say)
            self._await_delivery(stage)
        with self._part("changes", "A day in the company"):
            for line in story.tell(stage):
                self.say(line)
        with self._part("next_syncs", "Next syncs, by Airflow's scheduler"):
            schedule.next_runs(stage.airflow, self.say)
            self._await_delivery(stage)
        with self._part("judgement", "Comparing everything with the sources"):
            outcome = self._judge(stage)
        report.write_summary(self._places, outcome)
        report.print_report(self._console, outcome)
        report.print_verdict(self._console, outcome)
        report.print_ways_on(self._console, self._places, stage.airflow.url, stage.airflow.user)
        return not outcome.findings

    def _start(self, found: broker.Broker) -> stages.Stage:
        if stop_leftovers(self._places):
            self.say("stopped what an earlier demo had left running")
        require_port(self._port)
        empty(self._places)
        stage = stages.prepare(self._places, self._port)
        self._memory.add(stage.components)
        self._memory.start()
        stages.raise_curtain(stage, found, self.say)
        streams = stages.check_systems(stage)
        self.say(f"midspan check: all {len(streams)} streams are readable")
        stage.airflow.wait_ready()
        schedule.open_pools(stage.airflow)
        self.say(f"Airflow: ready at {stage.airflow.url}")
        return stage

    def _await_delivery(self, stage: stages.Stage) -> None:
        """Wait until the shop has what was committed; what is missing at the end is a finding.

        Raises MidspanError ``demo.process_ended`` where nothing can come any more.
        """
        deadline = time.monotonic() + _DELIVERY_SECONDS
        while time.monotonic() < deadline:
            stage.processes.require_alive()
            centers = [actual.backlog(self._places.center(name)) for name in stages.CENTERS]
            committed = sum(events for events, _ in centers)
            received = actual.received(self._places.shop)
            if committed == received and not any(waiting for _, waiting in centers):
                break
            time.sleep(_POLL_SECONDS)
        self.say(f"events: {committed} committed, {received} received by the shop")

    def _judge(self, stage: stages.Stage) -> report.Outcome:
        truth = read_truth(
            stage.erp.database_file,
            self._places.crm,
            stage.newest_price_list(),
            ROOT / "config" / "syncs",
        )
        users = actual.read_center(self._places.center("user_center"), ["customer"])
        products = actual.read_center(self._places.center("product_center"), ["product", "price"])
        shop = actual.read_shop(self._places.shop)
        ids = list(users.records["customer"])
        measured = latency.measure(stage.broker_url, self._places.namespace, ids)
        self._memory.stop()
        self._seconds["total"] = time.monotonic() - self._begun
        return report.Outcome(
            truth=truth,
            users=users,
            products=products,
            shop=shop,
            latency=measured,
            seconds=self._seconds,
            peak_memory=self._memory.peak,
            findings=judge(truth, users, products, shop),
        )

    @contextmanager
    def _part(self, name: str, title: str) -> Iterator[None]:
        self._console.print(f"\n[bold]{title}[/bold]")
        begun = time.monotonic()
        yield
        self._seconds[name] = time.monotonic() - begun


def main(words: Sequence[str]) -> int:
    """Carry out one command line."""
    options = _parser().parse_args(words)
    places, console = Places(options.folder.resolve()), report.console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_exit)
    try:
        with only_one(places):
            if options.verb == "down":
                return _down(places, console)
            return _up(places, options.airflow_port, console)
    except MidspanError as error:
        console.print(f"\ndemo: {error}", markup=False, soft_wrap=True)
        return error.exit_code


def _up(places: Places, airflow_port: int | None, console: Console) -> int:
    demo = Demo(places, airflow_port, console)
    found = demo.preflight()
    try:
        return 0 if demo.run(found) else 1
    except BaseException as error:
        # Half a demo is of no use to anyone, whatever ended it; its logs stay.
        console.print(f"\n{type(error).__name__}: stopping what was started", markup=False)
        stop_leftovers(places)
        if isinstance(error, KeyboardInterrupt):
            return 128 + signal.SIGINT
        raise


def _down(places: Places, console: Console) -> int:
    stopped = stop_leftovers(places)
    url = stages.written_environment(places).get("MIDSPAN_AMQP_URL")
    if url:
        broker.remove(url, places.namespace)
    if places.root == STANDARD:
        stopped |= broker.give_up()
    console.print("The demo is stopped." if stopped else "No demo was running.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("verb", nargs="?", choices=["up", "down"], default="up")
    parser.add_argument("--folder", type=Path, default=STANDARD, help="where everything lives")
    parser.add_argument("--airflow-port", type=int, help="port of Airflow's UI; default: any")
    return parser


def _raise_exit(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
