"""Table 5: averages by hand, and its layout."""

import numpy as np
import pytest
from score_rows import make_study, noise_plan, noise_row, pick

from isr.data.weak_labels.store import ANOTHER


@pytest.fixture
def noise_study():
    cells = [noise_plan(share, seed) for share in (0, 0.2, 0.4) for seed in (42, 47)]
    return make_study(("cars3",), cells)


NOISY = [
    *(noise_row(0.8, frame, 0, seed) for frame in range(4) for seed in (42, 47)),
    *(noise_row(0.9, frame, 0.2) for frame in (0, 1, 3)),
    noise_row(0.5, 2, 0.2, noisy=True),
    *(noise_row(0.7, frame, 0.2, 47) for frame in (0, 2, 3)),
    noise_row(0.3, 1, 0.2, 47, noisy=True),
    noise_row(0.1, 0, 0.2, 47, output="largest_component_filled"),
]


def test_noise_is_averaged_over_all_and_over_noisy_frames(summarise_noise, noise_study):
    summary = summarise_noise(NOISY, noise_study)
    noisy = pick(summary, noise=0.2)
    assert noisy.iou == pytest.approx((0.8 + 0.6) / 2)
    assert noisy.iou_deviation == pytest.approx(np.std([0.8, 0.6], ddof=1))
    assert noisy.iou_noisy == pytest.approx(0.4)
    assert noisy.iou_clean == pytest.approx(0.8)
    assert (noisy.n_noisy, noisy.n_frames, noisy.published_iou) == (1, 4, 0.796)
    assert noisy.difference_iou == pytest.approx(0.7 - 0.796)
    assert np.isnan(pick(summary, noise=0.0).iou_noisy)


def test_table_5_has_a_row_for_each_share(table_of, noise_study):
    _, table = table_of("table_5", NOISY, noise_study)
    assert [line.names for line in table.lines] == [("0 %",), ("20 %",), ("40 %",)]
    minus, deviation = "\N{MINUS SIGN}", "\N{PLUS-MINUS SIGN}"
    assert [span.text for (span,) in table.lines[1].entries] == [
        "0.796",
        f"0.700 {deviation} 0.141",
        f"{minus}0.096",
        f"0.400 {deviation} 0.141",
        *("1", "4", "motion", "trained"),
    ]
    assert [span.text for (span,) in table.lines[0].entries][3:6] == ["-", "0", "4"]
    assert [span.text for (span,) in table.lines[2].entries][:3] == ["0.514", "not run", "not run"]
    assert sum(head.columns for head in table.headings[0]) == len(table.headings[1]) == 8
    notes = "\n".join(table.notes)
    assert "frames scaled by 0.5, compared at that size (annotated frames at full size)" in notes
    assert "scored at full size" not in notes
    assert (
        "spatio-temporal steps 2,500 instead of 400 convex steps, then 1,000 epochs over all "
        "frames; 1,000 points a step instead of whole frames;"
    ) in notes
    assert (
        "Fewer seeds than planned: cars3 spatio-temporal 40 % noise, squared distance (0 of 2)."
    ) in notes
    assert "absolute" not in notes
    assert table.title.endswith("(the paper's Table 5)")
    assert "Table 5 (cars3)" in notes


def test_noise_of_unequal_seeds_is_averaged_as_in_table_4(summarise_noise):
    videos = ("cars3", "cars6")
    study = make_study(
        videos,
        [noise_plan(0.2, seed) for seed in (42, 47, 131)],
        fits=("spatio-temporal",),
    )
    scores = {("cars3", 42): 0.2, ("cars3", 47): 0.4, ("cars6", 42): 0.6, ("cars6", 47): 1.0}
    scores["cars3", 131] = 0.9
    rows = [noise_row(iou, 0, 0.2, seed, item=video) for (video, seed), iou in scores.items()]
    own = pick(summarise_noise(rows, study), noise=0.2)
    assert own.iou == pytest.approx((0.5 + 0.8) / 2)
    assert own.iou_deviation == pytest.approx(np.std([0.4, 0.7], ddof=1))


