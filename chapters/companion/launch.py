"""Where a page can be run: links to services that start the book's notebooks, and the place for a link to a hub.

A service fetches the repository itself, so the links need to know which one published the book, and at which revision:
the environment gives both, as BOOK_REPOSITORY and BOOK_REVISION. Without them a book has no such links.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxDirective

from . import forms, shared

LIVE = "chapters/teaching/live"
"""The page that says what each way costs."""

# BinderHub's page of links writes the same address; its branch may hold a slash:
# https://github.com/jupyterhub/binderhub/blob/main/binderhub/static/js/components/LinkGenerator.jsx
BINDER = "https://mybinder.org/v2/gh/{repository}/{revision}?urlpath={path}"
OPENED = "doc/tree/{notebook}"
"""What Binder opens, below the address of a running server: the notebook alone, without a list of files."""

# https://docs.github.com/en/codespaces/setting-up-your-project-for-codespaces/setting-up-your-repository/facilitating-quick-creation-and-resumption-of-codespaces
CODESPACES = "https://codespaces.new/"

COMMIT = re.compile(r"[0-9a-f]{40}", re.I)
# What `git check-ref-format` refuses, and a leading hyphen or refs/, which is no branch's own name.
NO_NAME = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|^refs/|[/.]$|^@$|(^|/)\.|\.lock(/|$)",
)


# Where the book comes from


@dataclass(frozen=True)
class Origin:
    """The repository on GitHub, as `owner/name`, and the commit, tag or branch that the book was made of."""

    repository: str
    revision: str

    @property
    def address(self) -> str:
        """The address of the repository's page."""
        return f"https://github.com/{self.repository}"

    @property
    def tree(self) -> str:
        """The address of the files at this revision."""
        return f"{self.address}/tree/{quote(self.revision)}"

    @property
    def name(self) -> str:
        """The revision as it is said: a branch or a tag by its name, a commit by its first ten digits."""
        return self.branch or f"commit {self.revision[:10]}"

    @property
    def branch(self) -> str:
        """The revision where it is a name, and empty where it is a commit."""
        return "" if COMMIT.fullmatch(self.revision) else self.revision


def origin(repository: str, revision: str) -> Origin | None:
    """What the two variables say; None where both are empty. Raises ConfigError."""
    repository, revision = repository.strip(), revision.strip()
    if not repository and not revision:
        return None
    found = re.fullmatch(
        r"https://github\.com/([A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?/(?!\.{0,2}(?:\.git)?/?$)[\w.-]+?)"
        r"(?:\.git)?/?",
        repository,
        re.ASCII,
    )
    if not found:
        raise ConfigError(
            f"BOOK_REPOSITORY is {repository!r}; it must be the https address of a repository on GitHub, "
            "as in https://github.com/owner/name, and it goes with BOOK_REVISION"
        )
    if not revision or NO_NAME.search(revision):
        raise ConfigError(
            f"BOOK_REVISION is {revision!r}; it must be a full commit id of 40 hex digits, or the name of a tag or a "
            "branch as git allows it, and it goes with BOOK_REPOSITORY"
        )
    return Origin(found[1], revision)


def configured(app: Sphinx, config: Config) -> None:
    """Take the origin from the environment."""
    there = origin(os.environ.get("BOOK_REPOSITORY", ""), os.environ.get("BOOK_REVISION", ""))
    # A pair of str, which Sphinx can compare with that of the last build.
    config.companion_origin = (there.repository, there.revision) if there else ()


def published(app: Sphinx) -> Origin | None:
    """The origin of the book that is built; None where the environment names none."""
    return Origin(*app.config.companion_origin) if app.config.companion_origin else None


# The links of a page


def binder(there: Origin, notebook: str) -> str:
    """The address that opens a notebook, named by its path in the repository, on mybinder.org."""
    path = quote(OPENED.format(notebook=quote(notebook)), safe="")
    return BINDER.format(repository=there.repository, revision=quote(there.revision, safe="/"), path=path)


