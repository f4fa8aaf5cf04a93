"""The book's tables: read from data/, checked against data/datapackage.json, typed as pandas frames."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from . import bibliography, dates, plaintext
from .faults import DataError, Fault
from .schema import BIBLIOGRAPHY, read_package, tabular

FOLDER = Path(__file__).resolve().parents[2] / "data"
MOST_ROWS, MOST_COLUMNS = 10_000, 100
"""What a table may have; a page that shows more than so many rows is more than a browser shows at ease."""
# What a spreadsheet may run: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(?![+-][0-9][0-9.,]*$)[=+\-@＝＋－＠]")


class Row(Protocol):
    """A row of a table, a dict or a Series: its cells by the names of the columns, typed as `load` says."""

    def __getitem__(self, column: str, /) -> Any: ...

    def get(self, column: str, /) -> Any:
        """The cell, or None where the row has no such column."""


class Tables(dict[str, pd.DataFrame]):
    """The tables by name, each a DataFrame: `tables.events` is `tables["events"]`."""

    def __getattr__(self, name: str) -> pd.DataFrame:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no table {name!r}; the tables are {', '.join(self)}") from None


def load(folder: str | Path = FOLDER) -> Tables:
    """Every table of the data package, and `sources` from the bibliography.

    Rows keep the order of their file and are labelled by `id`, which is also the first column. Text cells are str,
    list cells are tuples of str, vocabularies are categories. Where the schema names a `span`, the columns `earliest`
    and `latest` hold the first and the last day that its dates can mean (days without a time zone).

    Raises DataError, which names file, row, column, value and rule of every fault.
    """
    package, rows, faults = _read(folder)
    if faults:
        raise DataError(faults)
    tables = Tables({name: _frame(rows[name], schema) for name, _, schema in tabular(package)})
    tables[BIBLIOGRAPHY] = _labelled(pd.DataFrame(list(rows[BIBLIOGRAPHY])))
    return tables


def check(folder: str | Path = FOLDER) -> list[Fault]:
    """Every fault in the tables and the bibliography; empty where all is well."""
    return _read(folder)[2]


def _read(folder: str | Path) -> tuple[dict[str, Any], dict[str, Sequence[Mapping[str, Any]]], list[Fault]]:
    """The data package, the rows of every table as dicts (empty where a row has no form), and all faults."""
    folder = Path(os.path.abspath(folder))  # so that it has a name to be told by
    try:
        package = read_package(folder)
    except DataError as error:
        return {}, {}, error.faults
    sources, faults = bibliography.read(folder / "sources.bib")
    rows: dict[str, Sequence[Mapping[str, Any]]] = {BIBLIOGRAPHY: list(sources.values())}
    by_id: dict[str, dict[str, Any]] = {} if faults and not sources else {BIBLIOGRAPHY: dict(sources)}
    tables = list(tabular(package))
    for name, path, schema in tables:
        rows[name], found = _read_table(folder / path, schema)
        if rows[name] or not found:  # to a table that cannot be read nothing can refer
            by_id[name] = {row["id"]: row for row in rows[name] if "id" in row}
        faults += found
    for name, path, schema in tables:
        label = f"{folder.name}/{path}"
        faults += _order_faults(label, rows[name], schema.get("order", ""))
        for number, row in enumerate(rows[name], 2):
            rules = (_cell_faults(row, schema, by_id), _row_faults(row, schema), _agreement_faults(row, schema, by_id))
            broken = itertools.chain.from_iterable(rules)
            faults += (Fault(label, number, column, value, rule, row.get("id", "")) for column, value, rule in broken)
    return package, rows, sorted(faults, key=lambda fault: (fault.file, fault.row or 0))


def _read_table(path: Path, schema: dict[str, Any]) -> tuple[list[dict[str, str]], list[Fault]]:
    """The rows of a CSV file as dicts, and the faults of its form. Row 2 of the file is always the first dict."""
    label = f"{path.parent.name}/{path.name}"
    columns = [field["name"] for field in schema["fields"]]
    try:
        text = plaintext.read(path)
    except DataError as error:
        return [], error.faults
    if not text.strip():
        return [], [Fault(label, 1, rule="the file is empty; its first row must name the columns")]
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), strict=True):
            records.append(record)
            if len(records) > MOST_ROWS + 1:
                return [], [Fault(label, len(records), rule=f"the table may have at most {MOST_ROWS} rows")]
    except csv.Error as error:
        return [], [Fault(label, len(records) + 1, rule=f"must be comma-separated values in double quotes: {error}")]
    header, *records = records
    if header != columns:
        return [], _header_faults(label, header, columns)
    rows: list[dict[str, str]] = []
    faults = []
    unique = [field["name"] for field in schema["fields"] if field.get("constraints", {}).get("unique")]
    first: dict[tuple[str, str], int] = {}
    for number, record in enumerate(records, 2):
        if len(record) != len(columns):
            column = columns[min(len(record), len(columns)) - 1] if record else columns[0]
            rule = f"the row has {len(record)} cells; it must have {len(columns)}"
            faults.append(Fault(label, number, column, record[-1] if record else "", rule))
            rows.append({})
            continue
        row = dict(zip(columns, record, strict=True))
        rows.append(row)
        for name in filter(row.get, unique):
            if (before := first.setdefault((name, row[name]), number)) != number:
                rule = f"must be unique; row {before} has it too"
                faults.append(Fault(label, number, name, row[name], rule, row["id"]))
    return rows, faults


def _order_faults(label: str, rows: Sequence[Mapping[str, str]], column: str) -> Iterator[Fault]:
    """The rows that stand below one which belongs after them; an empty cell may stand anywhere."""
    placed = [(number, row) for number, row in enumerate(rows, 2) if row.get(column)]
    for (_, above), (number, row) in itertools.pairwise(placed):
        if row[column] < above[column]:
            rule = (
                f"must not stand below {above['id']}, which has {above[column]!r}: the rows keep the order of {column}"
            )
            yield Fault(label, number, column, row[column], rule, row["id"])


def _header_faults(label: str, header: list[str], columns: list[str]) -> list[Fault]:
    """What is wrong with a first row that is not `columns`."""
    if len(header) > MOST_COLUMNS:
        return [Fault(label, 1, rule=f"the row has {len(header)} cells; it must have {len(columns)}")]
    unknown = "is not a column of this table; its columns are " + ", ".join(columns)
    faults = [Fault(label, 1, name, name, unknown) for name in header if name not in columns]
    faults += (Fault(label, 1, name, "", "the column is missing") for name in columns if name not in header)
    twice = [name for name, count in Counter(header).items() if count > 1]
    faults += (Fault(label, 1, name, name, "stands twice in the first row") for name in twice)
    order = "the columns must stand in this order: " + ", ".join(columns)
    return faults or [Fault(label, 1, header[0], ",".join(header), order)]


def _cell_faults(
    row: Mapping[str, str], schema: dict[str, Any], by_id: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """(column, value, rule) of every cell that breaks its own rule. `row` is empty where the row had no form."""
    for field in schema["fields"] if row else ():
        name, value = field["name"], row[field["name"]]
        constraints = field.get("constraints", {})
        if len(value) > plaintext.LONGEST:
            yield name, value, f"must have at most {plaintext.LONGEST} characters"
            continue
        if broken := plaintext.broken_rule(value):
            yield name, plaintext.as_bytes(value) if "UTF-8" in broken else value, broken
            continue
        if value != value.strip():
            yield name, value, "must not begin or end with a space"
            continue
        if not value:
            if constraints.get("required"):
                yield name, value, "must not be empty"
            continue
        items = value.split(field["delimiter"]) if field["type"] == "list" else [value]
        if len(set(items)) < len(items) or any(item != item.strip() or not item for item in items):
            yield name, value, "must be a list with single semicolons between, and no spaces, empty items or repeats"
        options = field.get("vocabulary") or constraints.get("enum")
        for item in items:
            if _FORMULA.match(item):
                yield name, item, "must not begin with = + - or @, which a spreadsheet takes for a formula"
            if options and item not in options:
                yield name, item, "must be one of: " + ", ".join(options)
            if field.get("calendarDate"):
                try:
                    dates.span(item)
                except ValueError as error:
                    yield name, item, str(error)
                    continue
            if "pattern" in constraints and not re.fullmatch(constraints["pattern"], item):
                yield name, item, f"must match {constraints['pattern']}"
            if "maxLength" in constraints and len(item) > constraints["maxLength"]:
                yield name, item, f"must have at most {constraints['maxLength']} characters"
            if item not in by_id.get(field.get("references"), (item,)):
                yield name, item, f"must be an id of the table {field['references']}"


def _row_faults(row: Mapping[str, str], schema: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(column, value, rule) of every rule that needs more than one cell."""
    start, end = (schema.get("span", {}).get(name, "") for name in ("start", "end"))
    if row.get(start) and row.get(end):
        with contextlib.suppress(ValueError):  # a cell that is no date is told of by itself
            if dates.span(row[end])[1] < dates.span(row[start])[0]:
                yield end, row[end], f"must be later than {start}, {row[start]}"
    for rule in schema.get("requiredWhen", ()) if row else ():
        value = row[rule["column"]]
        holds = value in rule["values"] if "values" in rule else value not in rule["unless"]
        if holds and not row[rule["required"]]:
            yield rule["required"], "", f"must not be empty where {rule['column']} is {value}"


