# How jobs are submitted to a cluster, and what is told of them at the end of a run.
import shutil
import time

STARTED = time.time()

# Where there is SLURM, jobs are submitted with patience: see the script.
if shutil.which("sbatch") and workflow.is_main_process:
    PATIENT = Path(workflow.snakefile).absolute().parents[1] / "profiles/slurm"
    os.environ["PATH"] = f"{PATIENT}{os.pathsep}{os.environ['PATH']}"


def remembered(ask):
    """What a function once found, however often it is asked."""
    known = []

    def found():
        answer = known[0] if known else ask()
        if answer is not None and not known:
            known.append(answer)
        return answer

    return found


# SLURM's plugin takes a scheduler that does not answer for one that soon forgets jobs, and asks sacct
# for them; where no accounting is kept, that knows of none, and Snakemake waits for ever.
SLURM = sys.modules.get("snakemake_executor_plugin_slurm")
if hasattr(SLURM, "get_min_job_age"):
    SLURM.get_min_job_age = remembered(SLURM.get_min_job_age)


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
