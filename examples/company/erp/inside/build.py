"""Builds the template database: `python -m examples.company.erp.inside.build CONFIG DATABASE`.

Guarantee: the process ends with 0 only when the database holds the activated modules and the
complete seed. Whoever started it moves the file to its place; until then nobody sees it.

Runs in the ERP's own environment. The records that the modules bring along were validated by
those who released them and are pinned, so their validation, two thirds of the activation's
time, is left out; the seed itself is validated like anybody's input.
"""

import gc
import sys
from pathlib import Path
from unittest.mock import patch

from trytond import __series__, config  # type: ignore[import-not-found]
from trytond.model import ModelStorage  # type: ignore[import-not-found]
from trytond.pool import Pool  # type: ignore[import-not-found]
from trytond.transaction import Transaction  # type: ignore[import-not-found]

MODULES = ["ir", "res", "country", "currency", "party", "company", "product", "sale"]
LANGUAGE = "en"


def main(config_file: str, database: str) -> None:
    """Create, activate and seed `database` in the folder that `config_file` names."""
    gc.disable()  # a short process with room to spare; collecting costs a sixth of its time
    config.update_etc(config_file)
    create(database)
    activate(database)
    from examples.company.erp.inside import seed

    with Transaction().start(database, 1):
        seed.sow(Pool())


def create(database: str) -> None:
    """Write an empty database with Tryton's own tables."""
    Path(config.get("database", "path"), f"{database}.sqlite").touch()
    with Transaction().start(database, 0, close=True, autocommit=True) as transaction:
        transaction.database.init()


def activate(database: str) -> None:
    """Activate the modules and everything they depend on."""
    Pool.start()
    pool = Pool(database)
    with patch.object(ModelStorage, "_validate", classmethod(lambda *_, **__: None)):
        pool.init(update=MODULES, lang=[LANGUAGE], activatedeps=True)
    with Transaction().start(database, 0, _lock_tables=["ir_configuration"]):
        settings = pool.get("ir.configuration")(1)
        settings.series, settings.language = __series__, LANGUAGE
        settings.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
