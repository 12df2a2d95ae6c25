"""What jobs of studies of videos are told."""

from video_configuration import MOTION, NAMES, resolve

from isr import video_settings, video_studies


def test_videos_are_shared_out_among_jobs():
    resolved = resolve(((*MOTION, "settings"), {"problems_per_job": 2}))
    assert video_settings.part_videos(resolved, "motion", NAMES) == [NAMES[:2], NAMES[2:]]
    assert video_settings.part_videos(resolve(), "motion", NAMES) == [NAMES]
    resolved = resolve((("problems_per_job",), 1))
    assert len(video_settings.part_videos(resolved, "motion", NAMES)) == 3


def test_a_cell_is_told_what_its_fit_depends_on():
    resolved = resolve(((*MOTION, "options"), {"path_connected": {"blocks": 6}}))
    study = resolved["studies"]["motion"]
    told = {
        cell["fit"]: video_settings.cell_settings(resolved, "motion", cell, "name", NAMES)
        for cell in video_studies.cells(study)
        if cell["seed"] == 2
    }
    assert told["joint"] == {
        "study": "motion",
        "cell": "name",
        "videos": NAMES,
        "dataset": "films",
        "labels": "motion",
        "predictor": "unet",
        "training": "each",
        "predictor_options": resolved["predictors"]["unet"],
        "constraint": "path_connected",
        "options": {"blocks": 6},
        "fit": "joint",
        "distance": "squared",
        "noise": 0,
        "seed": 2,
        "protocol": "paper",
        "convention": "isotropic",
        "points": 1000,
        "stack_size": 1,
        "first_steps": 5000,
        "next_steps": 400,
        "epochs": 15,
        "joint_learning_rate": None,
        "optimiser": "adamax",
        "learning_rate": None,
    }
    assert set(told["joint"]) - set(told["sequential"]) == {"epochs", "joint_learning_rate"}
    cell = video_studies.cells(resolved["studies"]["noise"])[1]
    noisy = video_settings.cell_settings(resolved, "noise", cell, "name", ["cars3"])
    assert noisy["steps"] == 2500
    others = {"first_steps", "next_steps", "epochs", "joint_learning_rate"}
    assert not others & set(noisy)


def test_predictions_do_not_depend_on_the_study():
    arguments = ("films", "unet", "motion", 1)
    changed = resolve(((*MOTION, "first_steps"), 9))
    settings = video_settings.prediction_settings(resolve(), *arguments)
    assert settings == video_settings.prediction_settings(changed, *arguments)
    assert "study" not in settings
    assert settings["training"] == "each"
    together = video_settings.prediction_settings(resolve(), *arguments, "together")
    assert together == settings | {"training": "together"}
