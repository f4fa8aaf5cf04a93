"""The whole book in other forms, made from the built pages: an EPUB, a PDF, and the pages themselves as one archive.

`python -m companion.forms BOOK OUT` writes them; the directive `{forms}` (see `downloads`) lists them on a page.
"""

NAME = "who-is-in-the-room"
"""What the files are called, before their ending."""

TABLES = f"{NAME}-data.zip"
"""The archive of the tables."""

NOTEBOOKS = f"{NAME}-notebooks.zip"
"""The archive of the chapters to run."""
