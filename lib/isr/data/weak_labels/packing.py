"""Maps of many frames, held small: those of a whole video are needed at once."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PackedShares:
    """Numbers from 0 to `largest`, in 8 bits and compressed.

    The steps are squares, so that small numbers keep their relation to each other.
    """

    shape: tuple[int, ...]
    largest: float
    content: bytes

    @classmethod
    def of(cls, values: NDArray[np.float32], *, largest: float = 1) -> "PackedShares":
        """Pack `values` of any shape; larger ones become `largest`."""
        steps = np.rint(np.sqrt(np.clip(values / largest, 0, 1)) * 255).astype(np.uint8)
        # Channel by channel, neighbours are alike.
        planes = np.moveaxis(steps, -1, 0)
        return cls(planes.shape, largest, zlib.compress(planes.tobytes(), 1))

    def values(self) -> NDArray[np.float32]:
        """Unpack: float32, as it was given."""
        steps = np.frombuffer(zlib.decompress(self.content), np.uint8).reshape(self.shape)
        shares = (np.moveaxis(steps, 0, -1).astype(np.float32) / 255) ** 2
        return np.ascontiguousarray(shares * np.float32(self.largest))


@dataclass(frozen=True)
class PackedNumbers:
    """Whole numbers of a map, compressed."""

    shape: tuple[int, ...]
    content: bytes

    @classmethod
    def of(cls, numbers: NDArray[np.int32]) -> "PackedNumbers":
        """Pack int32 (h, w)."""
        return cls(numbers.shape, zlib.compress(numbers.tobytes(), 1))

    def values(self) -> NDArray[np.int32]:
        """Unpack: int32 (h, w)."""
        return np.frombuffer(zlib.decompress(self.content), np.int32).reshape(self.shape)
