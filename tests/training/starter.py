"""Starts a command as often as asked, as srun and mpiexec do: starter.py -n NUMBER COMMAND..."""

import subprocess
import sys

if __name__ == "__main__":
    tasks = [subprocess.Popen(sys.argv[3:]) for _ in range(int(sys.argv[2]))]
    sys.exit(max(task.wait() for task in tasks))
