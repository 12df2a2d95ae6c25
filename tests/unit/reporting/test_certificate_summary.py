import math

import pandas as pd
import pytest

from isr.errors import UserError
from isr.reporting import certificate_summary


def certificate(picture, method, margin, **changes):
    row = {
        "study": "s",
        "dataset": "d",
        "constraint": "convex",
        "predictor": "fcn",
        "features": "rgb",
        "fit": "joint",
        "seed": 42,
        "picture": picture,
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
    found = certificate_summary.summarise(certificates)
    assert (found.certified, found.holding) == (3, 2)
    assert found.special == {"empty": 1}
    assert [each.verdict for each in found.representations] == ["holds", "fails", "empty"]
    assert found.representations[2].margins == (0.75, None)


def test_worst_margins_and_where(certificates):
    structure, raster = certificate_summary.summarise(certificates).methods
    assert (structure.name, structure.checked, structure.held) == ("structure", 3, 3)
    assert structure.worst_margin == 0.25
    assert structure.worst_case == "convex fcn rgb joint 42, b"
    assert (raster.held, raster.worst_margin) == (2, -3.0)


def test_failures_are_told(certificates):
    found = certificate_summary.summarise(certificates)
    assert found.failures == ("convex fcn rgb joint 42, b, raster: 3 pixels are missing.",)


def test_nothing_certified():
    found = certificate_summary.summarise(certificate_summary.read_certificates([]))
    assert (found.certified, found.holding, found.methods) == (0, 0, ())


def test_files(tmp_path, certificates):
    path = tmp_path / "certificates.csv"
    certificates.to_csv(path, index=False)
    read = certificate_summary.read_certificates([path, path])
    assert len(read) == 14
    certificates.drop(columns="margin").to_csv(path, index=False)
    with pytest.raises(UserError, match="'margin'"):
        certificate_summary.read_certificates([path])
