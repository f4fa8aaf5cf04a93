"""The book's tables: read from data/, checked against data/datapackage.json, typed as pandas frames."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from . import bibliography, dates
from .faults import DataError, Fault

FOLDER = Path(__file__).resolve().parents[2] / "data"


class Tables(dict):
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
    rows, faults = _read(Path(folder))
    if faults:
        raise DataError(faults)
    package = _package(Path(folder))
    tables = Tables({name: _frame(rows[name], schema) for name, _, schema in _tabular(package)})
    tables["sources"] = _labelled(pd.DataFrame(list(rows["sources"])))
    return tables


def check(folder: str | Path = FOLDER) -> list[Fault]:
    """Every fault in the tables and the bibliography; empty where all is well."""
    return _read(Path(folder))[1]


def _package(folder: Path) -> dict:
    return json.loads((folder / "datapackage.json").read_text("utf-8"))


def _tabular(package: dict) -> Iterator[tuple[str, str, dict]]:
    for resource in package["resources"]:
        if "schema" in resource:
            yield resource["name"], resource["path"], resource["schema"]


def _read(folder: Path) -> tuple[dict[str, list[dict[str, str]]], list[Fault]]:
    try:
        package = _package(folder)
    except FileNotFoundError:
        return {}, [Fault(f"{folder.name}/datapackage.json", rule="the file is missing")]
    except ValueError as error:
        return {}, [Fault(f"{folder.name}/datapackage.json", rule=f"must be JSON in UTF-8: {error}")]
    sources, faults = bibliography.read(folder / "sources.bib")
    rows = {"sources": list(sources.values())}
    ids = {"sources": set(sources)}
    tables = list(_tabular(package))
    for name, path, schema in tables:
        rows[name], found = _read_table(folder / path, schema)
        ids[name] = {row["id"] for row in rows[name] if "id" in row}
        faults += found
    by_id = {
        field["name"]: {row["id"]: row for row in rows[field["references"]] if "id" in row}
        for _, _, schema in tables
        for field in schema["fields"]
        if "agreement" in schema and "references" in field
    }
    for name, path, schema in tables:
        label = f"{folder.name}/{path}"
        for number, row in enumerate(rows[name], 2):
            found = [*_cell_faults(row, schema, ids), *_row_faults(row, schema), *_agreement_faults(row, schema, by_id)]
            faults += (Fault(label, number, column, value, rule, row.get("id", "")) for column, value, rule in found)
    return rows, sorted(faults, key=lambda fault: (fault.file, fault.row or 0))


def _read_table(path: Path, schema: dict) -> tuple[list[dict[str, str]], list[Fault]]:
    """The rows of a CSV file as dicts, and the faults of its form. Row 2 of the file is always the first dict."""
    label = f"{path.parent.name}/{path.name}"
    columns = [field["name"] for field in schema["fields"]]
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except FileNotFoundError:
        return [], [Fault(label, rule="the file is missing")]
    if not text.strip():
        return [], [Fault(label, 1, rule="the file is empty; its first row must name the columns")]
    try:
        header, *records = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        return [], [Fault(label, rule=f"must be comma-separated values in double quotes: {error}")]
    if header != columns:
        faults = [
            Fault(label, 1, name, name, "is not a column of this table; its columns are " + ", ".join(columns))
            for name in header
            if name not in columns
        ]
        faults += (Fault(label, 1, name, "", "the column is missing") for name in columns if name not in header)
        faults += (
            Fault(label, 1, name, name, "stands twice in the first row")
            for name in sorted({name for name in header if header.count(name) > 1})
        )
        return [], faults or [
            Fault(label, 1, header[0], ",".join(header), "the columns must stand in this order: " + ", ".join(columns))
        ]
    rows, faults, seen = [], [], {}
    for number, record in enumerate(records, 2):
        if len(record) != len(columns):
            faults.append(
                Fault(
                    label,
                    number,
                    columns[min(len(record), len(columns)) - 1] if record else columns[0],
                    record[-1] if record else "",
                    f"the row has {len(record)} cells; it must have {len(columns)}",
                )
            )
            rows.append({})
            continue
        row = dict(zip(columns, record, strict=True))
        rows.append(row)
        if row["id"] in seen:
            faults.append(
                Fault(label, number, "id", row["id"], f"must be unique; row {seen[row['id']]} has it too", row["id"])
            )
        seen.setdefault(row["id"], number)
    return rows, faults


def _cell_faults(row: dict[str, str], schema: dict, ids: dict[str, set[str]]) -> Iterator[tuple[str, str, str]]:
    """(column, value, rule) of every cell that breaks its own rule. `row` is empty where the row had no form."""
    for field in schema["fields"] if row else ():
        name, value = field["name"], row[field["name"]]
        constraints = field.get("constraints", {})
        if re.search(r"[\udc80-\udcff]", value):
            yield name, value.encode("utf-8", "surrogateescape").decode("latin-1"), "must be UTF-8 text"
            continue
        if re.search(r"[\x00-\x1f\x7f]", value):
            yield name, value, "must not hold line breaks or other control characters"
            continue
        if value != value.strip():
            yield name, value, "must not begin or end with a space"
            continue
        if not value:
            if constraints.get("required"):
                yield name, value, "must not be empty"
            continue
        items = value.split(field.get("delimiter", ",")) if field["type"] == "list" else [value]
        if len(set(items)) < len(items) or any(item != item.strip() or not item for item in items):
            yield name, value, "must be a list with single semicolons between, and no spaces, empty items or repeats"
        options = field.get("vocabulary") or constraints.get("enum")
        for item in items:
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
            if "references" in field and item not in ids[field["references"]]:
                yield name, item, f"must be an id of the table {field['references']}"


def _row_faults(row: dict[str, str], schema: dict) -> Iterator[tuple[str, str, str]]:
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


def _agreement_faults(row: dict[str, str], schema: dict, by_id: dict[str, dict]) -> Iterator[tuple[str, str, str]]:
    """(column, value, rule) where one row that is referred to must hold what another one names."""
    for rule in schema.get("agreement", ()) if row else ():
        holder, other = (by_id[rule[name]].get(row[rule[name]]) for name in ("column", "with"))
        if holder and other and other[rule["value"]] not in holder[rule["holds"]].split(";"):
            yield (
                rule["column"],
                row[rule["column"]],
                f"must have {other[rule['value']]!r} in {rule['holds']}, as {rule['with']} {row[rule['with']]} says",
            )


def _frame(rows: list[dict[str, str]], schema: dict) -> pd.DataFrame:
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
        frame["earliest"] = pd.to_datetime([dates.span(text)[0] if text else None for text in first])
        frame["latest"] = pd.to_datetime([dates.span(text)[1] if text else None for text in last])
    return _labelled(frame)


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index(pd.Index(frame["id"].to_list()))
