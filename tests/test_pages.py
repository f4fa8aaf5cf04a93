"""Every page of the book, held to what a reader is promised: what it costs, what it asks of whom, that everybody can
read it in any colours and at any width, and that two engines and a validator find nothing.

A page is loaded once for a whole class of tests, which put it under other colours and widths. The longer round, in
which the controls of the pages are used first, is `make audit` (audit_pages.py).
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import itertools
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal, TypedDict
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bench import contenders, server
from companion import pages
from conftest import BOOK, Scheme
from playwright.sync_api import Browser, Page, expect

PAGES = sorted(str(path.relative_to(BOOK)) for path in [BOOK / "search.html", *BOOK.glob("chapters/**/*.html")])
FILES = sorted(str(path.relative_to(BOOK)) for path in BOOK.rglob("*.html"))
SHEETS = [pages.HERE / "timeline.css", *sorted(path for path in pages.THEME.glob("*.css") if path.name != "paper.css")]
KINDS = tomllib.loads((Path(__file__).parent / "budget.toml").read_text("utf-8"))
COLOURED = ["chapters/question.html"]
ENGINE_SAMPLE = [
    *("search.html", "chapters/index.html", "chapters/anora.html", "chapters/question.html", "chapters/figures.html"),
    *("chapters/teaching/lessons.html", "chapters/teaching/history-exercises.html"),
]
Look = Literal["light", "dark", "forced colours", "forced colours, dark"]


class Emulated(TypedDict):
    """What Playwright emulates."""

    color_scheme: Literal["light", "dark"]
    forced_colors: Literal["active", "none"]


LOOKS: dict[Look, Emulated] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
    "forced colours": {"color_scheme": "light", "forced_colors": "active"},
    "forced colours, dark": {"color_scheme": "dark", "forced_colors": "active"},
}
AXE = Axe().axe_script
ENGINE = contenders.PACKAGES / "accessibility-checker-engine" / "ace.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules of axe whose answer depends on the colours that are emulated."""
WIDTH = ["target-size", "scrollable-region-focusable", "aria-hidden-focus", "bypass", "region", "label", "link-name"]
"""Those whose answer depends on the width: what is hidden, scrolls or moves together there."""
VALIDATOR = {
    "root": True,
    "extends": ["html-validate:standard"],
    "rules": {"empty-title": "error", "no-inline-style": "error", "no-redundant-for": "error", "valid-id": "off"},
}
LEGIBLE = 7
"""The contrast of running text (WCAG 2.2, success criterion 1.4.6)."""

FAINT = r"""(least) => {
  const dot = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }), known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      dot.clearRect(0, 0, 1, 1);
      dot.fillStyle = colour;
      dot.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = dot.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = ([r, g, b]) => {
    const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const grounds = new Map();
  const ground = (element) => {
    if (!element) return [255, 255, 255, 1];
    if (!grounds.has(element)) {
      const own = rgba(getComputedStyle(element).backgroundColor);
      grounds.set(element, own[3] === 1 ? own : over(own, ground(element.parentElement)));
    }
    return grounds.get(element);
  };
  const veiled = (element) => {
    let left = 1;
    for (; element; element = element.parentElement) left *= Number(getComputedStyle(element).opacity);
    return left;
  };
  const found = [];
  for (const element of document.querySelectorAll("main :is(p, li, dd, td, th)")) {
    const own = [...element.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!own || !element.checkVisibility({ visibilityProperty: true })) continue;
    const behind = ground(element), ink = rgba(getComputedStyle(element).color);
    const [one, two] = [light(behind), light(over([...ink.slice(0, 3), ink[3] * veiled(element)], behind))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < least) found.push(`${contrast.toFixed(2)}: <${element.localName}> ${own.data.trim().slice(0, 60)}`);
  }
  return found;
}"""
"""Paragraphs, items and cells whose ink differs less from what is behind them than `least`."""

STYLED = r"""(sheets) => {
  const rulesOf = (rules) => [...rules].flatMap((rule) => [rule, ...rulesOf(rule.cssRules ?? [])]);
  const state = /::[\w-]+|:(target|hover|focus-visible|focus|empty|popover-open)\b/g;
  return Object.entries(sheets).flatMap(([name, text]) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return rulesOf(sheet.cssRules).map((rule) => rule.selectorText?.replace(state, ""))
      .filter((selector) => selector && selector !== ":root" && document.querySelector(selector))
      .map((selector) => `${name}: ${selector}`);
  });
}"""
"""The rules that a page has an element for, in whatever state it may be."""

