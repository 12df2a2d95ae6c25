#!/usr/bin/env bash
# Start a SLURM of one node (munged, slurmctld, slurmd) on loopback, with state in a folder of its own.
#
#     start.sh STATE
#
# It needs a writable /etc/slurm without a configuration: clients look there, since the plugin's inner
# srun is not told of another place. CPUS and GPUS may be set; GPUs are emulated.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$1
host=$(hostname -s)

# What a run that was killed has left is taken away; another SLURM is not.
link=/etc/slurm/slurm.conf
if [[ -L $link ]]; then
  old=$(dirname "$(readlink "$link")")
  kill -0 "$(cat "$old/slurmctld.pid" 2> /dev/null || echo 0x)" 2> /dev/null || "$here/stop.sh" "$old"
fi
for name in slurm gres; do
  if [[ -e /etc/slurm/$name.conf || -L /etc/slurm/$name.conf ]]; then
    echo "/etc/slurm/$name.conf is there already: another SLURM is, or was, configured here." >&2
    exit 1
  fi
done
mkdir -p "$state"/{ctld,slurmd} /etc/slurm
chmod 755 "$state"

sed -e "s|@HOST@|$host|g" -e "s|@STATE@|$state|g" -e "s|@USER@|$(id -un)|g" \
  -e "s|@CPUS@|${CPUS:-4}|g" -e "s|@GPUS@|${GPUS:-2}|g" \
  -e "s|@CTLD_PORT@|${CTLD_PORT:-16917}|g" -e "s|@SLURMD_PORT@|${SLURMD_PORT:-16918}|g" \
  "$here/slurm.conf.in" > "$state/slurm.conf"
# SLURM wants a character device for each GPU, but does not look at what the device is.
devices=(/dev/null /dev/zero /dev/full /dev/random /dev/urandom)
echo "AutoDetect=off" > "$state/gres.conf"
for ((number = 0; number < ${GPUS:-2}; number++)); do
  echo "NodeName=$host Name=gpu File=${devices[number]}" >> "$state/gres.conf"
done
for name in slurm gres; do
  ln -s "$state/$name.conf" "/etc/slurm/$name.conf"
done

# A key of its own, so that /etc/munge and a munged of the system are left alone.
(umask 077 && head -c 1024 /dev/urandom > "$state/munge.key")
munged --key-file="$state/munge.key" --socket="$state/munge.sock" --pid-file="$state/munged.pid" \
  --log-file="$state/munged.log" --seed-file="$state/munged.seed" --force
slurmctld -i
slurmd -N "$host"

for ((tries = 0; tries < 200; tries++)); do
  [[ $(sinfo --noheader --format=%T 2> /dev/null | sort -u) == idle ]] && exit 0
  sleep 0.1
done
echo "The node did not become idle: see $state/*.log." >&2
"$here/stop.sh" "$state"
exit 1
