"""Snakemake that asks SLURM for its jobs every second: by itself it does so ever more rarely."""

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(
    lambda executor: 1, lambda executor, seconds: None
)

if __name__ == "__main__":
    main()