PLACES = r"""() => {
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (nav) => nav.getAttribute("aria-label")
    ?? document.getElementById(nav.getAttribute("aria-labelledby"))?.textContent ?? "";
  const outside = (element) => !element.closest("main, article, aside, nav, section");
  return {
    lang: document.documentElement.lang,
    title: document.title.trim(),
    mains: document.querySelectorAll("main, [role=main]").length,
    banners: [...document.querySelectorAll("header, [role=banner]")].filter(outside).length,
    closings: [...document.querySelectorAll("footer, [role=contentinfo]")].filter(outside).length,
    navs: [...document.querySelectorAll("nav, [role=navigation]")].map(name),
    headings: [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(shown)
      .map(({ localName }) => Number(localName[1])),
  };
}"""

FOCUSED = r"""() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const ours = (x, y) => {
    const top = document.elementFromPoint(x, y);
    return top && (element.contains(top) || (top.contains(element) && !top.matches("html, body")));
  };
  const seen = [...element.getClientRects()].some((box) => {
    const [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)];
    const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
    if (right - left < 2 || bottom - top < 2) return false;
    const spots = [[0.5, 0.5], [0.1, 0.2], [0.9, 0.8]];
    return spots.some(([x, y]) => ours(left + (right - left) * x, top + (bottom - top) * y));
  });
  const words = element.getAttribute("aria-label") ?? element.textContent ?? "";
  return {
    seen, top: Math.round(element.getBoundingClientRect().top),
    what: `<${element.localName}> ${words.trim().slice(0, 60)}`,
    ring: getComputedStyle(element).outlineStyle !== "none",
  };
}"""
"""What has the focus, and whether a reader sees it: some point of it lies on top."""


def kind_of(name: str) -> str:
    return next(kind for kind, given in KINDS.items() if any(fnmatch(name, pattern) for pattern in given["pages"]))


@dataclass
class Visit:
    """A page that is open, what it asked for, and whatever it said to the console."""

    name: str
    page: Page
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def look(self, look: Look, width: int, height: int = 900) -> None:
        self.page.emulate_media(**LOOKS[look])
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def visit(browser: Browser, address: str, name: str, **options: Any) -> Visit:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options})
    opened = Visit(name, context.new_page())
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.goto(f"{address}/{name}", wait_until="load")
    expect(opened.page.locator("html:not([data-arriving])")).to_be_attached()
    return opened


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with server.serve(BOOK, server.Host) as address:
        yield address


