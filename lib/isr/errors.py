"""The one exception for a user's mistake."""


class UserError(ValueError):
    """A mistake in a file or a configuration, told in one sentence.

    The message names the file or key, says what is wrong and what to do. Command lines print it
    without a traceback.
    """
