"""Running the book elsewhere: links that a published page carries, the link to a hub, the values for a large one."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from companion import launch
from companion.forms import notebooks
from conftest import BOOK, COMMIT, REPOSITORY, ROOT, OpenPage, Reader, Scheme, there
from playwright.sync_api import Page, expect

PAGE = "chapters/teaching/live.html"
VALUES = yaml.safe_load((ROOT / "chapters/teaching/hub-values.yaml").read_text("utf-8"))


def executable() -> list[str]:
    """The pages of the contents whose source is a notebook."""
    return [path.relative_to(ROOT).with_suffix("").as_posix() for path in notebooks.runnable(ROOT)]


def run_links(path: Path) -> list[str]:
    """The addresses in the group of links that run a page."""
    group = re.search(r'<div class="run" id="run">.*?</div>', path.read_text("utf-8"), re.DOTALL)
    return [unescape(link) for link in re.findall(r'<li><a [^>]*?href="([^"]+)"', group[0])] if group else []


def settle(page: Page) -> None:
    """Wait until the scripts of a page have looked at the width of its tables."""
    expect(page.locator("html:not([data-arriving])")).to_be_attached()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


class TestTheLinks:
    def test_every_executable_page_has_them_and_no_other(self, published: Path) -> None:
        names = executable()
        assert len(names) >= 8
        for path in published.rglob("*.html"):
            name = path.relative_to(published).with_suffix("").as_posix()
            html = path.read_text("utf-8")
            if name not in names:
                assert "mybinder.org/v2" not in html, name
                assert 'id="run"' not in html, name
                assert 'class="place-run"' not in html, name
                continue
            up = "../" * name.count("/")
            assert run_links(path) == [
                f"https://mybinder.org/v2/gh/example/room/{COMMIT}?urlpath={quote(f'doc/tree/{name}.ipynb', safe='')}",
                "https://codespaces.new/example/room",
                f"{up}_sources/{name}.ipynb",
            ]
            assert html.count('class="place-run" href="#run"') == 1
            assert html.count('.ipynb" download') == 1

    def test_a_local_book_has_none(self) -> None:
        for path in BOOK.rglob("*.html"):
            assert not re.search(r'mybinder\.org/v2|codespaces\.new|id="run"', path.read_text("utf-8")), path

    def test_each_says_where_it_goes_and_where_the_code_runs(self, open_page: OpenPage, published: Path) -> None:
        reader = open_page((published / "chapters/anora.html").as_uri(), javascript=False)
        group = reader.page.locator("#run")
        expect(group).to_contain_text("what you type is sent to its computers and run there")
        for name, where in (
            ("Open in Binder (mybinder.org)", "runs on the computers of Binder’s hosts"),
            ("Open in GitHub Codespaces (codespaces.new)", "runs on GitHub’s computers"),
            ("Download this page as a notebook", "for your own computer"),
        ):
            item = group.get_by_role("listitem").filter(has=reader.page.get_by_role("link", name=name, exact=True))
            expect(item).to_contain_text(where)
        reader.page.get_by_role("link", name="Run this page", exact=True).click()
        expect(group).to_be_in_viewport()
        group.get_by_role("link", name="what each way asks of you").click()
        reader.page.wait_for_url("**/chapters/teaching/live.html")
        assert reader.strangers == reader.complaints == []

    def test_they_are_not_printed(self, open_page: OpenPage, published: Path) -> None:
        page = open_page((published / "chapters/teaching/anora-exercises.html").as_uri()).page
        page.emulate_media(media="print")
        expect(page.locator("#run")).to_be_hidden()
        expect(page.locator(".place-run")).to_be_hidden()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [320, 1280])
    def test_axe_finds_nothing(self, open_page: OpenPage, published: Path, scheme: Scheme, width: int) -> None:
        address = (published / "chapters/teaching/anora-exercises.html").as_uri()
        page = open_page(address, width=width, scheme=scheme).page
        settle(page)
        report = Axe().run(page, context="#run, .place-run")
        assert report.violations_count == 0, report.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    @pytest.mark.parametrize(
        ("revision", "written"),
        [
            ("main", "main"),
            ("term/2026-autumn", "term/2026-autumn"),
            ("v1.0+été#2&3%", "v1.0%2B%C3%A9t%C3%A9%232%263%25"),
        ],
    )
    def test_a_name_is_quoted(self, revision: str, written: str) -> None:
        origin = there(launch.origin(REPOSITORY, revision))
        address = launch.binder(origin, "chapters/anora.ipynb")
        assert (
            address == f"https://mybinder.org/v2/gh/example/room/{written}?urlpath=doc%2Ftree%2Fchapters%2Fanora.ipynb"
        )
        assert unquote(urlsplit(address).path) == f"/v2/gh/example/room/{revision}"
        assert launch.codespaces(origin) == f"https://codespaces.new/example/room/tree/{written}"

    def test_an_odd_notebook_is_quoted_for_both_addresses(self) -> None:
        address = launch.binder(there(launch.origin(REPOSITORY, "main")), "chapters/a b#c.ipynb")
        (opened,) = parse_qs(urlsplit(address).query)["urlpath"]
        assert opened == "doc/tree/chapters/a%20b%23c.ipynb"


def generated(hub: str, repository: str, branch: str, urlpath: str) -> list[tuple[str, str]]:
    """What the link generator of nbgitpuller puts after the question mark, in its order."""
    return [("repo", repository), ("urlpath", urlpath), *([("branch", branch)] if branch else [])]


class TestALinkToAHub:
    @pytest.fixture
    def reader(self, open_page: OpenPage, site: str) -> Reader:
        return open_page(f"{site}/{PAGE}")

    def fill(self, page: Page, hub: str = "", repository: str = "", branch: str = "main") -> None:
        """By keyboard alone, beginning in the first field."""
        page.get_by_label("Address of your hub").focus()
        for text in (hub, repository, branch):
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.press("Delete")
            page.keyboard.insert_text(text)
            page.keyboard.press("Tab")

    def made(self, page: Page) -> str:
        return page.locator(".hub-made").inner_text()

    @pytest.mark.parametrize(
        ("hub", "base"),
        [
            ("https://hub.example.org", "https://hub.example.org"),
            ("https://hub.example.org/", "https://hub.example.org"),
            ("https://example.org/jupyter", "https://example.org/jupyter"),
            ("https://example.org/jupyter/hub/home", "https://example.org/jupyter"),
            ("https://hub.example.org:8443/user/ann/lab/tree/x", "https://hub.example.org:8443"),
        ],
    )
    @pytest.mark.parametrize("app", ["lab/tree", "tree"])
    def test_it_is_that_of_the_link_generator(self, reader: Reader, hub: str, base: str, app: str) -> None:
        page = reader.page
        self.fill(page, hub, f"{REPOSITORY}.git", "term/2026+autumn")
        expect(page.get_by_label("Page", exact=True)).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        if app == "tree":
            page.keyboard.press("ArrowRight")
        link, (_, second) = self.made(page), executable()[:2]
        address = urlsplit(link)
        assert f"{address.scheme}://{address.netloc}{address.path}" == f"{base}/hub/user-redirect/git-pull"
        expected = generated(hub, f"{REPOSITORY}.git", "term/2026+autumn", f"{app}/room/{second}.ipynb")
        assert parse_qsl(address.query) == expected
        assert link == launch.hub_link(base, f"{REPOSITORY}.git", "term/2026+autumn", f"{app}/room/{second}.ipynb")
        assert reader.strangers == reader.complaints == []

    def test_every_executable_page_can_be_chosen(self, reader: Reader) -> None:
        options = reader.page.get_by_label("Page", exact=True).locator("option")
        values = options.evaluate_all("options => options.map((option) => option.value)")
        assert values == [f"{name}.ipynb" for name in executable()]

    @pytest.mark.parametrize(
        ("hub", "words"),
        [
            ("hub.example.org", "begins with https://"),
            ("javascript:alert(1)", "begins with https://"),
            ("ftp://hub.example.org", "begins with https://"),
            ("https://hub example.org", "There is a space"),
            ("https://", "not an address"),
            ("https://[hub", "not an address"),
            ("https://ann:secret@hub.example.org", "no name or password"),
            ("https://hub.example.org/?next=x", "what begins with ? or #"),
        ],
    )
    def test_a_bad_hub_is_refused_in_words(self, reader: Reader, hub: str, words: str) -> None:
        page = reader.page
        self.fill(page, hub, REPOSITORY)
        field = page.get_by_label("Address of your hub")
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(words)))
        expect(page.get_by_role("button", name="Copy link")).to_be_disabled()
        assert "git-pull" not in self.made(page)
        field.fill("https://hub.example.org")
        expect(field).not_to_have_attribute("aria-invalid", "true")
        assert "git-pull" in self.made(page)
        assert reader.complaints == []

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("Address of the repository", "git@github.com:o/n.git", "begins with https://"),
            ("Address of the repository", "https://github.com/", "name of the repository is missing"),
            ("Address of the repository", "https://github.com/o/a b", "There is a space"),
            ("Branch", "two words", "Git allows no branch"),
            ("Branch", COMMIT, "This is a commit"),
        ],
    )
    def test_other_fields_are_checked_too(self, reader: Reader, name: str, value: str, words: str) -> None:
        page = reader.page
        self.fill(page, "https://hub.example.org", REPOSITORY)
        page.get_by_label(name).fill(value)
        page.get_by_label(name).blur()
        expect(page.get_by_label(name)).to_have_accessible_description(re.compile(re.escape(words)))
        assert "git-pull" not in self.made(page)

    def test_nobody_is_corrected_in_the_middle_of_a_word(self, reader: Reader) -> None:
        page = reader.page
        page.get_by_label("Address of your hub").press_sequentially("htt")
        assert page.locator(".hub-error").evaluate_all("all => all.map((one) => one.textContent).join('')") == ""

    def test_nothing_is_kept_or_sent(self, reader: Reader) -> None:
        page, asked = reader.page, []
        page.on("request", lambda request: asked.append(request.url))
        self.fill(page, "https://hub.example.org", REPOSITORY)
        page.keyboard.press("Enter")
        assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]
        assert page.url.endswith(PAGE)
        assert [address for address in asked if not address.endswith("/icon.svg")] == []  # the browser takes its time
        assert reader.strangers == reader.complaints == []

    def test_it_can_be_copied(self, open_page: OpenPage, site: str) -> None:
        page = open_page(f"{site}/{PAGE}", permissions=["clipboard-read", "clipboard-write"]).page
        self.fill(page, "https://hub.example.org", REPOSITORY)
        page.get_by_role("button", name="Copy link").click()
        expect(page.locator(".hub-link").get_by_role("status")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == self.made(page)

    def test_it_is_selected_where_the_page_may_not_copy(self, reader: Reader) -> None:
        page = reader.page
        self.fill(page, "https://hub.example.org", REPOSITORY)
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
        page.get_by_role("button", name="Copy link").click()
        expect(page.locator(".hub-link").get_by_role("status")).to_contain_text("The link is selected")
        assert page.evaluate("getSelection().toString()").strip() == self.made(page)

    def test_the_repository_of_the_book_stands_there(self, open_page: OpenPage, published: Path) -> None:
        page = open_page((published / PAGE).as_uri()).page
        expect(page.get_by_label("Address of the repository")).to_have_value(REPOSITORY)
        expect(page.get_by_label("Branch")).to_have_value("main")

    @pytest.mark.parametrize("where", ["local", "published"])
    def test_without_javascript_the_pattern_stands_there(
        self, open_page: OpenPage, published: Path, where: str
    ) -> None:
        book = BOOK if where == "local" else published
        page = open_page((book / PAGE).as_uri(), javascript=False).page
        owner = "owner/name" if where == "local" else "example/room"
        name, address = owner.partition("/")[2], quote(f"https://github.com/{owner}", safe="")
        expect(page.locator("main")).to_contain_text(
            f"https://hub.example.org/hub/user-redirect/git-pull?repo={address}"
            f"&urlpath=lab%2Ftree%2F{name}%2Fchapters%2Fanora.ipynb&branch=main"
        )
        expect(page.locator(".hub-link")).to_be_hidden()
        expect(page.locator("main :is(input, button)")).to_have_count(0)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [320, 1280])
    def test_axe_finds_nothing(self, open_page: OpenPage, site: str, scheme: Scheme, width: int) -> None:
        page = open_page(f"{site}/{PAGE}", width=width, scheme=scheme).page
        self.fill(page, "hub.example.org", REPOSITORY)
        settle(page)
        report = Axe().run(page, context=".hub-link")
        assert report.violations_count == 0, report.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestTheValuesOfALargeHub:
    """The keys as the chart's schema has them: jupyterhub/values.schema.yaml of jupyterhub/zero-to-jupyterhub-k8s."""

    KEYS: ClassVar = {
        "custom": {"repository"},
        "hub": {"config"},
        "proxy": {"https"},
        "proxy.https": {"enabled", "hosts", "letsencrypt"},
        "singleuser": {
            *("image", "defaultUrl", "startTimeout", "memory", "cpu", "storage", "lifecycleHooks", "networkPolicy"),
        },
        "singleuser.image": {"name", "tag", "pullPolicy"},
        "singleuser.memory": {"guarantee", "limit"},
        "singleuser.cpu": {"guarantee", "limit"},
        "singleuser.storage": {"type", "homeMountPath", "capacity"},
        "singleuser.networkPolicy": {"enabled", "egressAllowRules", "egress"},
        "cull": {"enabled", "timeout", "every", "maxAge", "users"},
        "prePuller": {"hook", "continuous"},
    }

    @pytest.mark.parametrize("path", KEYS)
    def test_it_has_these_keys_and_no_others(self, path: str) -> None:
        part = VALUES
        for name in path.split("."):
            part = part[name]
        assert set(part) == self.KEYS[path]

    def test_the_repository_stands_in_one_place(self) -> None:
        text = (ROOT / "chapters/teaching/hub-values.yaml").read_text("utf-8")
        assert text.count("github.com") == text.count("OWNER") == 1
        command = VALUES["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
        assert VALUES["custom"]["repository"] in command
        assert all(isinstance(part, str) for part in command)

    def test_nobody_can_log_in_before_it_is_filled_in(self) -> None:
        config = VALUES["hub"]["config"]
        assert config["JupyterHub"]["authenticator_class"] == "null"
        assert config["Authenticator"] == {"allow_all": False, "allowed_users": [], "admin_users": []}

    def test_a_server_reaches_nothing_private(self) -> None:
        policy = VALUES["singleuser"]["networkPolicy"]
        assert policy["enabled"] is True
        assert set(policy["egressAllowRules"].values()) == {False}
        (rule,) = policy["egress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": 443}]
        assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} < set(rule["to"][0]["ipBlock"]["except"])

    def test_it_can_be_taken_away(self) -> None:
        html = (BOOK / PAGE).read_text("utf-8")
        (link,) = re.findall(r'href="([^"]*hub-values\.yaml)"', html)
        path = (BOOK / PAGE).parent / link
        assert path.read_bytes() == (ROOT / "chapters/teaching/hub-values.yaml").read_bytes()
