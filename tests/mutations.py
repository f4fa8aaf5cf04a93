"""Ways to spoil a copy of data/: what people, programs and attackers do to tables, to their schema and to BibTeX.

Each of `MUTATIONS` changes a folder in place as the given source of randomness decides, so that a mutant can be made
again from its name and its seed.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

Mutation = Callable[[Random, Path], None]
Records = list[list[str]]
MUTATIONS: dict[str, Mutation] = {}

# What no cell and no field should hold.
FORMULAS = (
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://example.org/?"&A1,"more")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "＝1+1",
)
BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN = "\xad\u034f\u115f\u180e\u200b\u200c\u200d\u2060\u2062\u2800\u3164\ufe0f\ufeff\uffa0\ue000\ufffd\U000e0041"
CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)))
TAGS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title>",
    "<!-- -->",
    "<svg/onload=alert(1)>",
    "<?php ?>",
)
LATEX = (
    r"\input{/etc/passwd}",
    r"\write18{touch written}",
    r"{\catcode`\@=11}",
    r"\def\x{\x\x}\x",
    r"\textless script\textgreater",
    r"\'{e}",
    r"\{",
    "$x^2$",
    "100 % ~ -- --- `` ''",
    "\\",
)
EXPENSIVE = (r"(a+)+$", r"(.*)*x", r"([a-z0-9]+-?)+!", r"(\S+ ?)+;", "(", "[", "(?P<n", "*", r"\p{L}+", "(?i:x)", "")


def mutation(function: Mutation) -> Mutation:
    MUTATIONS[function.__name__] = function
    return function


# Tables


def read(path: Path) -> Records:
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))


def write(path: Path, records: Records) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(records)
    path.write_text(out.getvalue(), "utf-8")


def table(random: Random, folder: Path) -> Path:
    """A table that has rows."""
    return random.choice([path for path in sorted(folder.glob("*.csv")) if path.stat().st_size > 100])


def spot(random: Random, records: Records) -> tuple[int, int]:
    """The place of a cell below the header."""
    return random.randrange(1, len(records)), random.randrange(len(records[0]))


def inserted(random: Random, text: str, part: str) -> str:
    place = random.randint(0, len(text))
    return text[:place] + part + text[place:]


def on_records(change: Callable[[Random, Records], Any]) -> Mutation:
    """A mutation of the rows of a table, header and all."""

    @functools.wraps(change)
    def mutate(random: Random, folder: Path) -> None:
        path = table(random, folder)
        records = read(path)
        change(random, records)
        write(path, records)

    return mutation(mutate)


def on_a_cell(change: Callable[[Random, str], str]) -> Mutation:
    """A mutation of the text of a cell."""

    def mutate(random: Random, records: Records) -> None:
        row, column = spot(random, records)
        records[row][column] = change(random, records[row][column])

    return on_records(functools.update_wrapper(mutate, change))


def on_bytes(change: Callable[[Random, bytes], bytes]) -> Mutation:
    """A mutation of any file of the folder as it lies on the disk."""

    @functools.wraps(change)
    def mutate(random: Random, folder: Path) -> None:
        path = random.choice(sorted(folder.iterdir()))
        path.write_bytes(change(random, path.read_bytes()))

    return mutation(mutate)


@on_records
def cells_of_a_row_swapped(random: Random, records: Records) -> None:
    row = records[random.randrange(1, len(records))]
    one, two = random.sample(range(len(row)), 2)
    row[one], row[two] = row[two], row[one]


@on_records
def cells_of_a_column_swapped(random: Random, records: Records) -> None:
    (one, column), (two, _) = spot(random, records), spot(random, records)
    records[one][column], records[two][column] = records[two][column], records[one][column]


@on_records
def cells_swapped(random: Random, records: Records) -> None:
    (one, left), (two, right) = spot(random, records), spot(random, records)
    records[one][left], records[two][right] = records[two][right], records[one][left]


@mutation
def cells_of_two_tables_swapped(random: Random, folder: Path) -> None:
    paths = [table(random, folder), table(random, folder)]
    both = [read(path) for path in paths]
    (one, left), (two, right) = (spot(random, records) for records in both)
    both[0][one][left], both[1][two][right] = both[1][two][right], both[0][one][left]
    for path, records in zip(paths, both, strict=True):
        write(path, records)


@on_records
def columns_swapped(random: Random, records: Records) -> None:
    one, two = random.sample(range(len(records[0])), 2)
    for row in records[random.randint(0, 1) :]:
        row[one], row[two] = row[two], row[one]


@on_a_cell
def cell_blanked(random: Random, text: str) -> str:
    return random.choice(("", " ", "\xa0", "\u3000", "\u2003"))


@on_records
def row_blanked(random: Random, records: Records) -> None:
    row = random.randrange(len(records))
    records[row] = random.choice(([], [""] * len(records[row]), [""]))


@on_records
def column_blanked(random: Random, records: Records) -> None:
    column = random.randrange(len(records[0]))
    for row in records[1:]:
        row[column] = ""


@on_a_cell
def cell_of_a_megabyte(random: Random, text: str) -> str:
    return random.choice(("x", "é", "a;", "2024-", "x y ", "\n")) * 500_000


@on_a_cell
def long_cell(random: Random, text: str) -> str:
    return random.choice(("x", "word ", "a;b;", "-")) * random.choice((500, 3_000, 60_000))


@on_records
def hundred_thousand_rows(random: Random, records: Records) -> None:
    last, kind = records[-1], random.randrange(4)
    fresh: list[Callable[[int], list[str]]] = [
        lambda number: last,
        lambda number: [f"row-{number}", *last[1:]],
        lambda number: [""] * len(last),
        lambda number: [],
    ]
    records += map(fresh[kind], range(100_000))


@on_records
def ten_thousand_columns(random: Random, records: Records) -> None:
    kind = random.randrange(3)
    for number, row in enumerate(records):
        if kind == 0 or number == 0:
            row += [f"more-{count}" for count in range(10_000)]
        elif kind == 1:
            row += [""] * 10_000


@on_records
def column_missing(random: Random, records: Records) -> None:
    column = random.randrange(len(records[0]))
    for row in records[random.randint(0, 1) :]:
        del row[column]


@on_records
def column_repeated(random: Random, records: Records) -> None:
    column = random.randrange(len(records[0]))
    for row in records[: random.choice((1, len(records)))]:
        row.append(row[column])


@on_records
def column_renamed(random: Random, records: Records) -> None:
    column = random.randrange(len(records[0]))
    records[0][column] = random.choice(
        ("", records[0][column].upper(), records[0][column] + "\u200b", "keys", "\x1b[2J", "\n", "x" * 1_000_000)
    )


@on_records
def row_missing(random: Random, records: Records) -> None:
    del records[random.randrange(len(records))]


@on_records
def row_repeated(random: Random, records: Records) -> None:
    row = random.randrange(len(records))
    records.insert(random.randint(1, len(records)), list(records[row]))


@on_records
def rows_shuffled(random: Random, records: Records) -> None:
    kept = records[1:]
    random.shuffle(kept)
    records[1:] = kept


@on_records
def row_cut_short(random: Random, records: Records) -> None:
    row = records[random.randrange(1, len(records))]
    del row[random.randrange(len(row)) :]


@on_a_cell
def formula(random: Random, text: str) -> str:
    return random.choice(FORMULAS)


@on_a_cell
def formula_before_the_text(random: Random, text: str) -> str:
    return random.choice("=+-@＝＋－＠") + text


@on_a_cell
def formula_in_a_list(random: Random, text: str) -> str:
    return f"{text};{random.choice(FORMULAS)}"


@on_a_cell
def bidirectional_control(random: Random, text: str) -> str:
    return inserted(random, text, random.choice(BIDIRECTIONAL))


@on_a_cell
def unseen_character(random: Random, text: str) -> str:
    return inserted(random, text, random.choice(UNSEEN))


@on_a_cell
def control_character(random: Random, text: str) -> str:
    return inserted(random, text, random.choice(CONTROLS))


@on_a_cell
def any_character(random: Random, text: str) -> str:
    sign = chr(random.choice((*range(0xD800), *range(0xE000, 0x11000))))
    return inserted(random, text, sign)


@on_records
def decomposed(random: Random, records: Records) -> None:
    for row in records[random.randrange(len(records)) :]:
        row[:] = [unicodedata.normalize(random.choice(("NFD", "NFKD", "NFC")), cell) for cell in row]


@on_a_cell
def accent_in_two_parts(random: Random, text: str) -> str:
    return inserted(random, text, "e\u0301")


@on_a_cell
def html(random: Random, text: str) -> str:
    return inserted(random, text, random.choice(TAGS))


@on_a_cell
def other_digits(random: Random, text: str) -> str:
    return text.translate({ord(str(digit)): chr(random.choice((0x660, 0xFF10)) + digit) for digit in range(10)})


@on_a_cell
def other_case(random: Random, text: str) -> str:
    return random.choice((text.upper(), text.title(), text.swapcase()))


@on_a_cell
def other_date(random: Random, text: str) -> str:
    return random.choice(
        (
            "0000",
            "0001-01-01",
            "9999-12-31",
            "2024-02-30",
            "2024-13",
            "2024-1-1",
            "1/2/2024",
            "2024-00",
            "-2024",
            "99999",
        )
    )


@on_a_cell
def list_spoiled(random: Random, text: str) -> str:
    return random.choice((f"{text};{text}", f"{text};", f";{text}", f"{text}; x", f"{text};;x", text.replace(";", ",")))


@on_a_cell
def spaces_around(random: Random, text: str) -> str:
    return random.choice((" {}", "{} ", "\xa0{}", "{}\u2003")).format(text)


@on_a_cell
def letter_changed(random: Random, text: str) -> str:
    place = random.randint(0, len(text))
    return text[:place] + random.choice("abcXYZ019-;,.’ é") + text[place + 1 :]


@mutation
def table_missing(random: Random, folder: Path) -> None:
    table(random, folder).unlink()


@mutation
def table_without_schema(random: Random, folder: Path) -> None:
    (folder / f"more-{random.randrange(100)}.csv").write_text("id,text\na,b\n", "utf-8")


@mutation
def file_is_something_else(random: Random, folder: Path) -> None:
    path = random.choice(sorted(folder.iterdir()))
    path.unlink()
    kind = random.randrange(3)
    if kind == 0:
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == 1 else "nowhere")


@on_bytes
def stray_quote(random: Random, raw: bytes) -> bytes:
    place = random.randint(0, len(raw))
    return raw[:place] + b'"' + raw[place:]


@on_bytes
def separators_changed(random: Random, raw: bytes) -> bytes:
    return raw.replace(b",", random.choice((b";", b"\t", b", ", b"|")))


@on_bytes
def line_ends_changed(random: Random, raw: bytes) -> bytes:
    return raw.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b", b"\xe2\x80\xa8", b"")))


@on_bytes
def encoded_otherwise(random: Random, raw: bytes) -> bytes:
    code = random.choice(("latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7", "ascii", "cp037"))
    return raw.decode("utf-8").encode(code, "replace")


@on_bytes
def encoded_otherwise_in_part(random: Random, raw: bytes) -> bytes:
    place = raw.find(b"\n", random.randrange(len(raw))) + 1
    return raw[:place] + raw[place:].decode("utf-8", "replace").encode("cp1252", "replace")


@on_bytes
def byte_order_marks(random: Random, raw: bytes) -> bytes:
    mark = random.choice((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE))
    return mark * random.randint(1, 2) + raw


@on_bytes
def bytes_that_are_not_utf_8(random: Random, raw: bytes) -> bytes:
    bad = (
        b"\xe9",
        b"\xe2\x80",
        b"\xf0\x9f\x98",
        b"\xed\xa0\x80",
        b"\xed\xb2\x80",
        b"\xc0\x80",
        b"\xff",
        b"\xf5\x80\x80\x80",
    )
    place = random.randint(0, len(raw))
    return raw[:place] + random.choice(bad) + raw[place:]


@on_bytes
def cut_off(random: Random, raw: bytes) -> bytes:
    return raw[: random.choice((0, 1, random.randrange(len(raw)), len(raw) - 2))]


@on_bytes
def byte_changed(random: Random, raw: bytes) -> bytes:
    place = random.randrange(len(raw))
    return raw[:place] + bytes([random.randrange(256)]) + raw[place + 1 :]


@on_bytes
def piece_doubled(random: Random, raw: bytes) -> bytes:
    start = random.randrange(len(raw))
    return raw[:start] + raw[start : start + random.randrange(1, 2_000)] + raw[start:]


@on_bytes
def piece_taken_out(random: Random, raw: bytes) -> bytes:
    start = random.randrange(len(raw))
    return raw[:start] + raw[start + random.randrange(1, 2_000) :]


@on_bytes
def nothing_but(random: Random, raw: bytes) -> bytes:
    return random.choice(
        (b"", b"\0", b"\n", b"\xef\xbb\xbf", b" ", b'"', b"\0" * 3_000_000, b"x" * 20_000_000, b"\n" * 3_000_000)
    )


# The data package

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 3, 1e308, "", "x", "id", "events", "../../etc/passwd", "/etc/passwd", "\ud800", "\u202e"),
    *([], {}, [None], ["x", "x"], [[]], {"x": 1}, {"id": "x"}, [{}], "<script>", "events.csv", "sources", "list", ";"),
    *(["id"], 10**30, ["anora", 1]),
)


def on_package(change: Callable[[Random, dict[str, Any]], Any]) -> Mutation:
    """A mutation of the parsed data package."""

    @functools.wraps(change)
    def mutate(random: Random, folder: Path) -> None:
        path = folder / "datapackage.json"
        package = json.loads(path.read_text("utf-8"))
        change(random, package)
        path.write_text(json.dumps(package, indent=1), "utf-8")

    return mutation(mutate)


def on_package_text(change: Callable[[Random, str], str]) -> Mutation:
    """A mutation of the text of the data package."""

    @functools.wraps(change)
    def mutate(random: Random, folder: Path) -> None:
        path = folder / "datapackage.json"
        path.write_text(change(random, path.read_text("utf-8")), "utf-8")

    return mutation(mutate)


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in a tree."""
    if not isinstance(node, dict | list):
        return []
    found = [(node, key) for key in (node if isinstance(node, dict) else range(len(node)))]
    return found + [place for container, key in list(found) for place in places(container[key])]


