"""The question, mapped: every argument whole, every link arriving, and a mark that stays with the reader."""

from __future__ import annotations

import re

import pytest
from companion import load, question
from conftest import BOOK, OpenPage
from playwright.sync_api import expect

TABLES = load()
PAGE = "chapters/question.html"


def test_the_sides_have_equal_room() -> None:
    arguments = TABLES.arguments
    lengths = arguments.assign(
        length=arguments[["reason", "because", "reply", "limit"]].apply(lambda row: row.str.len().sum(), axis=1)
    ).groupby("side", observed=True)["length"]
    assert set(lengths.count()) == {7}
    assert lengths.sum().max() < 1.1 * lengths.sum().min()


def test_every_argument_rests_on_something_and_answers_another_side() -> None:
    for argument in TABLES.arguments.to_dict("records"):
        assert any(argument[kind] for kind in ("claims", "stances", "rules", "measures")), argument["id"]
        if argument["reply_to"]:
            assert TABLES.arguments.loc[argument["reply_to"], "side"] != argument["side"], argument["id"]


def test_without_javascript_every_argument_is_whole(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/{PAGE}", javascript=False).page
    for argument in TABLES.arguments.to_dict("records"):
        item = page.locator(f"#argument-{argument['id']}")
        for part in ("reason", "because", "reply", "limit"):
            expect(item).to_contain_text(argument[part])
        assert item.locator(".sources a").count() == len(argument["sources"])
        assert page.locator(f".argument-map a[href='#argument-{argument['id']}']").count() == 1


def test_every_link_of_the_map_arrives() -> None:
    html = (BOOK / PAGE).read_text("utf-8")
    for page, anchor in set(re.findall(r'href="((?:article|people|films|figures)\.html)?#([^"]+)"', html)):
        target = (BOOK / "chapters" / page).read_text("utf-8") if page else html
        assert f'id="{anchor}"' in target, (page, anchor)


def test_an_unknown_side_is_an_error() -> None:
    with pytest.raises(KeyError):
        question.side("neither", TABLES)


def test_a_mark_is_kept_only_when_asked_and_can_be_deleted(open_page: OpenPage, site: str) -> None:
    reader = open_page(f"{site}/{PAGE}")
    page = reader.page
    before, after = page.locator(".stand").first, page.locator(".stand").last
    before.get_by_label("It is for the performers to choose").check()
    before.get_by_label("Why?").fill("They were asked.")
    assert page.evaluate("localStorage.getItem('stand')") is None
    page.get_by_role("button", name="Keep this in my browser").first.click()
    expect(before.get_by_role("status")).to_have_text("Kept in this browser, and nowhere else.")
    page.reload()
    expect(before.get_by_label("It is for the performers to choose")).to_be_checked()
    expect(before.get_by_label("Why?")).to_have_value("They were asked.")
    expect(after).to_contain_text("Before, you marked: It is for the performers to choose. They were asked.")
    page.get_by_role("button", name="Delete what was kept").last.click()
    expect(after.get_by_role("status")).to_have_text("Deleted.")
    assert page.evaluate("localStorage.getItem('stand')") is None
    expect(before.get_by_label("Why?")).to_have_value("")
    assert reader.strangers == []
    assert reader.complaints == []
