import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["metrics", "pixels", "regions", "vector_files", "violations"])
def test_worked_examples(module):
    results = doctest.testmod(importlib.import_module(f"isr.evaluation.{module}"))
    assert results.attempted > 0
    assert results.failed == 0
