"""Studies of videos in the configuration."""

import pytest
from video_configuration import MOTION, NAMES, NOISE, resolve, study_of

from isr import configuration, video_settings, video_studies
from isr.errors import UserError


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*MOTION, "dataset"), "film", "motion.dataset is 'film'; choose one of films, drawn"),
        ((*MOTION, "vary", "predictor"), ["fcn"], "is 'fcn'; choose one of unet, small"),
        ((*MOTION, "vary", "predictor"), ["unte"], "(did you mean unet?)"),
        ((*MOTION, "vary", "features"), ["xy"], "motion.vary.features is unknown;"),
        ((*MOTION, "vary", "labels"), ["flow"], "choose one of motion, published, auto, s"),
        ((*MOTION, "vary", "labels"), ["published"], "labels is 'published', but the videos have"),
        (("predictors", "unet", "weights"), "published", "predictors.unet.weights is 'published'"),
        (
            (*MOTION, "vary", "training"),
            ["all"],
            "training[0] is 'all'; choose one of each, together",
        ),
        (
            (*MOTION, "vary", "training"),
            ["each", "together"],
            "tables.t: the study has several of training (each, together); name one with training.",
        ),
        ((*MOTION, "vary", "noise"), [0.2], "has noise 0.2 with fit sequential, but frames are"),
        (
            (*MOTION, "vary", "distance"),
            ["absolute"],
            "has distance absolute with fit joint, which",
        ),
        ((*MOTION, "vary", "distance"), ["far"], "distance[0] is 'far'; choose one of squared"),
        ((*MOTION, "vary", "fit"), ["joint"], "has a joint fit (labels motion, predictor unet,"),
        ((*MOTION, "rows"), [{"predictor": "unet", "fit": "joint"}], "either vary or rows"),
        ((*MOTION, "first_steps"), 4, "first_steps is 4; it must be at least 5."),
        ((*MOTION, "stpes"), 4, "config: studies.motion.stpes is unknown; choose one of"),
        ((*MOTION, "options"), {"konvex": {}}, "config: studies.motion.options has the name"),
        ((*MOTION, "tables", "t"), {"kind": "table_5"}, "but the study has no fit spatio-temporal"),
        ((*NOISE, "tables", "n"), {"kind": "table_4"}, "has no fit sequential or joint; add one"),
        ((*NOISE, "tables", "t"), {"kind": "table_5"}, "noise.tables.t stands in study motion too"),
        (
            (*MOTION, "vary", "predictor"),
            ["unet", "small"],
            "studies.motion.tables.t: the study has several of predictor (unet, small); name one "
            "with predictor.",
        ),
        (
            (*MOTION, "figures", "both", "cell"),
            {"fit": "joint"},
            "both.cell.fit does not apply here; remove it.",
        ),
        (
            (*MOTION, "figures", "both", "cell"),
            {},
            "both.cell: 2 cells of the study have fit sequential; name seed too.",
        ),
        (
            (*NOISE, "figures", "f"),
            {"kind": "figure_16", "video": "cars3", "cell": {"fit": "spatio-temporal"}},
            "f.cell.fit is spatio-temporal, but figure_16 shows sequential or joint;",
        ),
        ((*NOISE, "figures", "f", "frame"), 3, "config: studies.noise.figures.f.frame is unknown"),
        ((*NOISE, "figures", "f", "cell"), {"noise": 0.3}, "no cell with noise 0.3; choose"),
        (
            ("videos", "films", "motion"),
            {"others": "some"},
            "motion.others is 'some'; choose one of",
        ),
        (("videos", "drawn", "url"), "https://example.org", "config: videos.drawn.url is unknown"),
        (("predictors", "unet", "windows"), 8, "config: predictors.unet.windows is unknown;"),
        (MOTION, study_of({"fit": "joint"}, {"fit": "sequential", "seed": 7}), "add sequential to"),
        (
            MOTION,
            study_of({"fit": "sequential"}, {"fit": "sequential"}),
            "studies.motion.rows has a cell twice (labels motion,",
        ),
        (
            MOTION,
            study_of({"fit": "sequential"}, {"fit": "joint", "videos": ["cars3"]}),
            "studies.motion.rows has other videos for a joint fit (labels motion,",
        ),
    ],
)
def test_a_mistake_is_told_in_one_sentence(path, value, message):
    with pytest.raises(UserError) as error:
        resolve((path, value))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_labels_of_drawn_videos_reach_to_the_border_of_the_object():
    videos = resolve((("videos", "drawn", "motion"), {"others": "unlabelled"}))["videos"]
    assert videos["drawn"]["motion"] == {"others": "unlabelled", "border": 0}
    assert videos["films"]["motion"] == {"others": "background", "border": 0.01}