@pytest.fixture(scope="class", params=PAGES)
def opened(browser: Browser, host: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    reader = visit(browser, host, request.param)
    yield reader
    reader.page.context.close()


def test_every_page_has_a_budget_and_no_chapter_a_large_one() -> None:
    assert {kind_of(name) for name in PAGES} == set(KINDS)
    assert KINDS["chapter"]["kilobytes"] <= 250
    assert KINDS["chapter"]["requests"] <= 20


class TestAPage:
    """What a page costs, asks, keeps and says, and that it can be read; in the order of one visit."""

    def test_it_keeps_to_its_budget(self, opened: Visit) -> None:
        spent, limit = cost(opened), KINDS[kind_of(opened.name)]
        over = [
            f"{figure} {spent[figure]:.1f}, at most {limit[figure]}"
            for figure in spent
            if spent[figure] > limit[figure]
        ]
        assert not over, f"{opened.name}: {'; '.join(over)} (tests/budget.toml, {kind_of(opened.name)})"

    def test_it_asks_nobody_else_and_leaves_nothing_behind(self, opened: Visit, host: str) -> None:
        assert [address for address in opened.asked if not address.startswith((host, "data:"))] == []
        kept = "[document.cookie, localStorage.length, sessionStorage.length]"
        assert opened.page.evaluate(kept) == ["", 0, 0]

    def test_no_sheet_that_is_left_out_would_style_anything(self, opened: Visit) -> None:
        style = "".join(read(opened.name).styles)
        left_out = {path.name: path.read_text("utf-8") for path in SHEETS if path.read_text("utf-8") not in style}
        assert left_out, "each page has a sheet that it does not need"
        assert opened.page.evaluate(STYLED, left_out) == []

    def test_it_has_its_parts_and_its_headings_in_order(self, opened: Visit) -> None:
        parts = opened.page.evaluate(PLACES)
        assert parts["lang"] == "en"
        assert parts["title"]
        assert (parts["mains"], parts["banners"], parts["closings"]) == (1, 1, 1)
        assert all(parts["navs"]), parts["navs"]
        assert len(set(parts["navs"])) == len(parts["navs"]), parts["navs"]
        levels = parts["headings"]
        assert levels.count(1) == 1
        assert levels[0] == 1
        steps = [(before, after) for before, after in itertools.pairwise(levels) if after > before + 1]
        assert steps == [], "a heading skips a level"

    def test_it_never_scrolls_sideways(self, opened: Visit) -> None:
        # 320 × 256 is a window of 1280 × 1024 at 400 per cent.
        for width, height in ((320, 900), (320, 256), (390, 844), (1280, 900)):
            opened.look("light", width, height)
            wide = opened.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{opened.name} is {wide} wide in a window of {width} × {height}"

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_its_text_stands_out(self, opened: Visit, scheme: Scheme) -> None:
        opened.look(scheme, 1280)
        faint = opened.page.evaluate(FAINT, LEGIBLE)
        assert faint == [], f"{opened.name}, {scheme}: {len(faint)} below {LEGIBLE}:1"

    def test_it_has_said_nothing(self, opened: Visit) -> None:
        """Last, so that it covers the colours and widths that the others asked for."""
        for look in LOOKS:
            opened.look(look, 1280)
        opened.page.emulate_media(reduced_motion="no-preference")
        opened.page.wait_for_timeout(50)
        assert opened.said == []


class TestAxe:
    """Every page at both widths. A page holds the same in all colours and at all widths, so that only some rules could
    differ: those of colour, which do not depend on the width, have a sample here, `TestAPage` measures all running
    text, `make audit` runs all of it."""

    def test_it_finds_nothing_on_a_wide_screen(self, opened: Visit) -> None:
        opened.look("light", 1280)
        assert axe(opened.page) == {}

    def test_it_finds_nothing_on_a_narrow_screen(self, opened: Visit) -> None:
        opened.look("light", 320)
        assert axe(opened.page, only=WIDTH) == {}

    @pytest.mark.parametrize("look", list(LOOKS)[1:])
    @pytest.mark.parametrize("name", COLOURED)
    def test_it_finds_nothing_in_other_colours(self, browser: Browser, host: str, name: str, look: Look) -> None:
        reader = visit(browser, host, name)
        reader.look(look, 1280)
        assert axe(reader.page, only=COLOURS) == {}
        reader.page.context.close()


class TestTheSecondEngine:
    """A page of each kind; the engine takes minutes on the long lists, which `make audit` gives it."""

    @pytest.mark.parametrize("name", ENGINE_SAMPLE)
    def test_it_finds_nothing(self, browser: Browser, host: str, name: str) -> None:
        opened = visit(browser, host, name)
        opened.look("light", 1280)
        assert second(opened.page) == []
        opened.page.context.close()


class TestFromDisk:
    @pytest.mark.parametrize("name", PAGES)
    def test_a_page_opens_from_disk_in_silence(self, browser: Browser, name: str) -> None:
        reader = visit(browser, BOOK.as_uri(), name)
        try:
            assert reader.said == []
            assert [address for address in reader.asked if not address.startswith(("file:", "data:"))] == []
        finally:
            reader.page.context.close()


class TestTheMarkup:
    @pytest.fixture(scope="class")
    def faults(self) -> dict[str, list[str]]:
        return validated(PAGES)

    @pytest.mark.parametrize("name", PAGES)
    def test_the_validator_finds_nothing(self, faults: dict[str, list[str]], name: str) -> None:
        assert faults.get(name, []) == []

    @pytest.mark.parametrize("name", PAGES)
    def test_its_policy_comes_first_and_allows_no_more_than_is_there(self, name: str) -> None:
        html = (BOOK / name).read_text("utf-8")
        head = html[html.index("<head>") : html.index("</head>")]
        policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', head)
        assert policy, name
        before = head[len("<head>") : head.index(policy[0])]
        assert before.strip() in ("", '<meta charset="utf-8">'), "only the character set may stand before the policy"
        rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
        assert rules["default-src"] == "'none'"
        assert "unsafe" not in policy[1]
        assert set(re.findall(r"https?:|\*", policy[1])) == set()
        for kind, texts in (("script", read(name).scripts), ("style", read(name).styles)):
            for text in texts:
                digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
                own = f"'sha256-{digest}'" in rules[f"{kind}-src"]
                assert own, f"{name} holds a {kind} that is not the book's own: {text[:60]}"

    @pytest.mark.parametrize("name", PAGES)
    def test_nothing_in_it_is_what_its_policy_forbids(self, name: str) -> None:
        html = re.sub(r"<script.*?</script>", "", (BOOK / name).read_text("utf-8"), flags=re.DOTALL)
        assert re.findall(r"<[a-z][^>]*\sstyle=[^>]*>", html) == []
        assert re.findall(r"<[a-z][^>]*\son[a-z]+=[^>]*>", html) == []

    @pytest.mark.parametrize("name", FILES)
    def test_it_would_ask_nobody_else(self, name: str) -> None:
        strangers = read(name).strangers
        assert not strangers, f"{name} would ask others: {', '.join(strangers)}"


class TestTheKeyboard:
    @pytest.fixture(params=[1280, 390])
    def width(self, request: pytest.FixtureRequest) -> int:
        width: int = request.param
        return width

    @pytest.mark.parametrize("name", ["chapters/index.html", "chapters/anora.html"])
    def test_the_skip_link_comes_first_and_leads_to_the_text(
        self, browser: Browser, host: str, name: str, width: int
    ) -> None:
        reader = visit(browser, host, name, viewport={"width": width, "height": 900})
        page = reader.page
        page.keyboard.press("Tab")
        first = page.evaluate(FOCUSED)
        assert "Skip" in first["what"]
        assert first["seen"]
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("Boolean(document.activeElement.closest('main'))")
        page.context.close()

    @pytest.mark.parametrize("name", ["chapters/index.html", "chapters/anora.html"])
    def test_whatever_has_the_focus_is_seen(self, browser: Browser, host: str, name: str, width: int) -> None:
        reader = visit(browser, host, name, viewport={"width": width, "height": 700})
        page, hidden, unmarked, stops = reader.page, [], [], 0
        page.keyboard.press("Tab")
        while (now := page.evaluate(FOCUSED)) and stops < 2000:
            stops += 1
            if not now["seen"]:
                hidden.append(f"{now['what']} at {now['top']}")
            if not now["ring"]:
                unmarked.append(now["what"])
            page.keyboard.press("Tab")
        assert stops > 20
        assert hidden == [], f"{len(hidden)} of {stops} stops cannot be seen"
        assert unmarked == [], f"{len(unmarked)} of {stops} stops have no outline"
        page.context.close()


def cost(opened: Visit) -> dict[str, float]:
    files = [
        BOOK / unquote(urlsplit(address).path).lstrip("/") for address in opened.asked if address.startswith("http")
    ]

    def sent(inside: list[str], *endings: str) -> float:
        packed = len(gzip.compress("".join(inside).encode(), 6))
        return (packed + sum(server.size(file)[1] for file in files if file.suffix in endings)) / 1000

    return {
        "kilobytes": sum(server.size(file)[1] for file in files) / 1000,
        "requests": len(files),
        "nodes": opened.page.evaluate("document.querySelectorAll('*').length"),
        "scripts": sent(read(opened.name).scripts, ".js", ".mjs"),
        "styles": sent(read(opened.name).styles, ".css"),
    }


class Markup(HTMLParser):
    """A page as a browser would read it: its scripts that would run, its style, what it would ask of another host."""

    DATA = ("application/json", "application/ld+json")
    """The kinds of script that are not run."""
    FETCHED = frozenset({"src", "srcset", "poster", "data", "background", "action", "formaction", "xlink:href"})
    """Attributes whose address a browser asks for; `href` is one except on links that a reader follows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.strangers: list[str] = []
        self._reading: list[str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._reading = None
        if tag == "script" and (found.get("type") or "").lower() not in self.DATA:
            self._reading = self.scripts
            self.scripts.append(found.get("src") or "")
        elif tag == "style":
            self._reading = self.styles
            self.styles.append("")
        for name, value in attrs:
            if name in self.FETCHED or (name == "href" and tag not in ("a", "area")):
                self.strangers += [f"<{tag}> {address}" for address in re.findall(r"(?:\w+:)?//[^\s,]+", value or "")]

    def handle_endtag(self, tag: str) -> None:
        self._reading = None

    def handle_data(self, data: str) -> None:
        if self._reading:
            self._reading[-1] += data


@functools.cache
def read(name: str) -> Markup:
    return Markup((BOOK / name).read_text("utf-8"))


def axe(page: Page, *, only: list[str] | None = None) -> dict[str, list[str]]:
    """The rules that the page breaks, and where; of all rules, or `only` some."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    broken: dict[str, list[str]] = page.evaluate(
        """async ([tags, only]) => {
            const runOnly = only ? { type: "rule", values: only } : { type: "tag", values: tags };
            const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly });
            const places = (nodes) => nodes.slice(0, 5).map(({ html }) => html.slice(0, 160));
            return Object.fromEntries(violations.map(({ id, nodes }) => [id, places(nodes)]));
        }""",
        [RULES, only],
    )
    return broken


