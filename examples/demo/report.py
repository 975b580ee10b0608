"""Says what the demo did: tables for people, ``summary.json`` for machines.

Guarantee: every number was measured or counted in this run; no personal data is shown.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from examples.demo.actual import Center, Shop, Values
from examples.demo.judge import balances, shortened
from examples.demo.latency import Latency
from examples.demo.places import ROOT, Places
from examples.demo.truth import Truth

_COUNTS: Final = (
    *("read", "inserted", "updated", "unchanged", "filtered", "quarantined", "duplicate"),
    *("stale", "future", "listed", "present", "missing"),
)
_WIDTH: Final = 132
_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything the demo measured; ``findings`` is empty when all is well."""

    truth: Truth
    users: Center
    products: Center
    shop: Shop
    latency: Latency
    seconds: Mapping[str, float]
    peak_memory: int
    findings: Sequence[str]

    @property
    def runs(self) -> list[Values]:
        """Return the finished runs of every sync, oldest first."""
        finished = [run for run in (*self.users.runs, *self.products.runs) if run["finished_at"]]
        return sorted(finished, key=lambda run: str(run["started_at"]))

    @property
    def refused(self) -> Counter[tuple[str, str, str]]:
        """Return how many rows were refused by sync, code and field."""
        rows = (*self.users.refused, *self.products.refused)
        return Counter((row["sync"], row["code"], row["field"] or "") for row in rows)

    @property
    def committed(self) -> int:
        """Return how many events the centers committed."""
        return self.users.committed + self.products.committed


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return what ``summary.json`` holds."""
    syncs: dict[str, dict[str, Any]] = {}
    for run in outcome.runs:
        runs = syncs.setdefault(run["sync"], {"runs": []})["runs"]
        counts = {name: run[name] for name in _COUNTS}
        facts = {"kind": run["kind"], "status": run["status"], "events": run["events"]}
        runs.append({**facts, **counts, "balanced": balances(run)})
    golden = outcome.users.records | outcome.products.records
    return {
        "ok": not outcome.findings,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "syncs": syncs,
        "events": {"committed": outcome.committed, "received": outcome.shop.received},
        "golden": {entity: len(records) for entity, records in golden.items()},
        "customer_source_rows": outcome.truth.source_rows,
        "merges": len(outcome.users.redirects),
        "refused": [
            {"sync": sync, "code": code, "field": field, "count": count}
            for (sync, code, field), count in sorted(outcome.refused.items())
        ],
        "rpc": asdict(outcome.latency),
        "seconds": {name: round(value, 1) for name, value in outcome.seconds.items()},
        "peak_memory_mib": round(outcome.peak_memory / _MIB),
        "findings": list(outcome.findings),
    }


def write_summary(places: Places, outcome: Outcome) -> None:
    """Write ``summary.json``, whole or not at all."""
    unfinished = places.summary.with_suffix(".new")
    unfinished.write_text(json.dumps(summary(outcome), indent=2) + "\n")
    unfinished.replace(places.summary)


def print_report(console: Console, outcome: Outcome) -> None:
    """Print what happened, in plain words."""
    console.print(_ledgers(outcome.runs))
    console.print("read = inserted + updated + unchanged + filtered + quarantined + duplicate")
    console.print("+ stale; rows younger than the source's commit lag count as future, too.\n")
    console.print(_refusals(outcome))
    for line in _facts(outcome):
        console.print(f"  {line}")


def print_verdict(console: Console, outcome: Outcome) -> None:
    """Print whether all is well, or precisely what is not."""
    if not outcome.findings:
        console.print(
            "\n[green]Every ledger balances; the centers equal Tryton's tables, the CRM's file and"
            "\nthe price list; the shop equals the centers.[/green]"
        )
        return
    console.print(f"\n[red]{len(outcome.findings)} findings:[/red]")
    for line in shortened(outcome.findings):
        console.print(f"  {line}", markup=False)


def print_ways_on(console: Console, places: Places, airflow_url: str, user: str) -> None:
    """Print where to look and what to try next."""
    home = places.root
    passwords = places.airflow / "simple_auth_manager_passwords.json"
    console.print(
        f"\nEverything goes on running. Where to look:"
        f"\n  Airflow's UI      {airflow_url}   user {user}, password in {passwords}"
        f"\n  logs              {places.logs}"
        f"\n  these numbers     {places.summary}"
        f"\nWhat to try:"
        f"\n  cd {ROOT} && source {places.environment}"
        f"\n  .venv/bin/midspan status"
        f"\n  .venv/bin/midspan quarantine list"
        f"\n  .venv/bin/midspan sync erp.customers"
        f"\n  make demo-down    stops all of it ({home} stays)",
        markup=False,
        soft_wrap=True,
    )


def console() -> Console:
    """Return where to print; wide enough for the tables where nobody is watching."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH)


def _ledgers(runs: Sequence[Values]) -> Table:
    shown = [name for name in _COUNTS if any(run[name] for run in runs)]
    table = Table("sync", "run", *shown, "events", "", title="Ledgers", title_justify="left")
    for run in runs:
        state = "balances" if balances(run) else "does not balance"
        verdict = state if run["status"] == "succeeded" else run["error_code"]
        numbers = (str(run[name] or "·") for name in (*shown, "events"))
        table.add_row(run["sync"], run["kind"], *numbers, verdict)
    return table


def _refusals(outcome: Outcome) -> Table:
    table = Table("sync", "why", "field", "rows", title="Refused", title_justify="left")
    for (sync, code, field), count in sorted(outcome.refused.items()):
        table.add_row(sync, code, field, str(count))
    return table


def _facts(outcome: Outcome) -> list[str]:
    customers, merges = len(outcome.users.records["customer"]), len(outcome.users.redirects)
    latency = outcome.latency
    return [
        f"{customers} golden customers stand for {outcome.truth.source_rows} source rows",
        f"{merges} golden customers were merged into others",
        f"{outcome.committed} events committed, {outcome.shop.received} received by the shop",
        f"{latency.calls} customer.get: half in {latency.p50_ms} ms, 95 % in {latency.p95_ms} ms",
        f"{outcome.seconds['total']:.0f} s, at most {outcome.peak_memory / _MIB:.0f} MiB of memory",
    ]
