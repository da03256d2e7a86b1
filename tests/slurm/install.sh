#!/usr/bin/env bash
# Debian's SLURM for the tests beside this file. Where it cannot be had, says why and lets the tests skip.
set -euo pipefail
packages="slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge slurmdbd slurm-wlm-mysql-plugin mariadb-server"
programs="slurmctld slurmd sbatch munged slurmdbd mariadbd"
# shellcheck disable=SC2086
[ "$(command -v $programs | wc -l)" = 6 ] && exit 0
[ "$(id -u)" = 0 ] || { echo "install.sh: no SLURM here, and installing $packages needs root"; exit 0; }
command -v apt-get >/dev/null || { echo "install.sh: no SLURM here, and no apt-get to install $packages"; exit 0; }
export DEBIAN_FRONTEND=noninteractive
wait="-o DPkg::Lock::Timeout=120"
apt-get $wait update -qq >/dev/null
# shellcheck disable=SC2086
apt-get $wait install -y -qq --no-install-recommends $packages >/dev/null || echo "install.sh: apt-get failed"
