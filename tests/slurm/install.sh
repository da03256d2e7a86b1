#!/usr/bin/env bash
# Debian's SLURM for the tests beside this file. Where it cannot be had, says why and lets the tests skip.
set -euo pipefail
missing() { for program in "$@"; do command -v "$program" >/dev/null || return 0; done; return 1; }

install() { # install WHAT PACKAGE...
  local what=$1 wait="-o DPkg::Lock::Timeout=120"; shift
  [ "$(id -u)" = 0 ] || { echo "install.sh: no $what here, and installing $* needs root"; exit 0; }
  command -v apt-get >/dev/null || { echo "install.sh: no $what here, and no apt-get to install $*"; exit 0; }
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  { apt-get $wait update -qq && apt-get $wait install -y -qq --no-install-recommends "$@"; } >/dev/null ||
    echo "install.sh: apt-get failed to install $what"
}

if missing slurmctld slurmd sbatch munged; then
  install SLURM slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge
fi
if missing slurmdbd mariadbd; then
  install "SLURM's accounts" slurmdbd slurm-wlm-mysql-plugin mariadb-server
fi
