#!/usr/bin/env bash
# Resolve pyproject.toml for Python 3.11 to 3.13 into files that cannot drift, since all are written here:
#   envs/lock.txt            exact versions of everything, for pip
#   envs/expressionvae.yaml  the same for conda deployments (snakemake --sdm conda)
#   envs/docs.txt            what builds the manual, from envs/docs.in, at the same versions of what both use
# CUDA's libraries are left out: torch itself pins the exact ones that its build needs, and a CPU build needs none.
set -euo pipefail
cd "$(dirname "$0")/.."
resolve() { uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header "$@" pyproject.toml; }
cuda=$(resolve | grep -oE '^(nvidia|cuda|triton)[a-z0-9-]*' | sed 's/^/--no-emit-package /')
# shellcheck disable=SC2086
resolve --extra dev $cuda > envs/.lock.txt
mv envs/.lock.txt envs/lock.txt
# shellcheck disable=SC2086
{
  printf '# Written by envs/lock.sh; the package itself is installed by expressionvae.post-deploy.sh.\n'
  printf 'channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n'
  resolve $cuda | sed 's/.*/      - "&"/'
} > envs/.expressionvae.yaml
mv envs/.expressionvae.yaml envs/expressionvae.yaml
uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --constraint envs/lock.txt \
  envs/docs.in > envs/.docs.txt
mv envs/.docs.txt envs/docs.txt
for python in 3.11 3.12 3.13; do
  uv pip compile --quiet --python-version "$python" --no-header envs/lock.txt > /dev/null
  echo "envs/lock.txt resolves on Python $python"
done
