# How jobs are submitted to a cluster, and what is told of them at the end of a run.
import shutil
import time

STARTED = time.time()

# Where there is SLURM, jobs are submitted with patience: see the script.
if shutil.which("sbatch") and workflow.is_main_process:
    PATIENT = Path(workflow.basedir, "profiles", "slurm")
    os.environ["PATH"] = f"{PATIENT}{os.pathsep}{os.environ['PATH']}"

# Its plugin takes a scheduler that does not answer for one that soon forgets jobs, and asks sacct for
# them, which knows nothing where no accounting is kept: then it waits for ever. What the scheduler
# once said holds.
SLURM = sys.modules.get("snakemake_executor_plugin_slurm")
if hasattr(SLURM, "get_min_job_age") and workflow.is_main_process:
    AGE = SLURM.get_min_job_age()
    SLURM.get_min_job_age = lambda: AGE


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
