"""What the chapters import: `load()`, `Timeline`, `charts`, and the pages of the `article` and of the `question`."""

from . import article, charts, question
from .data import check, load
from .faults import DataError, Fault
from .timeline import Timeline

__all__ = ["DataError", "Fault", "Timeline", "article", "charts", "check", "load", "question"]