def test_published_networks_belong_to_one_video_each():
    weights = (("predictors", "unet", "weights"), "published")
    there = (("videos", "films", "checkpoints"), {"url": "https://x.org", "file": "nets.tar"})
    resolve(weights, there)
    with pytest.raises(UserError, match=r"vary\.training is together, but predictors\.unet takes"):
        resolve(weights, there, ((*MOTION, "vary", "training"), ["together"]))


def test_grids_and_galleries_are_left_alone():
    assert set(video_studies.studies(resolve())) == {"motion", "noise"}
    assert configuration.grids(resolve()) == {}


def test_every_combination_is_a_cell_with_all_axes():
    resolved = resolve()
    cells = video_studies.cells(resolved["studies"]["motion"])
    assert len(cells) == 4
    assert all(tuple(cell) == video_studies.AXES for cell in cells)
    assert cells[0] == {
        "labels": "motion",
        "predictor": "unet",
        "training": "each",
        "constraint": "path_connected",
        "fit": "sequential",
        "distance": "squared",
        "noise": 0,
        "seed": 1,
    }


@pytest.mark.parametrize("zero", [0, 0.0])
def test_no_noise_is_written_in_one_way(zero):
    resolved = resolve(((*NOISE, "vary", "noise"), [zero, 0.2]))
    shares = [cell["noise"] for cell in video_studies.cells(resolved["studies"]["noise"])]
    assert [str(share) for share in shares] == ["0", "0.2"]


def test_a_joint_fit_goes_on_from_a_sequential_one():
    cells = video_studies.cells(resolve()["studies"]["motion"])
    joint = next(cell for cell in cells if cell["fit"] == "joint" and cell["seed"] == 2)
    assert video_studies.sequential(joint) in cells
    assert video_studies.sequential(joint)["seed"] == 2


def test_videos_of_a_cell_are_those_of_its_row_or_its_study():
    rows = study_of({"fit": "sequential"}, {"fit": "sequential", "seed": 7, "videos": ["horses01"]})
    study = resolve((MOTION, rows | {"videos": ["cars6", "horses01"]}))["studies"]["motion"]
    found = [video_studies.cell_videos(study, cell, NAMES) for cell in video_studies.cells(study)]
    assert found == [["cars6", "horses01"], ["horses01"]]
    study = resolve((MOTION, rows))["studies"]["motion"]
    assert video_studies.cell_videos(study, video_studies.cells(study)[0], NAMES) == NAMES


def test_videos_that_are_named_must_exist():
    resolved = resolve()
    video_studies.check_videos(resolved, lambda name: NAMES)
    with pytest.raises(UserError, match=r"^config: studies.noise.videos\[0\] is 'cars3'; choose"):
        video_studies.check_videos(
            resolve(((*MOTION, "figures"), {})), lambda name: ["cars6", "bear01"]
        )
    with pytest.raises(UserError, match=r"studies.motion.figures.both.video is 'cars3'; choose"):
        video_studies.check_videos(resolved, lambda name: ["cars6", "bear01"])
    rows = study_of({"fit": "sequential", "videos": ["cars9"]})
    with pytest.raises(UserError, match=r"motion.rows\[0\].videos\[0\] is 'cars9'; .* cars3"):
        video_studies.check_videos(resolve((MOTION, rows)), lambda name: NAMES)


