#!/usr/bin/env bash
# start.sh FOLDER: a SLURM cluster of one node with two fake GPUs, for tests. Needs root; stop.sh FOLDER ends it.
# Everything lies in FOLDER (configuration, munge key, state, logs, pids) and listens on 127.0.0.1 only; but
# /etc/slurm/slurm.conf becomes a link to the configuration, because Snakemake's jobs lose the variable SLURM_CONF.
set -euo pipefail
folder=$(realpath "$1")
host=$(hostname -s)
conf=$folder/slurm.conf link=/etc/slurm/slurm.conf
[ "$(id -u)" = 0 ] || { echo "start.sh: needs root" >&2; exit 1; }
[ -e $link ] && { echo "start.sh: $link is there: this machine belongs to a cluster, or runs one of these" >&2; exit 1; }

wait_for() { # wait_for SECONDS WHAT COMMAND...
  local seconds=$1 what=$2; shift 2
  for _ in $(seq $((seconds * 10))); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
  echo "start.sh: $what did not come up" >&2
  tail -n 20 "$folder"/*.log >&2 || true
  return 1
}

mkdir -p "$folder"/{state,spool}
chmod 755 "$folder"
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >> /etc/hosts

# SLURM only asks that a GPU be a character device, and numbers CUDA_VISIBLE_DEVICES by their order.
for gpu in 0 1; do
  [ -c "$folder/gpu$gpu" ] || mknod "$folder/gpu$gpu" c 1 3
  echo "NodeName=node1 Name=gpu Type=h100 File=$folder/gpu$gpu"
done > "$folder/gres.conf"

mkdir -p /etc/slurm
ln -sfn "$conf" $link

# Two partitions as on many clusters; `urgent` takes the node from them by requeueing their jobs.
cat > "$conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
# a requeued job starts again after cred_expire: 2 minutes by default
AuthInfo=socket=$folder/munge.socket,cred_expire=10
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
SrunPortRange=61001-61999
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=100000,batch_sched_delay=0,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
MinJobAge=600
KillWait=5
OverTimeLimit=0
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldTimeout=30
SlurmdTimeout=10
# no cgroups: memory is polled each second, and what uses more than it asked for is killed
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/finished.log
# counts of this file, not of the hardware: what the profile asks for at full size must fit
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 CPUs=64 RealMemory=512000 Gres=gpu:h100:2
PartitionName=cpu Nodes=node1 Default=YES MaxTime=2:00:00 DefaultTime=10 PriorityTier=10
PartitionName=gpu Nodes=node1 MaxTime=2:00:00 DefaultTime=10 PriorityTier=10
PartitionName=urgent Nodes=node1 MaxTime=2:00:00 DefaultTime=10 PriorityTier=100 PreemptMode=OFF
CONF

[ -s "$folder/munge.key" ] || (umask 077; head -c 1024 /dev/urandom > "$folder/munge.key")
munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
wait_for 10 munged munge --socket="$folder/munge.socket" --no-input
slurmctld -i -f "$conf"
wait_for 30 slurmctld scontrol ping
slurmd -N node1 -f "$conf"
wait_for 30 "the node" sh -c "sinfo --noheader --format %T | grep -qx -e idle -e mixed -e allocated"
sinfo --format '%P %t %c %m %G'