def codespaces(there: Origin) -> str:
    """The address that makes a codespace. For a commit, of the default branch: GitHub describes none for it."""
    return CODESPACES + there.repository + (f"/tree/{quote(there.branch, safe='/')}" if there.branch else "")


def of_page(app: Sphinx, pagename: str, context: Mapping[str, Any]) -> str:
    """The group of links of an executable page; empty for other pages, and in a book that knows no repository."""
    there = published(app)
    if not there or not context.get("sourcename", "").endswith(".ipynb"):
        return ""
    pathto = context["pathto"]
    more = escape(app.builder.get_relative_uri(pagename, LIVE))
    # Nothing that follows links of itself should start a machine: hence nofollow.
    return (
        '<div class="run" id="run"><p>Run this page. On a service, what you type is sent to its computers and run '
        f'there: <a href="{more}">what each way asks of you</a>.</p><ul>'
        f'<li><a rel="nofollow" href="{escape(binder(there, f"{pagename}.ipynb"))}">Open in Binder (mybinder.org)</a>: '
        "runs on the computers of Binder’s hosts, without an account, and forgets your work at the end.</li>"
        f'<li><a rel="nofollow" href="{escape(codespaces(there))}">Open in GitHub Codespaces (codespaces.new)</a>: '
        "runs on GitHub’s computers, in your account there.</li>"
        f'<li><a href="{escape(pathto("_sources/" + context["sourcename"], 1))}" download>'
        "Download this page as a notebook</a>: for your own computer, where nobody looks on. To run, it needs what "
        f'lies in <a href="{escape(pathto(f"data/{forms.NOTEBOOKS}", 1))}">the zip of all notebooks</a>.</li></ul>'
        "</div>"
    )


# A link to a hub


def hub_link(hub: str, repository: str, branch: str, path: str) -> str:
    """A link by which nbgitpuller fetches a repository to a hub and opens `path`: the same as `static/hub.js` makes.

    https://nbgitpuller.readthedocs.io/en/latest/topic/url-options.html
    """
    query = {"repo": repository, "urlpath": path} | ({"branch": branch} if branch else {})
    return f"{hub.rstrip('/')}/hub/user-redirect/git-pull?{urlencode(query)}"


class hub_place(nodes.General, nodes.Element):
    """Stands for the example and the generator until every page has a title."""


class HubDirective(SphinxDirective):
    """```{hub-link}```: an example of a link to a hub, and the place in which a script lets a reader make one."""

    def run(self) -> list[nodes.Node]:
        """A node that stands for both; see `fill_hub_places`."""
        return [hub_place()]


def fill_hub_places(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the example, and what the script needs to know, where the directive stands."""
    for place in list(doctree.findall(hub_place)):
        there = published(app)
        address = there.address if there else "https://github.com/owner/name"
        branch = (there.branch if there else "") or "main"
        path = f"lab/tree/{address.rpartition('/')[2]}/chapters/anora.ipynb"
        example = hub_link("https://hub.example.org", address, branch, path)
        data = {
            "repository": there.address if there else "",
            "branch": branch,
            "pages": json.dumps(notebooks(app), ensure_ascii=False),
        }
        attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
        place.replace_self(
            [
                nodes.literal_block(example, example, language="none"),
                nodes.raw("", f'<div class="hub-link"{attributes}></div>', format="html"),
            ]
        )


def notebooks(app: Sphinx) -> list[tuple[str, str]]:
    """(path in the repository, title) of every executable page, in the order of the contents."""
    names = [name for part in shared.contents(app).root.subtrees for name in part.files()]
    return [
        (f"{name}.ipynb", app.env.titles[name].astext())
        for name in names
        if str(app.env.doc2path(name)).endswith(".ipynb")
    ]


def setup(app: Sphinx) -> None:
    """Connect the links, and the directive."""
    app.add_config_value("companion_origin", (), "html", tuple)
    app.add_directive("hub-link", HubDirective)
    app.connect("config-inited", configured)
    app.connect("doctree-resolved", fill_hub_places)
