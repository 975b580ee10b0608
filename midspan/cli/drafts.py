"""How a drafted mapping is shown and written: as YAML for a person, as data for a machine.

A file that is there is never overwritten.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.suggest import Draft, Trial, render, suggest, try_out
from midspan.kernel.errors import MidspanError
from midspan.sync.project import Project
from midspan.sync.suggest import sample

_SCHEMA = "# yaml-language-server: $schema=../config/schemas/mapping.schema.json"
_NOT_A_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, what became of the sample by it, and its text as a mapping file."""

    draft: Draft
    trial: Trial
    name: str
    text: str

    @classmethod
    def of(
        cls,
        project: Project,
        system: str,
        stream: str,
        *,
        entity: str,
        rows: int,
        file: Path | None,
    ) -> "Drafted":
        """Read rows of a stream and draft its mapping, named like the file it is for."""
        draft = suggest(sample(project, system, stream, rows), entity)
        trial = try_out(draft)
        name = file.stem if file else _NOT_A_WORD.sub("_", f"{system}_{stream}").strip("_")
        return cls(draft, trial, name, render(draft, name, trial))

    @property
    def told(self) -> str:
        """What becomes of the sample, in words; empty where the draft does not load yet."""
        if self.trial.problems:
            return ""
        return f": {self.trial.translated} of {self.trial.rows} sampled rows are translated"

    @property
    def remarks(self) -> list[str]:
        """What a person has to do before the draft is a mapping."""
        needed = [
            f"{one.name} is required, and no column looks like it" for one in self.draft.missing
        ]
        if self.trial.problems and not needed:
            return list(self.trial.problems)
        return needed

    def plain(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        draft = self.draft
        return {
            "mapping": self.name,
            "source": f"{draft.sample.system}.{draft.sample.stream}",
            "entity": draft.entity.name,
            "entities": dict(draft.choices),
            "rows": self.trial.rows,
            "translated": self.trial.translated,
            "refused": [
                {"field": field, "code": code, "rows": count}
                for field, code, count in self.trial.refused
            ],
            "fields": [
                {
                    "field": line.field,
                    "columns": line.columns,
                    "confidence": round(line.confidence, 2),
                    "confident": line.confident,
                    "evidence": line.evidence,
                    "converts": line.converts,
                    "rivals": {path: round(score, 2) for path, score in line.rivals},
                    "expression": line.expression,
                }
                for line in draft.lines
            ],
            "missing": [one.name for one in draft.missing],
            "unfilled": [one.name for one in draft.open],
            "ignored": {one.column: one.why for one in draft.ignored},
            "problems": self.trial.problems,
            "yaml": self.text,
        }


def write_draft(drafted: Drafted, file: Path) -> None:
    """Write a draft to a new file; MidspanError ``suggest.file_exists`` when it is there.

    Its first line names the schema for editors.
    """
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(f"{_SCHEMA}\n{drafted.text}")
    except FileExistsError:
        message = f"{file} is there already, and a draft overwrites nothing"
        remedy = "Choose another name, or compare the draft without --write"
        raise MidspanError("suggest.file_exists", message, remedy=remedy) from None