def value_place(random: Random, text: str) -> tuple[int, int]:
    """Where a value stands in the text of a JSON file."""
    found = random.choice(list(re.finditer(r'(?<=: )("[^"\n]*"|true|\d+)', text)))
    return found.span()


@on_package
def value_of_the_package_wrong(random: Random, package: dict[str, Any]) -> None:
    container, key = random.choice(places(package))
    container[key] = random.choice(WRONG)


@on_package
def several_values_of_the_package_wrong(random: Random, package: dict[str, Any]) -> None:
    for container, key in random.sample(places(package), 20):
        container[key] = random.choice(WRONG)


@on_package
def schema_wrong(random: Random, package: dict[str, Any]) -> None:
    schema = random.choice([resource["schema"] for resource in package["resources"] if "schema" in resource])
    name = random.choice(("fields", "span", "agreement", "requiredWhen", "primaryKey", "missingValues"))
    column = random.choice(schema["fields"])["name"]
    schema[name] = random.choice(
        (
            *WRONG,
            {"start": column},
            {"start": "nowhere"},
            {"start": column, "end": column, "open": "yes"},
            [{"column": column, "values": [""], "required": column}],
            [{"column": column, "required": column}],
            [{"column": "nowhere", "unless": [], "required": column}],
            [{"column": column, "holds": column, "with": column, "value": column}],
        )
    )


