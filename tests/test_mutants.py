"""How good the tests are, in small: of the faults that a program can put into two modules, nearly all are noticed.

`make mutants` asks the same of every module. The faults are those of mutmut (https://mutmut.readthedocs.io), which
there leaves out what stands outside of functions; here a module is written anew with each, and so all of it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import test_dates_filter
from companion import dates, filter
from mutmut.mutation.file_mutation import create_mutations

LEAST = 0.85
TESTS: dict[str, Callable[[], None]] = {
    name: test for name, test in vars(test_dates_filter).items() if name.startswith("test_")
}


def mutants(module: ModuleType) -> Iterator[tuple[str, str]]:
    """(what was changed into what, source) of every mutant of a module."""
    path = Path(str(module.__file__))
    tree, mutations, *_ = create_mutations(path.name, path.read_text("utf-8"))
    for mutation in mutations:
        old, new = (tree.code_for_node(node) for node in (mutation.original_node, mutation.mutated_node))
        yield f"{old} -> {new}", tree.code_for_node(tree.deep_replace(mutation.original_node, mutation.mutated_node))


def noticed(name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a test fails where the module of that name has this source."""
    module = ModuleType(f"companion.{name}")
    with monkeypatch.context() as patch:
        patch.setattr(test_dates_filter, name, module)
        try:
            exec(compile(source, name, "exec"), vars(module))
            for test in TESTS.values():
                test()
        except (Exception, pytest.fail.Exception):
            return True
    return False


@pytest.mark.parametrize("module", [dates, filter])
def test_nearly_every_fault_is_noticed(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    name = module.__name__.rpartition(".")[2]
    assert not noticed(name, Path(str(module.__file__)).read_text("utf-8"), monkeypatch)
    found = list(mutants(module))
    left = [change for change, source in found if not noticed(name, source, monkeypatch)]
    assert len(found) > 50
    assert 1 - len(left) / len(found) >= LEAST, "\n".join(left)