def second(page: Page) -> list[str]:
    """What IBM's engine calls a violation."""
    if not page.evaluate("'ace' in window"):
        page.evaluate(engine())
    violations: list[str] = page.evaluate(
        """async () => {
            const { results } = await new ace.Checker().check(document, ["WCAG_2_2", "IBM_Accessibility"]);
            return results.filter(({ value }) => value[0] === "VIOLATION" && value[1] === "FAIL")
                .map(({ ruleId, message, snippet }) => `${ruleId}: ${message} ${snippet.slice(0, 160)}`);
        }"""
    )
    return violations


@functools.cache
def engine() -> str:
    contenders.install()
    return ENGINE.read_text("utf-8")


def validated(names: list[str]) -> dict[str, list[str]]:
    """What html-validate finds on each page."""
    contenders.install()
    script = """
      import { HtmlValidate, StaticConfigLoader } from "html-validate";
      const [config, ...paths] = process.argv.slice(1);
      const validator = new HtmlValidate(new StaticConfigLoader(JSON.parse(config)));
      const { results } = await validator.validateMultipleFiles(paths);
      const told = ({ line, ruleId, message, selector }) => `line ${line}: ${ruleId}: ${message} (${selector})`;
      const found = results.map(({ filePath, messages }) => [filePath, messages.map(told)]);
      console.log(JSON.stringify(Object.fromEntries(found)));
    """
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script, json.dumps(VALIDATOR), *(str(BOOK / name) for name in names)],
        cwd=contenders.HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    return {str(Path(path).relative_to(BOOK)): found for path, found in json.loads(done.stdout).items()}