@on_package
def column_of_the_package_wrong(random: Random, package: dict[str, Any]) -> None:
    schema = random.choice([resource["schema"] for resource in package["resources"] if "schema" in resource])
    name = random.choice(
        (
            "name",
            "type",
            "constraints",
            "references",
            "delimiter",
            "vocabulary",
            "calendarDate",
            "description",
            "unknown",
        )
    )
    random.choice(schema["fields"])[name] = random.choice(
        (*WRONG, "integer", "date", "any", {"pattern": "x"}, {"enum": []})
    )


@on_package
def key_of_the_package_missing(random: Random, package: dict[str, Any]) -> None:
    container, key = random.choice(places(package))
    del container[key]


@on_package
def parts_of_the_package_swapped(random: Random, package: dict[str, Any]) -> None:
    (one, left), (two, right) = random.sample(places(package), 2)
    one[left], two[right] = two[right], one[left]


@on_package
def resources_of_the_package_changed(random: Random, package: dict[str, Any]) -> None:
    resources = package["resources"]
    kind = random.randrange(4)
    if kind == 0:
        resources.append(random.choice(resources))
    elif kind == 1:
        resources.remove(random.choice(resources))
    elif kind == 2:
        random.shuffle(resources)
    else:
        random.choice(resources)[random.choice(("name", "path"))] = random.choice(resources)["path"]


