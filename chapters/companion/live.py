"""What a live cell is made of: controls with a result that follows them, and a table edited for a trial.

Where no kernel runs, the result stands alone, as it was with the controls' first values: that is what the book stores.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets

from .charts import Figure, Table
from .data import FOLDER, Tables, load
from .faults import DataError, Fault
from .schema import read_package, tabular
from .timeline import VIEW, Timeline

TRIAL = "your table"
"""What a fault calls a table that was typed in."""


class Live(ipywidgets.VBox):
    """Controls, and below them what `draw` makes of their values, made again whenever one of them changes.

    draw: is called with the value of each control under its name, and first with the events that `timeline` leaves
        where one is given; returns a `charts.Figure` or a `charts.Table`.
    timeline: whose visible events the result follows.
    controls: widgets with a trait `value`.

    What `draw` raises at first is raised; later it is shown in place of the result, as its message alone.
    """

    def __init__(
        self,
        draw: Callable[..., Figure | Table],
        timeline: Timeline | None = None,
        **controls: ipywidgets.ValueWidget,
    ) -> None:
        self._draw, self._timeline, self._controls = draw, timeline, controls
        self._result = ipywidgets.HTML().add_class("jp-RenderedHTMLCommon")
        self._bundle = self._drawn()
        super().__init__([*controls.values(), self._result])
        for control in controls.values():
            control.observe(self._follow, "value")
        if timeline is not None:
            # A cell that is run again replaces what it made before.
            before = timeline.followers.get(draw.__qualname__)
            if before is not None:
                before.close()
            timeline.followers[draw.__qualname__] = self
            timeline.observe(self._follow, list(VIEW))

    def _drawn(self) -> dict[str, str]:
        values = {name: control.value for name, control in self._controls.items()}
        given = [] if self._timeline is None else [self._timeline.visible]
        bundle = self._draw(*given, **values)._repr_mimebundle_()
        self._result.value = bundle["text/html"]
        return bundle

    def _follow(self, change: dict[str, Any]) -> None:
        try:
            self._drawn()
        except Exception as error:  # whatever a student's entry makes go wrong is theirs to read
            control, entry = change["owner"], str(change["new"])
            said = f"{control.description}, {entry!r}: " if change["name"] == "value" and len(entry) < 60 else ""
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            words = escape(f"{said}{kind}{error}").replace("\n", "<br>")
            self._result.value = f'<p role="alert"><b>Nothing was drawn.</b><br>{words}</p>'

    def close(self) -> None:
        """Follow the timeline no longer, and take the widget down."""
        if self._timeline is not None:
            self._timeline.unobserve(self._follow, list(VIEW))
            self._timeline = None
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._repr_mimebundle_(**kwargs), **self._bundle}


def edited(name: str, text: str, folder: str | Path = FOLDER) -> Tables:
    """All tables, with cells of one of them replaced; the files stay as they are.

    name: of the table.
    text: CSV whose first row is `id` and the columns to change, and below it the rows to change.

    Raises DataError, as `load` does, where the text names no such row or column or what it says breaks a rule.
    """
    schemas = {table: schema for table, _, schema in tabular(read_package(Path(folder)))}
    path = Path(folder) / f"{name}.csv"
    if name not in schemas:
        raise DataError([Fault(TRIAL, rule=f"there is no table {name!r}")])
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        rows = {row["id"]: row for row in reader}
    changes = list(_changes(text, path.name, columns, set(rows)))
    if faults := [change for change in changes if isinstance(change, Fault)]:
        raise DataError(faults)
    for change in (change for change in changes if isinstance(change, dict)):
        rows[change["id"]].update(change)
    order = schemas[name].get("order", "")
    with tempfile.TemporaryDirectory() as place:
        trial = Path(shutil.copytree(folder, Path(place) / Path(folder).name))
        with (trial / path.name).open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(sorted(rows.values(), key=lambda row: row.get(order, "")))
        return load(trial)


def _changes(text: str, file: str, columns: list[str], ids: set[str]) -> Iterator[dict[str, str] | Fault]:
    """The rows of the text, or what is wrong with its form."""
    try:
        header, *records = csv.reader(io.StringIO(text.strip() or "id"), skipinitialspace=True, strict=True)
    except csv.Error as error:
        yield Fault(TRIAL, rule=f"must be comma-separated values in double quotes: {error}")
        return
    for name in header:
        if name not in columns:
            yield Fault(TRIAL, 1, name, name, f"is not a column of {file}; its columns are {', '.join(columns)}")
    if "id" not in header:
        yield Fault(TRIAL, 1, "id", "", "the column is missing")
        return
    for number, record in enumerate(records, 2):
        change = dict(zip(header, record, strict=False))
        if len(record) != len(header):
            rule = f"the row has {len(record)} cells; it must have {len(header)} (one with a comma stands in quotes)"
            yield Fault(TRIAL, number, rule=rule, id=change.get("id", ""))
        elif change["id"] not in ids:
            yield Fault(TRIAL, number, "id", change["id"], f"must be an id of {file}")
        else:
            yield change
