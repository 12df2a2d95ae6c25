"""What slots of a stack see together is what each sees alone."""

import dataclasses

import torch

from isr.fitting.engine.sources import PictureSource, Points, stacked


def _sources(problems) -> list[PictureSource]:
    """Of pictures of different sizes and of different numbers of scribbled pixels."""
    pictures = [dataclasses.replace(problems[name], unaries=None) for name in ("p0", "p1", "p3")]
    return [PictureSource(picture, Points(16, 32), seed=7) for picture in pictures]


def test_constants_of_one_shape_are_stacked(problems):
    source = _sources(problems)[0]
    together = stacked([source.constants] * 2)
    for key, value in source.constants.items():
        assert torch.equal(together[key], torch.stack([value, value]))


def test_smaller_pictures_are_padded_with_what_weighs_nothing(problems):
    sources = _sources(problems)
    together = stacked([source.constants for source in sources])
    assert together["picture"].shape == (3, 1, 5, 20, 40)
    assert len({len(source.constants["labelled"]) for source in sources}) == 3
    for number, source in enumerate(sources):
        own = source.constants
        height, width = own["picture"].shape[-2:]
        assert together["size"][number].tolist() == [height, width]
        assert torch.equal(together["picture"][number][..., :height, :width], own["picture"])
        weights = together["pixel_weights"][number]
        assert torch.equal(weights[:height, :width], own["pixel_weights"])
        assert torch.isclose(own["pixel_weights"].sum(), torch.tensor(1.0))
        assert weights.count_nonzero() == height * width
        count = len(own["labelled"])
        for key in ("labelled", "labels", "label_weights"):
            assert torch.equal(together[key][number, :count], own[key])
        assert not together["label_weights"][number, count:].any()
