"""The words of the chapters: cited, readable, broken up, and short where they quote."""

from __future__ import annotations

import re

import nbformat
import pytest
import textstat
from companion import load
from conftest import ROOT

TABLES = load()
PAGES = [
    *("index.md", "anora.ipynb", "history.ipynb", "babygirl.ipynb", "question.ipynb", "article.ipynb"),
    *(f"teaching/{name}.md" for name in ("index", "lessons", "live", "quotation-workshop", "slides")),
    *(f"teaching/{name}-exercises.ipynb" for name in ("anora", "history", "babygirl")),
]
ROLE = re.compile(r"\{(?P<name>[\w:]+)\}`(?P<text>[^`]+)`")
EVIDENCE = re.compile(r"\{(?:cite:p|cite:t|claim|event|measure|person|path)\}`|\]\(gaps\.md\)")
NAMES = {
    name
    for whole in TABLES.people.loc[TABLES.people["type"] == "person", "name"]
    if not whole.startswith("Unnamed")
    for name in (whole, whole.split()[-1])
    if len(name) > 4
}
NAMED = re.compile(r"\b(" + "|".join(sorted(map(re.escape, NAMES), key=len, reverse=True)) + r")\b")


def blocks(page: str) -> list[str]:
    """The page in blocks of text: paragraphs, headings and list items; a code cell is the block "CODE"."""
    path = ROOT / "chapters" / page
    if path.suffix == ".md":
        cells = [path.read_text("utf-8")]
    else:
        notebook = nbformat.read(path, as_version=4)
        cells = [cell.source if cell.cell_type == "markdown" else "CODE" for cell in notebook.cells]
    return [block.strip() for cell in cells for block in re.split(r"\n\s*\n", cell) if block.strip()]


def plain(block: str) -> str:
    """A block as it is read aloud: citations gone, links and roles reduced to their words."""
    block = re.sub(r"\s*\{cite:[pt]\}`[^`]+`", "", block)
    block = ROLE.sub(lambda role: re.sub(r"\s*<[^>]+>$", "", role["text"]), block)
    block = re.sub(r"\(\s*\)", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", block))
    return re.sub(r"[*_]|^#+ |^: |^:::.*$|^:class:.*$|<[^>]+>", "", block, flags=re.M).strip()


def paragraphs(page: str) -> list[str]:
    return [block for block in blocks(page) if block != "CODE" and not block.startswith(("#", ":::", "<"))]


@pytest.mark.parametrize("page", PAGES)
def test_who_is_named_is_cited(page: str) -> None:
    """A paragraph that names a person leads to evidence; the one after a cell may name whom the cell has shown."""
    bare, before = [], ""
    for block in blocks(page):
        prose = block != "CODE" and not block.startswith(("#", ":::", "<"))
        if prose and before != "CODE" and NAMED.search(plain(block)) and not EVIDENCE.search(block):
            bare.append(block[:120])
        before = block
    assert bare == []


@pytest.mark.parametrize("page", PAGES)
def test_a_first_year_student_can_read_it(page: str) -> None:
    text = " ".join(plain(paragraph) for paragraph in paragraphs(page))
    assert len(text.split()) > 200
    assert textstat.flesch_kincaid_grade(text) <= 12


@pytest.mark.parametrize("page", PAGES)
def test_sentences_vary(page: str) -> None:
    text = " ".join(plain(paragraph) for paragraph in paragraphs(page))
    lengths = [len(sentence.split()) for sentence in re.split(r"(?<=[.?!])\s+", text) if sentence]
    mean = sum(lengths) / len(lengths)
    spread = (sum((length - mean) ** 2 for length in lengths) / len(lengths)) ** 0.5
    assert 10 < mean < 24
    assert spread > 5


@pytest.mark.parametrize("page", PAGES)
def test_no_wall_of_text(page: str) -> None:
    run = longest = 0
    for block in blocks(page):
        run = 0 if block == "CODE" or block.startswith(("#", ":::", "- ", "|")) or "\n: " in block else run + 1
        longest = max(longest, run)
    assert longest <= 5


@pytest.mark.parametrize("page", PAGES)
def test_a_quotation_has_at_most_twelve_words(page: str) -> None:
    for block in blocks(page):
        for quotation in re.findall(r"“([^”]+)”", plain(block)):
            assert len(quotation.split()) <= 12, quotation


@pytest.mark.parametrize("page", PAGES)
def test_a_heading_says_something(page: str) -> None:
    headings = [block.lstrip("# ").split("\n")[0] for block in blocks(page) if block.startswith("#")]
    assert headings
    assert not {heading.casefold() for heading in headings} & {
        *("background", "introduction", "overview", "conclusion", "summary", "discussion", "context", "analysis"),
    }


@pytest.mark.parametrize("page", ["anora.ipynb", "history.ipynb", "babygirl.ipynb", "question.ipynb"])
def test_a_chapter_says_how_long_it_takes_and_what_is_difficult(page: str) -> None:
    note = blocks(page)[1]
    assert "**Time:**" in note
    assert "**Difficult matter:**" in note
    if page != "question.ipynb":
        end = "\n".join(blocks(page)[-6:])
        assert all(f"**{part}.**" in end for part in ("Known", "Disputed", "Not documented", "Where next"))
