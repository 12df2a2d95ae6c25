"""How far a representation is from unaries: the d of the paper's equation 9, by name."""

from typing import Literal, get_args

Distance = Literal["squared", "absolute", "entropy"]

DISTANCES: tuple[Distance, ...] = get_args(Distance)
"""All of them, the paper's first."""