def _agreement_faults(
    row: Mapping[str, str], schema: dict[str, Any], by_id: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str, str]]:
    """(column, value, rule) where one row that is referred to must hold what another one names."""
    for rule in schema.get("agreement", ()) if row else ():
        tables = {field["name"]: field.get("references") for field in schema["fields"]}
        holder, other = (by_id.get(tables[rule[name]], {}).get(row[rule[name]]) for name in ("column", "with"))
        if holder and other and other[rule["value"]] not in holder[rule["holds"]].split(";"):
            yield (
                rule["column"],
                row[rule["column"]],
                f"must have {other[rule['value']]!r} in {rule['holds']}, as {rule['with']} {row[rule['with']]} says",
            )


def _frame(rows: Sequence[Mapping[str, str]], schema: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[field["name"] for field in schema["fields"]], dtype="str")
    for field in schema["fields"]:
        name = field["name"]
        if field["type"] == "list":
            frame[name] = [tuple(filter(None, cell.split(field["delimiter"]))) for cell in frame[name]]
        elif "enum" in field.get("constraints", {}):
            frame[name] = pd.Categorical(frame[name], categories=field["constraints"]["enum"])
    if "span" in schema:
        first, last = frame[schema["span"]["start"]], frame[schema["span"].get("end", schema["span"]["start"])]
        if not schema["span"].get("open"):
            last = last.where(last != "", first)
        for end, (name, texts) in enumerate((("earliest", first), ("latest", last))):
            days: list[Any] = [dates.span(text)[end] if text else None for text in texts]
            frame[name] = pd.to_datetime(days)
    return _labelled(frame)


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index(pd.Index(frame["id"].to_list()))
