"""data/datapackage.json: which tables there are, and what stands in their columns (a Frictionless data package).

`schema.json` says in JSON Schema what it may hold: what https://datapackage.org asks, and for a table also

span: the columns of the dates between which a row lies; `open`, where an empty end means that it still lasts.
requiredWhen: a column that must not be empty where another holds one of `values`, or none of `unless`.
order: the column by whose values the rows stand in their file.
agreement: the row that `column` refers to must have in `holds` what the one that `with` refers to has as its `value`.

and for a field `calendarDate`, `references` (a table, whose ids it holds), and `vocabulary` (of the items of a list).
"""

from __future__ import annotations

import functools
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from . import plaintext
from .faults import DataError, Fault

NAME = "datapackage.json"
BIBLIOGRAPHY = "sources"
"""The resource that is no table; tables refer to its entries as they do to rows."""
_MOST = 100
"""Faults that are told of a package; one that has more is another file altogether."""


def read_package(folder: Path) -> dict[str, Any]:
    """The data package of a folder, to be read and not to be changed. Raises DataError."""
    label = f"{folder.name}/{NAME}"
    text = plaintext.read(folder / NAME)
    try:
        package, broken = _checked(text)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError([Fault(label, rule=f"must be JSON in UTF-8: {reason}")]) from None
    faults = [Fault(label, value=value, rule=rule, id=place) for place, value, rule in broken]
    if not faults:
        listed = {resource["path"] for resource in package["resources"]}
        left = sorted(path.name for path in folder.glob("*.csv") if path.name not in listed)
        faults = [Fault(f"{folder.name}/{name}", rule=f"must be a resource of {NAME}") for name in left]
    if faults:
        raise DataError(faults)
    return package


def tabular(package: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, file name, schema) of every table."""
    for resource in package["resources"]:
        if "schema" in resource:
            yield resource["name"], resource["path"], resource["schema"]


def files(folder: Path) -> list[Path]:
    """The files of the package, in the order of their names. Raises DataError."""
    return sorted(folder / name for name in (NAME, *(part["path"] for part in read_package(folder)["resources"])))


@functools.lru_cache(maxsize=8)
def _checked(text: str) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """The package, and (place, value, rule) of what is wrong with it. Raises ValueError and RecursionError."""
    package = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    errors = itertools.islice(_validator().iter_errors(package), _MOST)
    broken = [
        (
            error.json_path.removeprefix("$").removeprefix("."),
            (error.instance if isinstance(error.instance, str) else json.dumps(error.instance))[:200],
            error.message.removeprefix(repr(error.instance)).strip()[:200],
        )
        for error in errors
    ]
    return package, broken or list(itertools.islice(itertools.chain(_texts(package, ""), _links(package)), _MOST))


@functools.cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(Path(__file__).with_name("schema.json").read_text("utf-8")))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"the name {_repeated(name for name, _ in pairs)[0]!r} stands twice in an object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _texts(node: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the texts of a package, names and all."""
    if isinstance(node, str):
        if broken := plaintext.broken_rule(node):
            yield place, node, broken
    elif isinstance(node, dict | list):
        for name, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(name, place)
            yield from _texts(value, f"{place}.{name}".lstrip(".") if isinstance(node, dict) else f"{place}[{name}]")


def _links(package: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with names that must be the only ones, or those of something else."""
    resources = package["resources"]
    columns = {name: {field["name"]: field for field in schema["fields"]} for name, _, schema in tabular(package)}
    for key in ("name", "path"):
        for value in _repeated(resource[key] for resource in resources):
            yield "resources", value, f"must be the {key} of one resource"
    if BIBLIOGRAPHY in columns:
        yield "resources", BIBLIOGRAPHY, "must not be the name of a table; the bibliography has it"
    for name, _, schema in tabular(package):
        mine = columns[name]
        for column in _repeated(field["name"] for field in schema["fields"]):
            yield name, column, "must be the name of one column"
        for field in schema["fields"]:
            for options in (field.get("vocabulary", ()), field.get("constraints", {}).get("enum", ())):
                for option in _repeated(options):
                    yield f"{name}.{field['name']}", option, "must stand once among the options"
            if "references" in field and field["references"] not in {*columns, BIBLIOGRAPHY}:
                yield f"{name}.{field['name']}.references", field["references"], "must be the name of a table"
        dates = {column for column, field in mine.items() if field.get("calendarDate") and field["type"] == "string"}
        for end, column in schema.get("span", {}).items():
            if end != "open" and column not in dates:
                yield f"{name}.span.{end}", column, "must be a column of single calendar dates"
        if (column := schema.get("order", "id")) not in mine:
            yield f"{name}.order", column, "must be a column of the table"
        for rule in schema.get("requiredWhen", ()):
            for key in ("column", "required"):
                if rule[key] not in mine:
                    yield f"{name}.requiredWhen.{key}", rule[key], "must be a column of the table"
        for rule in schema.get("agreement", ()):
            for key, there in (("column", "holds"), ("with", "value")):
                other = mine.get(rule[key], {}).get("references")
                if rule[there] not in columns.get(other, {}):
                    place = f"{name}.agreement.{there}"
                    yield place, rule[there], f"must be a column of the table that {key} refers to"


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
