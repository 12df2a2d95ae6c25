"""Settings of tables, figures and the report, which a job is given."""

import json
from pathlib import Path
from typing import Any

from isr.errors import UserError
from isr.io import read_json


def read_settings(argument: str) -> dict[str, Any]:
    """Read settings given as a JSON object or as the path of a JSON file.

    Raises:
        UserError: neither can be read, or it is no object.
    """
    if argument.lstrip().startswith("{"):
        try:
            content = json.loads(argument)
        except ValueError as error:
            raise UserError(f"--settings is not valid JSON ({error}): correct it.") from None
    else:
        content = read_json(Path(argument))
    if not isinstance(content, dict):
        raise UserError(f"--settings {argument} holds no JSON object: give one.")
    return content
