"""What the chapters import: `load()` the tables, show a `Timeline`, draw `charts`."""

from . import charts
from .data import check, load
from .faults import DataError, Fault
from .timeline import Timeline

__all__ = ["DataError", "Fault", "Timeline", "charts", "check", "load"]
