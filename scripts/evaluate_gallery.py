"""Measure, certify and draw the fit of one case of a gallery.

    python scripts/evaluate_gallery.py --settings JSON --picture DIR --fits part-0.safetensors
        --output CASE

Makes CASE/metrics.csv, CASE/certificates.csv, CASE/masks/ and CASE/outlines/ from the stored
parameters, at the picture's own size.
"""

from pathlib import Path

from isr.cli import case_parser, run
from isr.evaluation.case import evaluate_case


def main() -> None:
    """Parse the command line and evaluate."""
    parser = case_parser(__doc__)
    parser.add_argument("--fits", type=Path, required=True, help="stored fit of the case")
    parser.add_argument("--output", type=Path, required=True, help="folder of the case")
    arguments = parser.parse_args()
    evaluate_case(arguments.fits, arguments.picture, arguments.output, arguments.settings)


if __name__ == "__main__":
    run(main)
