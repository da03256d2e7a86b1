"""Both stages train, sample and decode where torch and numpy are all there is."""

import json
import subprocess
import sys

from tests.conftest import REPOSITORY
from tests.priors.test_build import KINDS, SIZE

CHILD = """
import json, sys
from types import SimpleNamespace
sys.modules |= dict.fromkeys(["anndata", "h5py", "pandas", "scanpy", "scipy", "sklearn"])
import numpy as np
from expressionvae.data.cells import Cells
from expressionvae.data.compact import Compact
from expressionvae.data.validation import Validation
from expressionvae.training import loop, stage1, stage2
from expressionvae.training.schedule import Schedule
from expressionvae.vae.build import Blueprint
from pathlib import Path

folder = Path(sys.argv[1])
counts = np.random.default_rng(0).integers(1, 9, (60, 20)).astype(np.int32)
ends, genes = np.arange(0, 1201, 20), [f"G{i}" for i in range(20)]
rows = SimpleNamespace(
    shape=counts.shape, nnz=1200, data=counts.ravel(), indices=np.tile(np.arange(20), 60), indptr=ends
)
cells = Cells(Compact.of(rows), np.ones(60, np.float32), ["ctrl", "a"] * 30, ["T"] * 20 + ["B"] * 40, genes, "ctrl")
size = dict(width=16, heads=2, feedforward=16, encoder_blocks=1, decoder_blocks=1, dropout=0.0)
size |= {"context_norm": True, "decoder_self_attention": False, "slot_embedding": True}
fsq = {"kind": "fsq", "tokens": 4, "levels": [4, 2], "normalise": True}
blueprint = Blueprint(genes, {"lower": [], "means": []}, size, fsq, "mse", {})
schedule = Schedule(3, 6, 1e-3, 1e-3, 2, 1.0, validate_every=3, log_every=3, checkpoint_every=3, compile=None)
options = {"validation": Validation(0.05, 0.1, 0), "seed": 0, "version": 1, "checkpoints": folder}
model, history = stage1.train(cells, blueprint, schedule, **options)
loop.save_history(folder / "losses.csv", history)
latents = stage1.encode(model, cells, ["a", "ctrl"], batch_size=32)
nothing = np.zeros((2, 0), np.float32)
of = stage2.blueprint_for(latents, nothing, *json.loads(sys.argv[2]))
prior, _ = stage2.train(latents, nothing, of, schedule, **options)
query = {"cell_type": ["T", "B", "B"], "perturbation": ["a", "ctrl", "a"]}
sampled = stage2.sample(prior, of, query, options={}, seed=0, batch_size=2)
library = stage1.draw_library(latents, query["cell_type"], seed=0)
print(stage1.decode(model, sampled, library, "mean", seed=0, batch_size=2).shape)
"""


def test_training_needs_torch_and_numpy_alone(tmp_path):
    command = [sys.executable, "-c", CHILD, tmp_path, json.dumps([SIZE, KINDS["ar"]])]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("(3, 20)\n") and (tmp_path / "losses.csv").read_text().startswith("step,split,loss,")
