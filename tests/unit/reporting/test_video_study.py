"""What a table of videos is told of its study."""

import pytest
from video_rows import make_study, plan

from isr.errors import UserError


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cells": [plan(), plan(labels="published")]},
            r"several of labels \(motion, published\)",
        ),
        (
            {"cells": [plan("spatio-temporal")]},
            "none of them has the fit sequential or joint",
        ),
        ({"cells": [{"fit": "joint"}]}, "a cell lacks the axis 'labels'"),
        ({"videos": "cars3"}, "videos of the settings: give a list of names, not 'cars3'"),
        ({"videos": ["cars3", 3]}, "give a list of names"),
        ({"videos": []}, "give a list of names"),
        ({"cells": {"fit": "joint"}}, "give a list of cells"),
        (
            {"cells": [plan(videos=["bear01"])]},
            "'bear01', which is not among the videos",
        ),
        (
            {"cells": [plan(videos="cars3")]},
            "videos of a cell of the settings: give a list",
        ),
        ({"cells": [plan(seed="42")]}, "seed is '42': give a whole number"),
        ({"cells": [plan(seed=True)]}, "seed is True: give a whole number"),
        ({"cells": [plan(noise="some")]}, "noise is 'some': give a share"),
        ({"cells": [plan(noise=20)]}, "noise is 20: give a share"),
        ({"cells": [plan(labels=["motion"])]}, "labels is .*: give a name"),
        ({"cells": [plan(distance="far")]}, "distance 'far' is unknown: use one of"),
        (
            {"cells": [plan(), plan(distance="absolute")]},
            r"several of distance \(absolute, squared\)",
        ),
        ({"published": "no"}, "published of the settings is 'no': use true or false"),
        ({"dataset": {"name": "d", "kind": "drawn", "long_side": 9}}, "unknown key 'long_side'"),
        ({"kind": "convexitydb"}, "kind 'convexitydb' is unknown: use one of fbms, drawn"),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(UserError, match=message):
        make_study(**changes)
