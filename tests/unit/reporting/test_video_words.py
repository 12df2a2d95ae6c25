"""Words below the tables of videos."""

from isr.reporting import video_words


def test_numbers_are_grouped_but_for_their_decimals():
    given = "sequential 5000, then 400 (Adam at 0.0040)"
    assert video_words._grouped(given) == "sequential 5,000, then 400 (Adam at 0.0040)"