@on_package
def pattern_expensive(random: Random, package: dict[str, Any]) -> None:
    fields = [field for resource in package["resources"] for field in resource.get("schema", {}).get("fields", ())]
    random.choice(fields).setdefault("constraints", {})["pattern"] = random.choice(EXPENSIVE)


@on_package
def length_wrong(random: Random, package: dict[str, Any]) -> None:
    fields = [field for resource in package["resources"] for field in resource.get("schema", {}).get("fields", ())]
    constraints = random.choice(fields).setdefault("constraints", {})
    constraints["maxLength"] = random.choice((0, -1, 0.5, 1e300, 10**40, "10", None, True, 10**9))


@on_package_text
def deep_brackets(random: Random, text: str) -> str:
    many = random.choice((400, 950, 100_000))
    deep = random.choice(("[" * many, "[" * many + "]" * many, '{"a":' * many, '{"a":' * many + "1" + "}" * many))
    start, end = value_place(random, text)
    return random.choice((deep, text[:start] + deep + text[end:], text[:-2] + f', "more": {deep}}}'))


@on_package_text
def number_odd(random: Random, text: str) -> str:
    start, end = value_place(random, text)
    odd = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000, "9" * 1_000, "-0", "0.1e1", "01", "0x10", "1_000")
    return text[:start] + random.choice(odd) + text[end:]