def test_on_paper_a_chapter_names_its_sources(browser: Browser, host: str) -> None:
    opened = visit(browser, host, "chapters/anora.html")
    page = opened.page
    listed = page.locator(".on-paper li")
    assert not listed.first.is_visible()
    page.emulate_media(media="print")
    cited = page.locator("article a[href*='#source-']").evaluate_all("links => [...new Set(links.map((a) => a.hash))]")
    assert listed.count() == len(cited) > 20
    assert listed.first.is_visible()
    address = page.locator(".on-paper a").first
    told = address.evaluate("link => getComputedStyle(link, '::after').content")
    assert "attr(href)" in told or address.get_attribute("href") in told
    opened.page.context.close()


@pytest.mark.parametrize("media", [{"media": "print"}, {"forced_colors": "active"}], ids=str)
def test_a_choice_of_dark_gives_way_to_paper_and_to_forced_colours(
    browser: Browser, host: str, media: dict[str, Any]
) -> None:
    opened = visit(browser, host, "chapters/corrections.html", color_scheme="light")
    page = opened.page
    page.get_by_label("Light or dark").select_option("dark")
    colours = "(({ color, colorScheme }) => [color, colorScheme])(getComputedStyle(document.body))"
    assert page.evaluate(colours)[1] == "dark"
    page.emulate_media(**media)
    chosen = page.evaluate(colours)
    page.get_by_label("Light or dark").select_option("", force=True)
    assert chosen == page.evaluate(colours)
    opened.page.context.close()
