#!/usr/bin/env bash
# stop.sh FOLDER: cancel the jobs of the cluster that start.sh started there, and end its daemons by their pids.
set -uo pipefail
folder=$(realpath "$1")
link=/etc/slurm/slurm.conf
[ "$(readlink $link)" = "$folder/slurm.conf" ] || { echo "stop.sh: no cluster of $folder runs here" >&2; exit 1; }
if scontrol ping >/dev/null 2>&1; then
  scancel --user="$(id -un)"
  for _ in $(seq 100); do [ -z "$(squeue --noheader --states=running,completing)" ] && break; sleep 0.1; done
fi
for daemon in slurmd slurmctld slurmdbd mariadbd munged; do
  pid=$(cat "$folder/$daemon.pid" 2>/dev/null) || continue
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$daemon" ] || continue # the number may be another's by now
  kill "$pid"
  for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  kill -0 "$pid" 2>/dev/null && kill -KILL "$pid" && echo "stop.sh: $daemon ($pid) had to be killed" >&2
  rm -f "$folder/$daemon.pid"
done
rm -f $link
link=/etc/slurm/slurmdbd.conf
[ "$(readlink $link)" = "$folder/slurmdbd.conf" ] && rm -f $link
exit 0
