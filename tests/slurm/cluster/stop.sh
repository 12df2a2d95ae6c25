#!/usr/bin/env bash
# Stop what start.sh STATE has started, by its pid files, and take its links out of /etc/slurm.
set -uo pipefail

state=$1
[[ $(readlink /etc/slurm/slurm.conf) == "$state/slurm.conf" ]] || exit 0
timeout 10 scancel --user="$(id -un)" 2> /dev/null
for name in slurmd slurmctld munged; do
  [[ -s $state/$name.pid ]] || continue
  pid=$(< "$state/$name.pid")
  kill -CONT "$pid" 2> /dev/null
  kill "$pid" 2> /dev/null
  for ((tries = 0; tries < 50; tries++)); do
    kill -0 "$pid" 2> /dev/null || break
    sleep 0.1
  done
  kill -KILL "$pid" 2> /dev/null
done
rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
exit 0
