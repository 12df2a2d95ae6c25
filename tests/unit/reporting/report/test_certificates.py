import math

import pandas as pd
import pytest

from isr.reporting.metrics import read_certificates
from isr.reporting.report.certificates import summarise


def certificate(item, method, margin, **changes):
    row = {
        "cell": "constraint~convex_fit~joint_seed~42",
        "item": item,
        "fit_of": item,
        "property": "convex",
        "method": method,
        "margin": margin,
        "holds": True,
        "verdict": "holds",
        "sentence": "Fine.",
    }
    return row | changes


@pytest.fixture
def certificates():
    return pd.DataFrame(
        [
            certificate("a", "structure", 0.5),
            certificate("a", "raster", 0.0),
            certificate("b", "structure", 0.25),
            certificate(
                "b", "raster", -3.0, holds=False, verdict="fails", sentence="3 pixels are missing."
            ),
            certificate("c", "structure", 0.75),
            certificate("c", "raster", math.nan, verdict="empty"),
            certificate("d", "none", math.nan, property="none", verdict="holds"),
        ]
    )


def test_counts(certificates):
    found = summarise(certificates)
    assert (found.certified, found.holding) == (3, 2)
    assert found.special == {"empty": 1}
    assert found.unpromised == {"holds": 1}
    assert [each["verdict"] for each in found.representations] == ["holds", "fails", "empty"]
    margins = found.representations[2]["margins"]
    assert margins[0] == 0.75
    assert math.isnan(margins[1])


def test_worst_margins_and_where(certificates):
    structure, raster = summarise(certificates).methods
    assert structure == {
        **{"name": "structure", "checked": 3, "held": 3, "margin": 0.25},
        "where": "convex, joint, seed 42, b",
    }
    assert (raster["held"], raster["margin"]) == (2, -3.0)


def test_failures_are_told(certificates):
    found = summarise(certificates)
    assert found.failures == ["convex, joint, seed 42, b, raster: 3 pixels are missing."]


def test_a_property_without_a_check_promises_nothing(certificates):
    row = certificate("e", "none", math.nan, property="periodic", verdict="none: almost periodic")
    found = summarise(pd.concat([certificates, pd.DataFrame([row])]))
    assert found.certified == 3
    assert found.unpromised == {"holds": 1, "none: almost periodic": 1}


def test_nothing_certified():
    found = summarise(read_certificates([]))
    assert (found.certified, found.holding, found.methods) == (0, 0, [])


def test_a_union_is_one_representation():
    members = [
        certificate("a", "raster", 0.0, property="union of convex, convex"),
        certificate("a", "raster", -2.0, property="member 1: convex", verdict="empty"),
        certificate("a", "raster", 1.0, property="member 2: convex"),
    ]
    found = summarise(pd.DataFrame(members))
    assert (found.certified, found.holding, found.special) == (1, 1, {})
    assert found.representations[0]["margins"] == [-2.0]
    assert (found.methods[0]["checked"], found.methods[0]["held"]) == (1, 1)
    members[2] |= {"holds": False, "verdict": "fails"}
    found = summarise(pd.DataFrame(members))
    assert (found.methods[0]["checked"], found.methods[0]["held"]) == (1, 0)
    assert found.representations[0]["verdict"] == "fails"


def test_what_fails_has_no_verdict_of_its_own():
    rows = [
        certificate("a", "structure", -1.0, holds=False, verdict="fails"),
        certificate("a", "raster", 0.0, verdict="empty"),
    ]
    found = summarise(pd.DataFrame(rows))
    assert found.representations[0]["verdict"] == "fails"
    assert found.special == {}
