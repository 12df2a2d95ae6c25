"""Words below the tables of videos, and for their cells."""

from video_rows import plan

from isr.reporting import video_words, words


def test_numbers_are_grouped_but_for_their_decimals():
    given = "sequential 5000, then 400 (Adam at 0.0040)"
    assert video_words._grouped(given) == "sequential 5,000, then 400 (Adam at 0.0040)"


def test_a_cell_is_told_by_what_is_not_as_in_the_paper():
    assert words.video_cell(plan()) == "motion unet path_connected sequential 42"
    other = plan("joint", 7, training="together")
    assert words.video_cell(other) == "motion unet together path_connected joint 7"
