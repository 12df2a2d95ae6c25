"""Compare the scores of a run with floors that it must reach.

    python scripts/check_floors.py --floors config/floors.yaml --results results

Prints what was found beside each floor, and ends with status 1 where one is not reached.
"""

import argparse
from pathlib import Path

from isr.cli import run
from isr.errors import UserError
from isr.evaluation.floors import check, read_floors


def main() -> None:
    """Parse the command line, compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--floors", type=Path, required=True, help="YAML file of floors")
    parser.add_argument("--results", type=Path, required=True, help="folder of the studies")
    arguments = parser.parse_args()
    outcomes = check(read_floors(arguments.floors), arguments.results)
    for outcome in outcomes:
        word = "reached" if outcome.reached else "MISSED "
        floor = outcome.floor
        print(f"{word} {outcome.value:.3f} (floor {floor.floor:g}, {outcome.rows} rows) {floor}")
    missed = [outcome.floor for outcome in outcomes if not outcome.reached]
    if missed:
        reasons = " ".join(f"{floor}: {floor.reason}" for floor in missed)
        raise UserError(f"{len(missed)} of {len(outcomes)} floors are not reached. {reasons}")


if __name__ == "__main__":
    run(main)
