"""Judge: a slice that looks wrong applies nothing.

Better a late sync than a green one that emptied a store: too many refused rows, nothing at
all where something must be, keys that vanish in numbers. Each verdict names the figure, the
limit and what to do.
"""

from config.model import DeletesConfig, SyncConfig
from midspan.kernel.errors import SyncHalted
from midspan.sync.report import Ledger

PERCENT_COUNTS_FROM = 10
"""A percentage of very few rows says little: it counts from the tenth row on."""


def judge_slice(config: SyncConfig, ledger: Ledger, *, whole: bool) -> None:
    """Raise SyncHalted when a staged slice must not be applied.

    ``whole``: it was read from the beginning, so that it should hold every row there is.
    """
    name = f"{config.system}.{config.stream}"
    refused, read = ledger["quarantined"], ledger["read"]
    limit = config.error_limit
    share = 100 * refused / read if read else 0.0
    if refused > limit.rows or (refused >= PERCENT_COUNTS_FROM and share > limit.percent):
        raise SyncHalted(
            "sync.error_limit",
            f"{refused} of {read} rows were refused, more than {limit.rows} rows or "
            f"{limit.percent} % allow; nothing was applied",
            remedy="midspan lint --sample 1000 counts refused rows by field and code, midspan "
            "preview shows them: mend the mapping or the source, and run again",
            sync=name,
        )
    if whole and read == 0 and not config.allow_empty:
        raise SyncHalted(
            "sync.unexpected_empty",
            "a reading from the beginning found no row at all; nothing was applied",
            remedy="Check the stream's filter and grants, or set allow_empty: true",
            sync=name,
        )


def judge_leaving(config: SyncConfig, leaving: int, known: int) -> None:
    """Raise SyncHalted when filters leave out too many known rows to be believed."""
    limit = config.deletes.max_delete_pct
    if leaving >= PERCENT_COUNTS_FROM and 100 * leaving > limit * known:
        raise SyncHalted(
            "sync.filter_brake",
            f"filters leave out {leaving} of {known} known rows, more than the {limit} % "
            "allowed; nothing was applied",
            remedy="If they are to go, raise deletes.max_delete_pct for one run",
            sync=f"{config.system}.{config.stream}",
        )


def judge_deletes(name: str, config: DeletesConfig, ledger: Ledger, listed_keys: int) -> None:
    """Raise SyncHalted when too many keys vanished to be believed."""
    known, missing = ledger["listed"], ledger["missing"]
    if not missing:
        return
    if listed_keys == 0:
        raise SyncHalted(
            "deletes.empty_listing",
            f"the source listed no key at all while {known} rows are known; nothing was deleted",
            remedy="Check that the source answers with its data",
            sync=name,
        )
    if 100 * missing > config.max_delete_pct * known:
        raise SyncHalted(
            "deletes.brake",
            f"{missing} of {known} rows vanished, more than the {config.max_delete_pct} % "
            "allowed; nothing was deleted",
            remedy="If they were really deleted, raise deletes.max_delete_pct for one run",
            sync=name,
        )