@on_package_text
def key_doubled(random: Random, text: str) -> str:
    line = random.choice(re.findall(r'^ *"\w+": [^\[{\n]*,$', text, re.M))
    return text.replace(line, f"{line}\n{line}", 1)


@on_package_text
def package_is_no_object(random: Random, text: str) -> str:
    return random.choice(
        ("[]", "null", "3", '"text"', "{}", "[" + text + "]", text + text, text[1:], "// note\n" + text)
    )


@on_package_text
def package_escaped(random: Random, text: str) -> str:
    start, end = value_place(random, text)
    return text[:start] + random.choice(('"\\ud800"', '"\\u0000"', '"\\u202e"', '"\\n"', '"\\x"', '"\t"')) + text[end:]


# BibTeX


def on_bibliography(change: Callable[[Random, str], str]) -> Mutation:
    """A mutation of the text of sources.bib."""

    @functools.wraps(change)
    def mutate(random: Random, folder: Path) -> None:
        path = folder / "sources.bib"
        path.write_text(change(random, path.read_text("utf-8")), "utf-8", newline="")

    return mutation(mutate)


def on_a_source(change: Callable[[Random, str], str]) -> Mutation:
    """A mutation of the text of one entry."""

    def mutate(random: Random, text: str) -> str:
        start, end = random.choice(list(re.finditer(r"^@.*?^}", text, re.M | re.S))).span()
        return text[:start] + change(random, text[start:end]) + text[end:]

    return on_bibliography(functools.update_wrapper(mutate, change))


