import pytest

from isr.errors import UserError
from isr.reporting.report import run_times
from isr.reporting.report.run_times import Benchmark


def test_jobs_are_summed_by_rule(tmp_path):
    for number, seconds in enumerate((30.0, 95.0)):
        path = tmp_path / f"{number}.tsv"
        path.write_text(f"s\tcpu_time\tmax_rss\n{seconds}\t{seconds - 4}\t{1000 + number}\n")
    found = run_times.read([Benchmark(file=str(tmp_path / f"{n}.tsv"), rule="fit") for n in (0, 1)])
    (time,) = found
    assert (time.rule, time.jobs, time.total, time.longest) == ("fit", 2, "2 min 5 s", "1 min 35 s")
    assert (time.cpu, time.peak, time.gpu) == ("1 min 57 s", "1,001 MiB", "")


def test_memory_on_a_gpu(tmp_path):
    for name, columns in (("on.tsv", "\tmax_gpu\n9\t7\t10\t300"), ("off.tsv", "\n9\t7\t10")):
        (tmp_path / name).write_text(f"s\tcpu_time\tmax_rss{columns}\n")
    entries = [Benchmark(file=str(tmp_path / name), rule="fit") for name in ("off.tsv", "on.tsv")]
    assert [time.gpu for time in run_times.read(entries)] == ["300 MiB"]


def test_a_benchmark_of_snakemake_is_read(tmp_path):
    path = tmp_path / "evaluate" / "x.tsv"
    path.parent.mkdir()
    path.write_text("s\th:m:s\tmax_rss\tcpu_time\n0.2\t0:00:00\t-\tNA\n")
    expected = run_times.RuleTime("evaluate", 1, "0.2 s", "", "0.2 s", "", "")
    assert run_times.read([Benchmark(file=str(path), rule="evaluate")]) == [expected]


def test_an_empty_file_is_that_of_a_job_that_wrote_none(tmp_path):
    path = tmp_path / "x.tsv"
    path.touch()
    assert run_times.read([Benchmark(file=str(path), rule="evaluate")]) == []
    assert run_times.count_missing([Benchmark(file=str(path), rule="evaluate")]) == 1


def test_a_missing_file_is_counted_and_left_out(tmp_path):
    path = tmp_path / "fit.tsv"
    path.write_text("s\th:m:s\tmax_rss\n2\t0:00:02\t10\n")
    benchmarks = [
        Benchmark(file=str(tmp_path / name), rule="fit") for name in ("fit.tsv", "gone.tsv")
    ]
    assert [time.rule for time in run_times.read(benchmarks)] == ["fit"]
    assert run_times.count_missing(benchmarks) == 1


def test_none_and_bad_files(tmp_path):
    assert run_times.read([]) == []
    path = tmp_path / "x.tsv"
    path.write_text("a\n1\n")
    with pytest.raises(UserError, match="no benchmark file"):
        run_times.read([Benchmark(file=str(path), rule="evaluate")])


@pytest.mark.parametrize(
    ("seconds", "words"), [(59.96, "60.0 s"), (60, "1 min 0 s"), (7380, "2 h 3 min")]
)
def test_duration(seconds, words):
    assert run_times.duration(seconds) == words
