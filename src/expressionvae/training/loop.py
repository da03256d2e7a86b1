"""The loop that trains stage 1 and stage 2 alike: AdamW, clipping, bf16 on a GPU, checkpoints that resume."""

import csv
import logging
import math
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from expressionvae.files import UserError, require, written
from expressionvae.progress import Progress
from expressionvae.training.checkpoints import Checkpoints, Stopped, stopping
from expressionvae.training.device import devices, precision
from expressionvae.training.processes import Processes
from expressionvae.training.schedule import Order, Schedule, seed_of
from expressionvae.training.utilisation import Utilisation

log = logging.getLogger(__name__)

Row = dict[str, float | int | str]
Watch = Callable[[list[Row]], None]
Losses = Callable[[nn.Module, Tensor], dict[str, Tensor]]  # model, indices of cells -> "loss" and its terms


def save_history(path: str | Path, history: list[Row]) -> None:
    """Write a loss table as CSV: step, split, loss and its terms, lr; nothing for what is no number."""
    with written(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(history[0]), lineterminator="\n")
        table.writeheader()
        for row in history:
            table.writerow({name: "" if value != value else value for name, value in row.items()})


class Trainer:
    """One training, from its first step or from its checkpoint.

    Several processes (expressionvae.training.launch) take equal slices of the same batches and end with the same
    weights: those of one process to rounding, where the model draws no noise. Each has noise of its own.

    Args:
        losses: losses of a model on the cells of given indices, means over cells.
        cells: indices of the cells to train on, and of those set apart (`data.validation.split`).
        checkpoints: where the state is kept between attempts.
        operations: floating-point operations of a step, over all processes.
        watch: is shown the loss table whenever it has a new validation row.
    """

    def __init__(
        self,
        model: nn.Module,
        losses: Losses,
        cells: tuple[Tensor, Tensor],
        schedule: Schedule,
        *,
        seed: int,
        device: torch.device,
        checkpoints: Checkpoints,
        operations: float,
        watch: Watch | None = None,
    ):
        self.model, self.losses, self.schedule = model, losses, schedule
        self.device, self.checkpoints, self.watch = device, checkpoints, watch
        self.processes = Processes()
        self.utilisation = Utilisation(operations / self.processes.count, device)
        self.shared = self.processes.wrap(model, device)
        if not self.processes.first:
            torch.manual_seed(seed_of(seed, self.processes.rank))
        self.optimiser = torch.optim.AdamW(
            model.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
        )
        training, self.validation = cells
        self.order = Order(training, schedule.batch_size, seed)
        self.step = 0
        self.history: list[Row] = []
        # Losses since the last row of the history, left on the device: reading one makes a GPU wait for the host.
        self.pending: list[dict[str, Tensor | float]] = []

    def run(self, what: str) -> list[Row]:
        """Train to the end; return the loss table (one row a split and step).

        Raises:
            UserError: where the loss is no number any more.
            Stopped: at one of `checkpoints.SIGNALS`, after the step in hand, once the state is kept.
        """
        first = self.processes.first
        with self.checkpoints.locked(what) if first else stopping() as asked:
            state = self.processes.spread(self.checkpoints.load(what, self._check) if first else None)
            if state:
                self._restore(state)
            progress = Progress(what, self.schedule.iterations, self.step)
            self.model.train()
            self.utilisation.begin(self.step)
            while self.step < self.schedule.iterations:
                self._advance()
                self._record()
                if first:
                    progress.advance(note=self._note)
                number = self.processes.largest(max(asked, default=0))  # so that all stop after the same step
                if number and self.step < self.schedule.iterations:
                    self._stop(what, signal.Signals(number).name)
        self.model.eval()
        return self.history

    def _note(self) -> str:
        loss = f"loss {self.history[-1]['loss']:.4g}" if self.history else ""
        return "  ".join(filter(None, [loss, self.utilisation.said(self.step)]))

    def _stop(self, what: str, why: str) -> None:
        self._save()
        if self.processes.first:
            kept = f"stops after step {self.step}, kept; the next attempt goes on from there"
            log.warning(f"{what}: {why}: {kept}")
        self.processes.spread(None)  # the others end when the state is kept: the first to end ends all
        raise Stopped

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return self.schedule.learning_rate * self.schedule.rate(self.step)

    def _advance(self) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate
        with precision(self.device):
            losses = self.losses(self.shared, self.processes.share(self.order.batch(self.step)))
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.schedule.clip)
        self.optimiser.step()
        self.step += 1
        self.pending.append({name: value.detach() for name, value in losses.items()})

    def _record(self) -> None:
        schedule, last = self.schedule, self.step == self.schedule.iterations
        if self.step % schedule.log_every == 0 or last:
            steps = self.processes.means(floats(self.pending))
            means = {name: sum(losses[name] for losses in steps) / len(steps) for name in steps[0]}
            self.history.append(self._row("train", means))
            self.pending = []
        if self.processes.first and (self.step % schedule.validate_every == 0 or last):
            self.history.append(self._row("validation", self._validate()))
            if self.watch:
                self.watch(self.history)
        if self.step % schedule.checkpoint_every == 0 or last:
            self._save()

    def _row(self, kind: str, means: dict[str, float]) -> Row:
        if kind == "train" and (lost := [name for name, value in means.items() if not math.isfinite(value)]):
            raise UserError(
                f"{lost[0]} of the training is {means[lost[0]]} at step {self.step}: it diverged, and no later step "
                "brings it back; a lower learning rate or more warm-up may help"
            )
        return {"step": self.step, "split": kind, **means, "lr": self.rate}

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        """Means over the cells set apart."""
        # The same noise at every validation, and none of it taken from the training's generator.
        with torch.random.fork_rng(devices=devices(self.device)):
            torch.manual_seed(0)
            self.model.eval()
            means: dict[str, float] = {}
            for cells in self.validation.split(self.schedule.batch_size):
                with precision(self.device):
                    losses = self.losses(self.model, cells)
                share = len(cells) / len(self.validation)  # the last batch is a short one
                means = {name: means.get(name, 0.0) + share * float(value) for name, value in losses.items()}
            self.model.train()
        return means

    def _save(self) -> None:
        self.pending = list(self.processes.means(floats(self.pending)))
        (random, random_gpu), *others = self.processes.gather(self._random()) or [(None, None)]
        if not self.processes.first:
            return
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": self.history,
            "pending": self.pending,
            "random": random,
            "random_gpu": random_gpu,
            "random_others": others,
        }
        self.checkpoints.save(self.step, state)

    def _random(self) -> tuple[Tensor, Tensor | None]:
        gpu = self.device.type == "cuda"
        return torch.get_rng_state(), torch.cuda.get_rng_state(self.device) if gpu else None

    def _check(self, state: dict[str, Any]) -> None:
        """Raise for a state that is not one of this training."""
        mine = {name: value.shape for name, value in self.model.state_dict().items()}
        found = {name: value.shape for name, value in state["model"].items()}
        require(found == mine, "its weights are those of another model")
        sizes = [value.shape for value in self.model.parameters()]
        optimiser = state["optimiser"]  # knows parameters by their number, and none that never had a gradient
        moments = [(number, value["exp_avg"].shape) for number, value in optimiser["state"].items()]
        fits = sum(len(group["params"]) for group in optimiser["param_groups"]) == len(sizes)
        require(fits and all(sizes[n] == size for n, size in moments), "its optimiser's state is of another model")
        require(0 < state["step"] <= self.schedule.iterations, f"it is of step {state['step']}")
        require(state["random"].dtype == torch.uint8, "it has no state of the random numbers")
        rows = [*state["history"], *({"step": 0, "split": "", **row} for row in state["pending"])]
        require(all({"step", "split", "loss"} <= set(row) for row in rows), "its losses are not all there")

    def _restore(self, state: dict[str, Any]) -> None:
        # The schedule and the order of the cells are functions of the step.
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.history = state["step"], state["history"]
        self.pending = list(state["pending"])
        kept = [(state["random"], state["random_gpu"]), *state.get("random_others", [])]
        if self.processes.rank >= len(kept):  # kept by fewer processes: noise that none has had
            torch.manual_seed(seed_of(self.step, self.processes.rank))
            return
        random, random_gpu = kept[self.processes.rank]
        torch.set_rng_state(random)
        if self.device.type == "cuda" and random_gpu is not None:
            torch.cuda.set_rng_state(random_gpu, self.device)


def floats(rows: list[dict[str, Tensor | float]]) -> list[dict[str, float]]:
    return [{name: float(value) for name, value in row.items()} for row in rows]
