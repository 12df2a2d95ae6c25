"""How weak labels are made: the keys of a data set of videos that concern them."""

from typing import Annotated, Literal

from pydantic import Field

from isr.models import Address, FileName, Model, Sha256, Text

Share = Annotated[float, Field(ge=0, le=1)]


class Motion(Model):
    """Of labels `motion`."""

    others: Literal["background", "unlabelled"] = Field(
        "background",
        description="`background`: objects that move but are not the foreground are labelled so; "
        "`unlabelled`: they have no label, so that the UNet may find them too and the "
        "representation has something to leave out",
    )
    border: Annotated[float, Field(ge=0, le=0.1)] = Field(
        0.01,
        description="how far from the border of the object nothing is labelled, as a share of the "
        "long side, so that the UNet decides by what it sees",
    )


class DrawnMotion(Motion):
    """Of labels `motion` of drawn videos, whose borders are sharp."""

    border: Annotated[float, Field(ge=0, le=0.1)] = Field(
        0.0, description="how far from the border of the object nothing is labelled"
    )


class Simulated(Model):
    """Of labels `simulated`, which are made from the ground truth."""

    unlabelled: Share = Field(0.7, description="share of pixels without a label")
    wrong: Share = Field(0.02, description="share of the labels that are wrong, in blobs")
    seed: Annotated[int, Field(ge=0)] = Field(0, description="of the noise")


class PublishedLabels(Model):
    """The published weak labels: an archive, or a folder of its content."""

    url: Address | None = Field(None, description="address of the archive")
    file: FileName = Field(
        description="its name below `resources/downloads/`; a folder of its name can be put there "
        "instead"
    )
    path: Text | None = Field(
        None, description="folder of unpacked labels, `SEQUENCE/*.h5`, taken instead"
    )
    sha256: Sha256 | None = Field(None, description="what the archive must be")
    bytes: int | None = Field(None, ge=1, description="its size")
