"""What the fits of a video are made to: its frames, unaries and coordinates."""

import numpy as np
import pytest
from disc_videos import FRAMES, HEIGHT, WIDTH

from isr.errors import UserError


def test_the_inputs_of_a_fit_are_unaries_and_the_video_they_belong_to(open_videos, disc_folder):
    videos, _ = open_videos()
    assert videos.files(["disc"]) == [
        disc_folder / "videos" / "disc" / "video.json",
        *(
            disc_folder / "predictions/disc/unaries" / f"0000{number}.png"
            for number in range(FRAMES)
        ),
    ]


def test_a_video_in_time_has_coordinates_of_its_frames(open_videos):
    videos, _ = open_videos(noise=0.4)
    problem = videos.load_video("disc")
    assert problem.coordinates.shape == (FRAMES, HEIGHT // 2, WIDTH // 2, 3)
    assert problem.coordinates[:, 0, 0, 2] == pytest.approx(np.linspace(0, 1, FRAMES))
    plane = videos.load_frame("disc/00000").coordinates
    assert np.array_equal(problem.coordinates[3, ..., :2], plane)
    clean = np.stack(list(videos.clean_unaries("disc")))
    changed = [k for k in range(FRAMES) if not np.array_equal(problem.unaries[k], clean[k])]
    assert changed == videos.noisy_frames("disc")


def test_unaries_of_another_size_are_refused(open_videos):
    videos, _ = open_videos(predictor_options={"kind": "unet", "scale": 1.0})
    with pytest.raises(UserError, match=r"00001\.png has size \(12, 16\).*predict again"):
        videos.load_frame("disc/00001")
