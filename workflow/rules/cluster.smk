# How jobs are submitted to a cluster, and what is told of them at the end of a run.
import time

from isr.config.cluster import remember_job_age, submit_with_patience

STARTED = time.time()

if workflow.is_main_process:
    submit_with_patience(
        Path(workflow.snakefile).absolute().parents[1] / "profiles/slurm"
    )
    remember_job_age()


def tell_costs():
    """What the jobs of this run have cost; what is known of all jobs goes to logs/jobs.tsv."""
    job_costs.write_all(Path("logs/jobs.tsv"), job_costs.since(0, JOBS.benchmarks()))
    jobs = job_costs.since(STARTED, JOBS.benchmarks())
    if jobs:
        logger.info(f"\n{job_costs.table(jobs)}\nAll jobs: logs/jobs.tsv\n")


onsuccess:
    tell_costs()


onerror:
    tell_costs()
