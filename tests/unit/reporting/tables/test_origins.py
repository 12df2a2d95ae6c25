"""Tables say what made each row, and compare it with the paper's only if it is of one object."""

import numpy as np
import pytest
from score_rows import entries, make_study, noise_plan, noise_row, pick, plan, row

from isr.data.weak_labels.store import ANOTHER, NO_OBJECT

PUBLISHED = {"labels_kind": "published", "weights": "published"}
AUTO = [plan(labels="auto")]
VIDEOS = ("cars3", "cars6")


def both(**changes):
    """The prior's rows of two sequences, the first from published labels and networks."""
    about = {"labels": "auto", **changes}
    return [row(0.9, **about, **PUBLISHED), row(0.6, "cars6", **about)]


@pytest.fixture
def make(table_of, summarise):
    """The averages, and the layout of Table 4."""

    def make(rows, videos=VIDEOS, cells=AUTO):
        study = make_study(videos, cells)
        return summarise(rows, study), table_of("table_4", rows, study)[1]

    return make


def test_each_row_says_which_labels_and_which_network_made_it(make):
    summary, table = make(both())
    assert entries(table, "cars3", "ours")[:2] == ["published", "published"]
    assert entries(table, "cars6", "ours")[:2] == ["motion", "trained"]
    assert entries(table, "mean over sequences", "ours")[0] == "published and motion"
    own = summary[(summary["row"] == "sequence") & (summary["output"] == "representation")]
    assert list(own["labels_kind"]) == ["published", "motion"]
    notes = "\n".join(table.notes)
    assert (
        "weak labels published multicut labels (Kardoost & Keuper 2021) (cars3) and from" in notes
    )
    assert "with the published weights (cars3) and trained on each sequence (cars6);" in notes
    assert "other weak labels; UNets of our own." in notes


def test_of_published_ones_alone_no_departure_is_told(make):
    _, table = make(both(width=64, scale=1.0)[:1], ("cars3",))
    notes = "\n".join(table.notes)
    assert "Not as in the paper: 1,000 points a step instead of whole frames.\n" in notes
    assert "weak labels published multicut labels (Kardoost & Keuper 2021); UNet" in notes


def test_labels_that_follow_another_object_are_told_and_not_compared(make):
    rows = both()
    rows[1] |= {"labels_follow": ANOTHER}
    summary, table = make(rows)
    assert entries(table, "cars6", "ours: labels follow another object")[7] == "0.600"
    assert set(entries(table, "cars6", "difference")[5:]) == {"-"}
    assert "0.766" in entries(table, "cars6", "published")
    assert entries(table, "cars3", "difference")[7] == "+0.020"
    # The mean of differences is that of cars3 alone; ours and published are over both.
    mean = pick(summary, row="mean over sequences", output="representation")
    assert mean.iou == pytest.approx(0.75)
    assert mean.published_iou == pytest.approx((0.880 + 0.766) / 2)
    assert (mean.difference_iou, mean.n_compared) == (pytest.approx(0.02), 1)
    notes = "\n".join(table.notes)
    assert "Labels follow another object than the one that is scored in cars6" in notes
    assert "means of differences are over the other sequences: sequential 1 of 2." in notes


def test_where_no_sequence_is_compared_there_is_no_mean_of_differences(make):
    summary, table = make(both(labels_follow=NO_OBJECT))
    assert np.isnan(
        pick(summary, row="mean over sequences", output="representation").difference_iou
    )
    assert set(entries(table, "mean over sequences", "difference")[5:]) == {"-"}
    assert any("Labels follow no object in cars3 and cars6" in note for note in table.notes)


def test_labels_that_agree_change_nothing(make):
    summary, _ = make(both())
    mean = pick(summary, row="mean over sequences", output="representation")
    assert mean.difference_iou == pytest.approx(mean.iou - mean.published_iou)
    assert (mean.n_compared, mean.n_sequences) == (2, 2)


def test_an_object_that_the_labels_chose_among_several_is_told(make):
    rows = both()
    rows[1] |= {"scored_object": 2, "object_sure": False}
    _, table = make(rows)
    (note,) = [note for note in table.notes if note.startswith("Several objects")]
    assert "annotated in cars6 and the authors' choice cannot be had" in note
    assert note.endswith("which may not be that of the published row.")


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