def on_a_field(change: Callable[[Random, str], str]) -> Mutation:
    """A mutation of the value of one field, inside its braces."""

    def mutate(random: Random, text: str) -> str:
        start, end = random.choice(list(re.finditer(r"(?<=\{).*(?=\},?$)", text, re.M))).span()
        return text[:start] + change(random, text[start:end]) + text[end:]

    return on_a_source(functools.update_wrapper(mutate, change))


@on_a_field
def field_blanked(random: Random, text: str) -> str:
    return random.choice(("", " ", "{}", "{ }", "~", "\xa0"))


@on_a_field
def field_with_braces(random: Random, text: str) -> str:
    braces = ("{", "}", "{}", "}{", "{{}", r"\{", r"\}", "{\\", "\\}", '"', "#", ",", "=")
    return inserted(random, text, random.choice(braces))


@on_a_field
def field_with_latex(random: Random, text: str) -> str:
    return inserted(random, text, random.choice(LATEX))


@on_a_field
def field_nested_deeply(random: Random, text: str) -> str:
    many = random.choice((40, 90, 101, 400, 100_000))
    return random.choice(("{" * many + text + "}" * many, "{" * many + text, "{\\a " * many + text + "}" * many))


@on_a_field
def huge_field(random: Random, text: str) -> str:
    return text + random.choice(("x", "x y ", "{}", "\\", "$", "~", "\n", "a and ", '"')) * 500_000


@on_a_field
def field_unseen(random: Random, text: str) -> str:
    return inserted(random, text, random.choice(BIDIRECTIONAL + UNSEEN + CONTROLS))


@on_a_field
def field_with_html(random: Random, text: str) -> str:
    return inserted(random, text, random.choice((*TAGS, "<scr{}ipt>", r"\textless b\textgreater")))


@on_a_field
def field_of_another_kind(random: Random, text: str) -> str:
    return random.choice(
        (
            "javascript:alert(1)",
            "data:text/html,x",
            "http://",
            "https://a@b/",
            "2024-02-31",
            "primary",
            "x",
            'nl" x',
            "{1}",
        )
    )


@on_a_field
def names_by_the_thousand(random: Random, text: str) -> str:
    return random.choice(
        (" and ".join([text] * 5_000), "and " * 3_000, " and and ", ", " * 9, "{} and {}", ",", "a,,b")
    )


@on_a_source
def commas_missing(random: Random, text: str) -> str:
    return text.replace(",\n", "\n", random.randint(1, 9))


@on_a_source
def value_of_another_form(random: Random, text: str) -> str:
    forms = (
        '"\\1"',
        "\\1",
        '"\\1" # "more"',
        "undefined # {\\1}",
        "jan",
        "12",
        "jan # 12",
        "{\\1}{\\1}",
        "",
        '"{" # "}"',
    )
    lines = text.split("\n")
    place = random.randrange(1, len(lines) - 1)
    lines[place] = re.sub(r"\{(.*)\}", random.choice(forms), lines[place])
    return "\n".join(lines)