def test_a_figure_shows_a_video_of_its_cell():
    rows = study_of({"fit": "sequential", "videos": ["cars6"]})
    rows["figures"] = {"six": {"kind": "figure_6", "video": "cars3"}}
    with pytest.raises(UserError, match=r"motion.figures.six.video is .cars3.; .* of cars6"):
        video_studies.check_videos(resolve((MOTION, rows)), lambda name: NAMES)


def test_cells_of_figures():
    study = resolve()["studies"]["motion"]
    fits = {
        name: [cell["fit"] for cell in video_studies.figure_cells(study, figure)]
        for name, figure in study["figures"].items()
    }
    assert fits == {"both": ["sequential", "joint"], "all": ["sequential", "joint"]}
    figure = {"kind": "figure_19", "cell": {"fit": "joint", "seed": 2}}
    assert [cell["fit"] for cell in video_studies.figure_cells(study, figure)] == ["joint"]


def test_a_table_is_about_its_own_fits():
    rows = study_of({"fit": "sequential"}, {"fit": "spatio-temporal", "noise": 0.1})
    rows["tables"] = {"t": {"kind": "table_4"}, "u": {"kind": "table_5"}}
    study = resolve((MOTION, rows))["studies"]["motion"]
    shown = [video_studies.shown_cells(study, table) for table in study["tables"].values()]
    assert [[cell["fit"] for cell in cells] for cells in shown] == [
        ["sequential"],
        ["spatio-temporal"],
    ]


def test_table_5_alone_has_several_distances():
    config = resolve(
        ((*NOISE, "vary", "distance"), ["squared", "absolute"]),
        ((*NOISE, "figures", "f", "cell"), {"distance": "squared", "noise": 0.2}),
    )
    both = config["studies"]["noise"]
    shown = video_studies.shown_cells(both, both["tables"]["n"])
    assert [(cell["distance"], cell["noise"]) for cell in shown] == [
        *(("squared", 0), ("squared", 0.2)),
        *(("absolute", 0), ("absolute", 0.2)),
    ]
    one = video_studies.shown_cells(both, both["tables"]["n"] | {"distance": "absolute"})
    assert {cell["distance"] for cell in one} == {"absolute"}
    rows = study_of({"fit": "sequential"}, {"fit": "sequential", "distance": "absolute"})
    rows["tables"] = {"t": {"kind": "table_4"}}
    with pytest.raises(UserError, match=r"several of distance \(squared, absolute\); name one"):
        resolve((MOTION, rows))
    rows["tables"]["t"]["distance"] = "absolute"
    study = resolve((MOTION, rows))["studies"]["motion"]
    (cell,) = video_studies.shown_cells(study, study["tables"]["t"])
    assert cell["distance"] == "absolute"
    assert video_settings.cell_settings(resolve(), "motion", cell, "n", NAMES)["distance"] == (
        "absolute"
    )


def test_labels_and_networks_auto_need_no_files():
    resolved = resolve(
        ((*MOTION, "vary", "labels"), ["auto"]), (("predictors", "unet", "weights"), "auto")
    )
    cells = video_studies.cells(resolved["studies"]["motion"])
    assert {cell["labels"] for cell in cells} == {"auto"}


def test_published_labels_and_networks_need_their_files():
    files = {
        "labels": {"path": "labels", "file": "l.tar"},
        "checkpoints": {"url": "https://example.org/c.tar", "file": "c.tar"},
    }
    resolved = resolve(
        (("videos", "films"), {"kind": "fbms", **files}),
        ((*MOTION, "vary", "labels"), ["published"]),
        (("predictors", "unet", "weights"), "published"),
    )
    assert resolved["videos"]["films"]["labels"]["path"] == "labels"
