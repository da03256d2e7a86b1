#!/usr/bin/env bash
# start.sh FOLDER: a SLURM cluster of one node with four fake GPUs, for tests. Needs root; stop.sh FOLDER ends it.
# With mariadb and slurmdbd it keeps accounts: root's is `lab`, and others are refused.
# Everything lies in FOLDER (configuration, munge key, state, logs, pids) and listens on 127.0.0.1 only; but
# /etc/slurm/slurm.conf becomes a link to the configuration, because Snakemake's jobs lose the variable SLURM_CONF.
set -euo pipefail
folder=$(realpath "$1")
host=$(hostname -s)
conf=$folder/slurm.conf link=/etc/slurm/slurm.conf
[ "$(id -u)" = 0 ] || { echo "start.sh: needs root" >&2; exit 1; }
for there in $link /etc/slurm/slurmdbd.conf; do
  [ -e $there ] && { echo "start.sh: $there is there: this machine belongs to a cluster, or runs one of these" >&2; exit 1; }
done

wait_for() { # wait_for SECONDS WHAT COMMAND...
  local seconds=$1 what=$2; shift 2
  for _ in $(seq $((seconds * 10))); do timeout 5 "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
  echo "start.sh: $what did not come up" >&2
  tail -n 20 "$folder"/*.log >&2 || true
  return 1
}

mkdir -p "$folder"/{state,spool,accounts}
chmod 755 "$folder"
accounting=accounting_storage/none
[ "$(command -v slurmdbd mariadbd | wc -l)" = 2 ] && accounting=accounting_storage/slurmdbd
getent hosts "$host" >/dev/null || echo "127.0.0.1 $host" >> /etc/hosts

# SLURM only asks that a GPU be a character device, and numbers CUDA_VISIBLE_DEVICES by their order.
for gpu in 0 1 2 3; do
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
AccountingStorageType=$accounting
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStoragePass=$folder/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/finished.log
# counts of this file, not of the hardware: what the profile asks for at full size must fit
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 CPUs=64 RealMemory=512000 Gres=gpu:h100:4
PartitionName=cpu Nodes=node1 Default=YES MaxTime=2:00:00 DefaultTime=10 PriorityTier=10
PartitionName=gpu Nodes=node1 MaxTime=2:00:00 DefaultTime=10 PriorityTier=10
PartitionName=urgent Nodes=node1 MaxTime=2:00:00 DefaultTime=10 PriorityTier=100 PreemptMode=OFF
CONF

[ -s "$folder/munge.key" ] || (umask 077; head -c 1024 /dev/urandom > "$folder/munge.key")
munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
wait_for 10 munged munge --socket="$folder/munge.socket" --no-input
if [ $accounting = accounting_storage/slurmdbd ]; then
  echo "AccountingStorageEnforce=associations" >> "$conf"
  chown mysql "$folder/accounts"
  mariadb-install-db --no-defaults --user=mysql --datadir="$folder/accounts" --skip-test-db > "$folder/install.log" 2>&1
  setsid mariadbd --no-defaults --user=mysql --datadir="$folder/accounts" --socket="$folder/accounts/socket" \
    --pid-file="$folder/accounts/pid" --bind-address=127.0.0.1 --port=16820 --innodb-buffer-pool-size=64M \
    --innodb-lock-wait-timeout=900 > "$folder/mariadbd.log" 2>&1 < /dev/null &
  database="mariadb --no-defaults --socket=$folder/accounts/socket --execute"
  wait_for 30 mariadbd $database "SELECT 1"
  cp "$folder/accounts/pid" "$folder/mariadbd.pid"
  $database "CREATE DATABASE slurm; CREATE USER slurm@127.0.0.1 IDENTIFIED BY 'slurm'; GRANT ALL ON slurm.* TO slurm@127.0.0.1"
  (umask 077; cat > "$folder/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
DbdHost=$host
DbdAddr=127.0.0.1
DbdPort=16819
SlurmUser=root
CommunicationParameters=NoInAddrAny
PidFile=$folder/slurmdbd.pid
LogFile=$folder/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16820
StorageLoc=slurm
StorageUser=slurm
StoragePass=slurm
CONF
  )
  ln -sfn "$folder/slurmdbd.conf" /etc/slurm/slurmdbd.conf
  slurmdbd
  wait_for 30 slurmdbd sacctmgr --noheader list cluster
  sacctmgr --immediate add cluster test > "$folder/accounts.log"
  sacctmgr --immediate add account lab Description=lab Organization=lab >> "$folder/accounts.log"
  sacctmgr --immediate add user root Account=lab DefaultAccount=lab >> "$folder/accounts.log"
fi
slurmctld -i -f "$conf"
wait_for 30 slurmctld scontrol ping
slurmd -N node1 -f "$conf"
wait_for 30 "the node" sh -c "sinfo --noheader --format %T | grep -qx -e idle -e mixed -e allocated"
sinfo --format '%P %t %c %m %G'