@on_a_source
def field_repeated(random: Random, text: str) -> str:
    lines = text.split("\n")
    line = random.choice(lines[1:-1])
    return "\n".join([lines[0], line.rstrip(",") + ",", *lines[1:]])


@on_a_source
def field_named_otherwise(random: Random, text: str) -> str:
    name = random.choice(
        ("crossref", "xdata", "TITLE", "author", "editor", "title{", "", "é", "a b", "1x", "@x", "key")
    )
    return re.sub(r"^  \w+", f"  {name}", text, count=1, flags=re.M)


@on_a_source
def crossref(random: Random, text: str) -> str:
    key = re.findall(r"\{(.*),", text)[0]
    return text.replace(",\n", f",\n  crossref = {{{random.choice((key, 'nowhere', key.upper()))}}},\n", 1)


@on_a_source
def key_spoiled(random: Random, text: str) -> str:
    keys = ("", "{", "A B", "é", "../x", "x" * 100_000, "UPPER", "a--b", "\x1b[2J", "a'b", "\u202e", "#", '"')
    return re.sub(r"\{.*,", lambda found: "{" + random.choice(keys) + ",", text, count=1)


@on_a_source
def entry_without_its_sign(random: Random, text: str) -> str:
    return random.choice(
        (text[1:], f"%{text}", text[1:].replace("{", "", 1), f"@ {text[1:]}", f"@{text}", f"text {text}")
    )


@on_a_source
def entry_of_another_type(random: Random, text: str) -> str:
    kinds = ("string", "STRING", "comment", "preamble", "", "123", "é", "misc", "x" * 10_000, "set", "xdata")
    return re.sub(r"@\w+", lambda found: f"@{random.choice(kinds)}", text, count=1)


@on_a_source
def entry_in_parentheses(random: Random, text: str) -> str:
    return text.replace("{", "(", 1)[:-1] + random.choice((")", "}", "", ") more"))


@on_a_source
def entry_cut_off(random: Random, text: str) -> str:
    return text[: random.randrange(len(text))]


@on_a_source
def entry_repeated(random: Random, text: str) -> str:
    return text + random.choice(("", "\n", "\n\n")) + random.choice((text, text.upper(), text.lower(), text[:40]))


@on_a_source
def signs_inserted(random: Random, text: str) -> str:
    for _ in range(random.randint(1, 4)):
        text = inserted(
            random, text, random.choice(("{", "}", '"', ",", "=", "#", "@", "\\", "(", ")", "\n", "%", "@x{y,"))
        )
    return text


@on_bibliography
def macros_that_grow(random: Random, text: str) -> str:
    bomb = '@string{a0 = "xxxxxxxxxx"}\n' + "".join(f"@string{{a{n + 1} = a{n} # a{n}}}\n" for n in range(40))
    return bomb + text.replace("title        = {", "title        = a40 # {", 1)


@on_bibliography
def command_before_the_entries(random: Random, text: str) -> str:
    commands = (
        r'@preamble{"\input{/etc/passwd}"}',
        r'@preamble{"\immediate\write18{touch written}"}',
        "@comment{@online{hidden, title={x}}}",
        "@comment(",
        "@string(x = {y})",
        "@string{jan = {Never}}",
        "Words of ours.",
        "% a remark",
        "@",
        "@{",
        "}",
    )
    return f"{random.choice(commands)}\n{text}"


@on_bibliography
def crossrefs_in_a_circle(random: Random, text: str) -> str:
    return text + "".join(f"\n@online{{x{n}, crossref = {{x{(n + 1) % 3}}}}}\n" for n in range(3))


@on_bibliography
def entries_by_the_thousand(random: Random, text: str) -> str:
    entry = random.choice(("@online{{x{0}, title = {{x}}}}\n", "@online{{x{0},\n", "@x\n", "@online{{x, a = {{x}}}}\n"))
    return text + "\n" + "".join(entry.format(number) for number in range(100_000))
