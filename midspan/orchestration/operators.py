"""Operators: each runs one run of the pipeline, with Airflow's own connections.

The error's class alone decides what Airflow does: a transient error is retried, a conflict
with another worker skips the task (that worker does the work), a closed system lets the task
come back when it opens, without using an attempt. Everything else fails at once, since
repeating it would only load the legacy system. Rows never pass through XCom; the ledger does.
"""

import logging
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import Asset, AssetAlias, BaseOperator
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)

from midspan.kernel.errors import MidspanError, Recovery, SystemClosed

if TYPE_CHECKING:
    from airflow.sdk import Context

    from midspan.sync.report import RunReport
    from midspan.sync.run import RunOptions

log = logging.getLogger(__name__)


class _RunOperator(BaseOperator):
    """Runs something of one sync and tells the entity's asset when values changed."""

    ui_color = "#dfe8ef"
    runner: ClassVar[tuple[str, str]]
    """Module and name of the function that runs; imported by the task, never by parsing."""

    def __init__(self, *, sync: str, entity: str, **kwargs: Any) -> None:
        # As an inlet the asset exists once the DAG is parsed: two first runs that end together
        # would otherwise both create it, and Airflow fails the second one.
        super().__init__(inlets=[entity_asset(entity)], outlets=[entity_alias(entity)], **kwargs)
        self.sync = sync
        self.entity = entity

    def execute(self, context: "Context") -> dict[str, object]:
        """Run, and return the ledger."""
        from midspan.sync.run import RunOptions

        options = RunOptions(
            full_refresh=bool(context["params"].get("full_refresh", False)),
            dry_run=bool(context["params"].get("dry_run", False)),
        )
        report = _translated(lambda: self._run(options))
        log.info("%s", report.as_dict())
        if report.changed and not report.dry_run:
            context["outlet_events"][entity_alias(self.entity)].add(
                entity_asset(self.entity),
                extra={"sync": self.sync, "run_id": report.run_id, "events": report.events},
            )
        return report.as_dict()

    def _run(self, options: "RunOptions") -> "RunReport":
        from config.settings import Settings
        from midspan.orchestration.connections import airflow_connection
        from midspan.sync.project import assemble

        project = assemble(Settings.from_environment(), airflow_connection)
        try:
            module, function = self.runner
            report: RunReport = getattr(import_module(module), function)(
                project, self.sync, options
            )
        finally:
            project.close()
        return report


class SyncOperator(_RunOperator):
    """Runs one sync: stage, judge, apply."""

    runner = ("midspan.sync.pipeline", "run_sync")


class DeletesOperator(_RunOperator):
    """Finds the deletes of one sync by comparing keys."""

    runner = ("midspan.sync.deletes", "run_deletes")


def entity_asset(entity: str) -> Asset:
    """Return the asset that stands for an entity's golden records."""
    return Asset(name=entity, uri=f"midspan://{entity}")


def entity_alias(entity: str) -> AssetAlias:
    """Return the alias under which changes of an entity are announced."""
    return AssetAlias(f"midspan.{entity}")


def _translated(run: "Callable[[], RunReport]") -> "RunReport":
    try:
        return run()
    except SystemClosed as error:
        log.info("%s", error)
        raise AirflowRescheduleException(error.reopens_at) from error  # type: ignore[no-untyped-call]  # Airflow leaves it so
    except MidspanError as error:
        if error.recovery in (Recovery.RETRY, Recovery.RELOGIN):
            raise
        if error.recovery is Recovery.ABANDON:
            raise AirflowSkipException(str(error)) from error
        raise AirflowFailException(str(error)) from error
