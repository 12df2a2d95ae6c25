"""Sequences of FBMS-59's training set (Ochs, Malik & Brox, TPAMI 2014): the paper's Table 4.

How a sequence is read: `fbms_sequence`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from isr.data.kinds.base import Sources, files_below, own_folder, remote_file, verified
from isr.data.kinds.videos import GROUND_TRUTH, LabelledVideos, mapping_path, sequence_names
from isr.errors import UserError
from isr.models import Address, FileName, Sha256, Text

SEQUENCES = (
    *("bear01", "bear02", "cars2", "cars3", "cars6", "cars7", "cars8", "cats04", "cats05"),
    *("horses01", "horses03", "marple1", "marple5", "marple10", "marple11", "meerkats01"),
    *("people04", "rabbits01"),
)
"""The sequences of the paper's Table 4, all of the training set."""


class FBMS(LabelledVideos):
    """Sequences of FBMS-59; for research use, so they have to be downloaded."""

    kind: Literal["fbms"]
    path: Text | None = Field(
        None,
        description="a folder of sequences, taken instead of a download: one folder for each, "
        "complete with `GroundTruth/`",
    )
    url: Address = Field(
        "https://lmb.informatik.uni-freiburg.de/resources/datasets/fbms/FBMS_Trainingset.zip",
        description="address of the archive",
    )
    file: FileName = Field(
        "FBMS_Trainingset.zip", description="its name below `resources/downloads/`"
    )
    sha256: Sha256 | None = Field(None, description="what the archive must be")
    bytes: int | None = Field(None, ge=1, description="its size")

    def all_names(self, root: Path) -> list[str]:
        """Those of the folder, or of Table 4: the archive, which holds more, may not be there."""
        if self.path:
            return sequence_names(own_folder(self.path, root))
        # Any sequence of the archive may be named.
        return [*SEQUENCES, *(str(name) for name in self.items or () if name not in SEQUENCES)]

    def sources(self, name: str, root: Path) -> Sources:
        """The archive or the files of a folder, and what says which object is meant."""
        optional = tuple(filter(None, [self.mapping]))
        if self.path:
            own = files_below(own_folder(self.path, root) / name)
            return Sources(files=own, optional=optional)
        return Sources(downloads=(remote_file(self),), optional=optional)

    def unpack(self, name: str, root: Path, downloads: Path, output: Path) -> None:
        """Read a sequence from the folder or the archive."""
        if self.path:
            self.unpack_folder(own_folder(self.path, root) / name, output, downloads)
            return
        from isr.data import archives
        from isr.data.kinds import fbms_sequence

        archive = verified(remote_file(self), downloads)
        with archives.unpacked(archive, lambda member: name in member.parts[:-1]) as folder:
            found = sorted(path.parent for path in folder.glob(f"**/{name}/{GROUND_TRUTH}"))
            if len(found) != 1:
                raise UserError(
                    f"items: {archive.name} holds {len(found)} sequences named {name!r}: "
                    "correct the name."
                )
            fbms_sequence.unpack(found[0], name, output, mapping_path(self.mapping, downloads))

    def describe(self, name: str, items: Sequence[str]) -> str:
        """How many of the paper's."""
        if self.text:
            return self.text
        known = sum(item in SEQUENCES for item in items)
        words = f"{known} of the paper's {len(SEQUENCES)} sequences"
        if known < len(items):
            words += f" and {len(items) - known} that the paper does not have"
        return f"FBMS-59 ({words})"