@pytest.mark.parametrize(("video", "kind"), [("cars6", "fbms"), ("boat", "drawn")])
def test_table_5_of_other_videos_has_no_published_numbers(table_of, video, kind):
    study = make_study((video,), [noise_plan(0)], kind)
    _, table = table_of("table_5", [noise_row(0.5, 0, 0, item=video)], study)
    assert table.title.endswith("(after the paper's Table 5)")
    names = [head.text for head in table.headings[1]]
    assert names == ["all frames", "noisy frames", "noisy", "all", "labels", "UNet"]


def test_distances_stand_beside_each_other(summarise_noise, table_of):
    plans = [
        noise_plan(share, distance=distance)
        for distance in ("absolute", "squared")
        for share in (0, 0.2)
    ]
    study = make_study(("cars3",), plans)
    ious = {("squared", 0): 0.8, ("squared", 0.2): 0.5, ("absolute", 0): 0.9}
    rows = [noise_row(iou, 0, share, distance=distance) for (distance, share), iou in ious.items()]
    summary, (_, table) = summarise_noise(rows, study), table_of("table_5", rows, study)
    assert list(zip(summary["distance"], summary["noise"], strict=True)) == [
        *(("squared", 0), ("squared", 0.2)),
        *(("absolute", 0), ("absolute", 0.2)),
    ]
    heads = [(head.text, head.columns) for head in table.headings[0]]
    assert heads == [
        *(("", 1), ("squared distance", 3), ("absolute distance", 3)),
        *(("frames", 2), ("made from", 2)),
    ]
    texts = [[span.text for (span,) in line.entries] for line in table.lines]
    minus = "\N{MINUS SIGN}"
    assert texts[0][:4] == ["0.826", "0.800", f"{minus}0.026", "-"]
    assert texts[0][4:9] == ["0.900", "+0.074", "-", "0", "1"]
    assert texts[1][:3] == ["0.796", "0.500", f"{minus}0.296"]
    assert texts[1][4:7] == ["not run"] * 3
    notes = "\n".join(table.notes)
    assert "20 % noise, absolute distance (0 of 1)" in notes
    assert "asks for a probability of one half" in notes


def test_a_share_of_one_distance_alone_is_not_called_missing(table_of):
    plans = [noise_plan(0), noise_plan(0.2), noise_plan(0.2, distance="absolute")]
    study = make_study(("cars3",), plans)
    rows = [noise_row(0.8, 0, share) for share in (0, 0.2)]
    rows.append(noise_row(0.9, 0, 0.2, distance="absolute"))
    _, table = table_of("table_5", rows, study)
    texts = [[span.text for (span,) in line.entries] for line in table.lines]
    assert texts[0][4:7] == ["-"] * 3
    assert texts[1][4] == "0.900"
    assert not any("Fewer seeds" in note for note in table.notes)


def test_frames_of_several_videos_are_counted_together(summarise_noise):
    videos = ("cars3", "cars6")
    plans = [noise_plan(0.2, seed) for seed in (42, 47)]
    study = make_study(videos, plans)
    rows = [
        noise_row(0.5, n, 0.2, seed, item=video, noisy=n == 1)
        for seed in (42, 47)
        for video, frames in zip(videos, (2, 5), strict=True)
        for n in range(frames)
    ]
    own = pick(summarise_noise(rows, study), noise=0.2)
    assert (own.n_frames, own.n_noisy) == (7, 2)


def test_table_5_of_another_object_is_not_compared(table_of, summarise_noise):
    study = make_study(("cars3",), [noise_plan(0.2)])
    rows = [noise_row(0.5, 0, 0.2, labels_follow=ANOTHER), noise_row(0.4, 1, 0.2)]
    rows.append(rows[0] | {"against": "ground truth"})
    rows[1] |= {"labels_follow": ANOTHER}
    _, table = table_of("table_5", rows, study)
    assert np.isnan(summarise_noise(rows, study)["difference_iou"]).all()
    texts = [span.text for (span,) in table.lines[0].entries]
    assert texts[:3] == ["0.796", "0.450", ""]
    assert texts[-2:] == ["motion", "trained"]
    assert "Labels follow another object than the one that is scored in cars3" in "".join(
        table.notes
    )
