"""Two syncs of one entity at the same time are as good as one after the other."""

import threading
from collections.abc import Callable

import pytest

from midspan.sync.project import Project
from tests.sync.bench import Bench, load


def run_together(*works: Callable[[], object]) -> list[BaseException]:
    """Run callables at once and return what they raised."""
    raised: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 the test looks at it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("known", [0, 3], ids=["first loads", "later runs"])
def test_two_syncs_at_once(bench: Bench, known: int) -> None:
    """No golden id for two customers, no customer under two ids, one snapshot, no deadlock."""
    if known:
        load(bench, known)
    for key in range(10, 40):
        bench.erp.put("customers", key, name=f"C {key}", email=f"c{key}@example.com")
        bench.crm.put("customers", key, name=f"D {key}", email=f"c{key + 10}@example.com")
    bench.pass_time()
    project: Project = bench.project
    project.store("user_center")

    raised = run_together(lambda: bench.sync(), lambda: bench.sync("crm.customers"))

    assert raised == []
    by_mail: dict[str, set[int]] = {}
    for row in bench.rows(bench.customer.source):
        by_mail.setdefault(row["email"], set()).add(row["golden_id"])
    assert {len(ids) for ids in by_mail.values()} == {1}
    assert len(bench.customers()) == 40 + known
    snapshots = [verb for verb, _ in bench.verbs() if verb == "snapshot_ready"]
    assert len(snapshots) == 1
