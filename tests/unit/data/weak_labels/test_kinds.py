import pytest

from isr.data import drawn_video
from isr.data.weak_labels.kinds import KINDS, write_kind
from isr.data.weak_labels.store import label_kind
from isr.errors import UserError


def test_an_unknown_kind_is_told(tmp_path):
    video = drawn_video.unpack(tmp_path / "v", frames=3, long_side=32)
    with pytest.raises(UserError, match="'other' is unknown: use one of motion, published, simul"):
        write_kind("other", video, {}, tmp_path, tmp_path / "out")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "published"])
def test_labels_of_the_drawn_video(tmp_path, kind):
    video = drawn_video.unpack(tmp_path / "v", frames=4, long_side=96)
    table = write_kind(kind, video, {}, tmp_path, tmp_path / "out")
    assert len(table) == 4
    about = label_kind(tmp_path / "out")
    assert about["kind"] == kind
    assert about["text"]
