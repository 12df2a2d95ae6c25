import pytest

from isr.errors import UserError
from isr.reporting import run_times


def test_jobs_are_summed_by_rule(tmp_path):
    for number, seconds in enumerate((30.0, 95.0)):
        path = tmp_path / f"{number}.tsv"
        path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:30\t{1000 + number}\n")
    found = run_times.read([{"file": str(tmp_path / f"{n}.tsv"), "rule": "fit"} for n in (0, 1)])
    assert found == [run_times.RuleTime("fit", 2, "2 min 5 s", "1 min 35 s", "1,001 MB")]


def test_a_short_job_has_no_memory(tmp_path):
    path = tmp_path / "evaluate" / "x.tsv"
    path.parent.mkdir()
    path.write_text("s\th:m:s\tmax_rss\n0.2\t0:00:00\t-\n")
    assert run_times.read([str(path)]) == [run_times.RuleTime("evaluate", 1, "0.2 s", "0.2 s", "")]


def test_a_missing_file_is_counted_and_left_out(tmp_path):
    path = tmp_path / "fit.tsv"
    path.write_text("s\th:m:s\tmax_rss\n2\t0:00:02\t10\n")
    benchmarks = [{"file": str(path), "rule": "fit"}, str(tmp_path / "gone.tsv")]
    assert [time.rule for time in run_times.read(benchmarks)] == ["fit"]
    assert run_times.count_missing(benchmarks) == 1


def test_none_and_bad_files(tmp_path):
    assert run_times.read([]) == []
    path = tmp_path / "x.tsv"
    path.write_text("a\n1\n")
    with pytest.raises(UserError, match="no benchmark file"):
        run_times.read([str(path)])


@pytest.mark.parametrize(
    ("seconds", "words"), [(59.96, "60.0 s"), (60, "1 min 0 s"), (7380, "2 h 3 min")]
)
def test_duration(seconds, words):
    assert run_times.duration(seconds) == words
