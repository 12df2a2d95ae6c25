"""One UNet for several videos: trained on the weak labels of all, it gives the unaries of each."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from isr.data.videos import Video
from isr.fitting.labelled_video import LabelledVideo, check_kind
from isr.fitting.running import PLAIN_RUN, Run
from isr.fitting.unet_training import settle_statistics
from isr.fitting.video_predictor import train_predictor, unet_metadata, write_prediction
from isr.io import atomic_folder


def predict_together(
    settings: Mapping[str, Any],
    videos: Sequence[Video],
    labels: Sequence[Path],
    outputs: Sequence[Path],
    *,
    run: Run = PLAIN_RUN,
) -> None:
    """Train one UNet on several videos, and write the unaries of each.

    The frames of all videos are shuffled together, one a step. Each video gets what `predict`
    gives it, in a folder of its own, all of them as a whole. The network is the same in all, but
    its batch statistics are those of the folder's video: over all videos together they fit none.

    Args:
        settings: of the prediction.
        videos: the frames.
        labels: folder of the weak labels of each video.
        outputs: folder to make for each video.
        run: where to compute, and the checkpoint of an interrupted training.

    Raises:
        UserError: a file is missing or does not fit, the labels are of another kind or size than
            the settings and the videos say, or the training failed.
    """
    told = [check_kind(folder, settings) for folder in labels]
    scale = settings["predictor_options"].get("scale", 1.0)
    frames = [
        LabelledVideo(video, folder, scale=scale, seed=settings["seed"], device=run.device)
        for video, folder in zip(videos, labels, strict=True)
    ]
    training = train_predictor(settings, *frames, run=run)
    with ExitStack() as stack:
        for each, about, output in zip(frames, told, outputs, strict=True):
            settle_statistics(training.network, each)
            metadata = {
                "settings": dict(settings),
                "convention": settings["convention"],
                "predictor": unet_metadata(training.network),
                "labels": about,
                "trained_on": [video.name for video in videos],
                "steps": training.total,
                "finite": {each.video.name: True},
            }
            write_prediction(
                stack.enter_context(atomic_folder(output)),
                each.video,
                training.stored(),
                metadata,
                [row for row in training.history if row[0] == each.video.name],
                device=run.device,
            )
    run.end()
