import numpy as np

from isr.constraints import build
from isr.evaluation.certificates.verdicts import (
    Finding,
    at_most,
    certify_structure,
    joined,
    raster_verdict,
)


def test_a_certificate_holds_if_all_findings_do():
    good, better = Finding(0.5, True, "A."), Finding(0.1, True, "B.")
    certificate = joined("convex", "structure", [good, better], "special")
    assert (certificate.margin, certificate.holds, certificate.verdict) == (0.5, True, "special")
    assert certificate.sentence == "A. B."
    failing = joined("convex", "structure", [good, Finding(-2, False, "C."), better], "special")
    assert (failing.margin, failing.holds, failing.verdict) == (-2, False, "fails")
    assert failing.sentence == "C. A. B."


def test_an_error_has_to_be_finite_and_within_its_limit():
    assert at_most(1.0, 1.0, "{value} {limit}").holds
    assert at_most(1.0, 1.0, "{value} {limit}").margin == -1.0
    assert not at_most(1.1, 1.0, "").holds
    assert at_most(np.nan, 1.0, "").margin == -np.inf


def test_further_findings_count_where_parameters_are_finite():
    representation = build("convex", width=4)
    representation.project_()
    certificate = certify_structure("convex", representation, [Finding(-1, False, "No.")])
    assert (certificate.holds, certificate.margin) == (False, -1)
    assert certificate.sentence.startswith("No.")


def test_raster_verdicts():
    assert raster_verdict(np.zeros((2, 2), bool)) == "empty"
    assert raster_verdict(np.ones((2, 2), bool)) == "whole picture"
    assert raster_verdict(np.eye(2, dtype=bool)) is None
