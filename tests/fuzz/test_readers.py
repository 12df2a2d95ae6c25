"""A few damaged files for every reader; `campaign.py` reads as many as it is told to."""

import json
from pathlib import Path

import pytest
from campaign import run
from readers import READERS

FOUND = json.loads((Path(__file__).parent / "found.json").read_text())
"""Numbers of inputs (of seed 0) that readers once failed at."""
FEW = 12


@pytest.mark.parametrize("reader", READERS)
def test_damaged_files_are_refused_in_a_sentence_or_read(reader, tmp_path):
    numbers = [*FOUND.get(reader, []), *range(FEW)]
    outcomes = list(run(reader, numbers, 0, tmp_path))
    faults = [each for each in outcomes if each.found not in ("refused", "accepted")]
    assert faults == []
    assert any(each.found == "refused" for each in outcomes) or reader == "checkpoints"
