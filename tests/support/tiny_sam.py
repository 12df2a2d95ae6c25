"""A tiny SAM with random weights, made of the package's own classes."""

import hashlib
from importlib.util import find_spec

import pytest
import torch

needs_sam = pytest.mark.skipif(
    find_spec("segment_anything") is None, reason="segment-anything is not installed"
)
SIDE = 64
"""Pixels that it sees on the longer side of a picture."""


def build(checkpoint=None):
    """What `segment_anything.sam_model_registry` builds, but tiny."""
    from segment_anything import modeling

    torch.manual_seed(0)
    channels = 32
    return modeling.Sam(
        modeling.ImageEncoderViT(
            img_size=SIDE,
            patch_size=16,
            embed_dim=16,
            depth=2,
            num_heads=2,
            out_chans=channels,
            use_rel_pos=True,
            window_size=2,
            global_attn_indexes=(1,),
        ),
        modeling.PromptEncoder(
            embed_dim=channels,
            image_embedding_size=(SIDE // 16, SIDE // 16),
            input_image_size=(SIDE, SIDE),
            mask_in_chans=4,
        ),
        modeling.MaskDecoder(
            transformer_dim=channels,
            transformer=modeling.TwoWayTransformer(
                depth=2, embedding_dim=channels, mlp_dim=32, num_heads=4
            ),
        ),
    ).eval()


def install(monkeypatch, folder):
    """Put it into the place of vit_b.

    Returns:
        An entry of a predictor with its weights, which are written below `folder`.
    """
    from isr.predictors.segment_anything import _package

    monkeypatch.setitem(_package().sam_model_registry, "vit_b", build)
    file = folder / "tiny.pth"
    torch.save(build().state_dict(), file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return {
        "kind": "segment_anything",
        "model": "vit_b",
        "checkpoint": str(file),
        "sha256": digest,
    }
