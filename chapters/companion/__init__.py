"""What the chapters import: `load()` the tables, show a `Timeline`, draw `charts`, read the `article`."""

from . import article, charts
from .data import check, load
from .faults import DataError, Fault
from .timeline import Timeline

__all__ = ["DataError", "Fault", "Timeline", "article", "charts", "check", "load"]
