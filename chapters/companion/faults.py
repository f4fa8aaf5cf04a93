"""What is wrong with the data: one fault, and the error that lists them all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One broken rule. `row` counts as a spreadsheet does: the header is row 1."""

    file: str
    row: int | None = None
    column: str = ""
    value: str = ""
    rule: str = ""
    id: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += f", row {self.row}"
        if self.id:
            place += f" ({_shortened(self.id)})"
        if self.column:
            place += f", column {_shortened(self.column)}"
        value = f"{_shortened(self.value)!r} " if self.value or self.column else ""
        # What is wrong can be a character that a terminal obeys, or one that would break the line.
        line = f"{place}: {value}{_shortened(self.rule, 1000)}"
        return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)


def _shortened(text: str, most: int = 80) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


class DataError(ValueError):
    """The tables break their rules. `faults` lists every fault; the message has one line for each."""

    def __init__(self, faults: list[Fault]):
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"{count} in the data:", *map(str, faults)]))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a notebook: the faults, without the path through the code."""
        return str(self).splitlines()
