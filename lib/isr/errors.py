"""The one exception for a user's mistake."""


class UserError(ValueError):
    """A mistake in a file or a configuration, told in one sentence.

    The message names the file or key, says what is wrong and what to do. Command lines print it
    without a traceback.
    """

    @property
    def reason(self) -> str:
        """What is wrong, without what to do about it.

        >>> UserError("a.tar does not exist: put it there.").reason
        'a.tar does not exist'
        """
        return str(self).rpartition(": ")[0] or str(self)


class PoorFit(UserWarning):
    """A fit that is empty or far from what it was fitted to, after a second start too."""


class MissingDepth(UserWarning):
    """Some pixels of a picture have no depth."""
