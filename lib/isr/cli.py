"""What every command line shares: a user's mistake is one sentence, not a traceback."""

import logging
import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

from isr.errors import UserError

INTERRUPTED = 130


def run(main: Callable[[], None]) -> NoReturn:
    """Run a command line's `main` and exit: 0 when it returns, 1 after a UserError.

    What the library logs of its progress goes to standard error, a line at a time.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("isr").setLevel(logging.INFO)
    # Of stacked parameters with an axis of length one; it costs nothing that can be measured.
    warnings.filterwarnings("ignore", message="grad and param do not obey")
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)
