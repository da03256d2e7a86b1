"""Predicting from Python: `expressionvae.predict`."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path

import anndata as ad
from scipy import sparse

from expressionvae.catalogue.heads import ANCHORED, HEADS
from expressionvae.catalogue.priors import PRIORS
from expressionvae.data import prepared
from expressionvae.data.checks import wrong_count
from expressionvae.data.labels import Unquoted, spelled
from expressionvae.evaluation.baselines import Training
from expressionvae.files import UserError
from expressionvae.prediction import cells as predicted
from expressionvae.prediction.trained import Trained
from expressionvae.sense import known
from expressionvae.training import device


def predict(
    weights: str | Path | Sequence[str | Path],
    *,
    cell_type: Unquoted,
    perturbation: Unquoted,
    cells: int,
    seed: int = 0,
    rule: str = ANCHORED,
    controls: str | Path | ad.AnnData | None = None,
    sampling: Mapping[str, int] | None = None,
    with_controls: bool = False,
    draws: int = 8,
    batch_size: int = 128,
    rescale_to: float | int = 10_000,
    threads: int = 1,
) -> ad.AnnData:
    """Predicted cells of a type under a perturbation, measured together or not, with trained weights.

    Args:
        weights: folder of a trained prior (`.../vae-0/ar-0`), whose VAE lies above it, or several: each predicts
            `cells` cells, and obs["training"] tells them apart.
        cell_type, perturbation: labels that the prior was trained with.
        cells: how many, by each training.
        rule: a predict rule of the trained head, or "anchored": real controls, moved by the predicted shift.
        controls: for anchored cells, control cells of the type with raw counts of the model's genes in X: an AnnData
            (where obs["cell_type"] or obs["perturbation"] is there, it chooses among them), or a train.h5ad. None: the
            train.h5ad of the results that the weights lie in.
        sampling: what the prior samples with beyond its weights, as {"steps": 32} of mdlm and flow; none of ar.
        with_controls: predicted controls, as many, stand behind the perturbed cells.
        draws: of the rule mean-of-draws.
        rescale_to: total of each cell in the layer log1p.
        threads: the sums of a model differ in their last digits between numbers of threads.

    Returns:
        X on the linear scale, which uns["X"] says in words; the layer log1p, in which cells of all heads and real
        ones can be compared; obs cell_type, perturbation, training, draw (the seed).

    Raises:
        UserError: naming the argument or the file, the value and what was expected.
    """
    folders = [Path(one) for one in ([weights] if isinstance(weights, str | Path) else weights)]
    _check(folders, cells, seed)
    device.use_threads(threads)
    trainings = [Trained.load(one.parent / "vae.pt", one.parent / "latents.npz", one / "prior.pt") for one in folders]
    first = trainings[0]
    cell_type = spelled(cell_type, first.blueprint.cell_types)
    perturbation = spelled(perturbation, first.blueprint.perturbations)
    asked = predicted.Asked(cell_type, perturbation, cells, first.control)
    for one in trainings:
        _require(one, first, asked, rule, sampling or {})
    pool = _controls(controls, folders[0], first, cell_type, rescale_to) if rule == ANCHORED else None
    way = predicted.Way(rule, draws, sampling or {}, batch_size, pool)
    parts = []
    for folder, one in zip(folders, trainings, strict=True):
        parts.append(predicted.Part(str(folder), seed, predicted.predict(one, asked, way, seed=seed)))
    scale = predicted.scale_of(first.head, rule)
    about = {"rule": rule, "head": first.head}
    made = predicted.assembled(parts, asked, first.genes, scale=scale, rescale_to=rescale_to, about=about)
    return made if with_controls else made[predicted.labels_of(made) == perturbation].copy()


def _require(one: Trained, first: Trained, asked: predicted.Asked, rule: str, sampling: Mapping[str, int]) -> None:
    if one.genes != first.genes or one.head != first.head or one.control != first.control:
        raise UserError(f"{one.source}: of other genes, another head or another control than {first.source}")
    known("predict: cell_type", [asked.cell_type], one.blueprint.cell_types)
    perturbed = [label for label in one.blueprint.perturbations if label != one.control]
    if asked.perturbation == one.control:
        raise UserError(f"predict: perturbation {one.control!r} is the control; with_controls=True gives its cells too")
    known("predict: perturbation", [asked.perturbation], perturbed)
    known("predict: rule", [rule], HEADS[one.head].predicts, f"for head {one.head!r}")
    kind = one.blueprint.options["kind"]
    wanted = PRIORS[kind].sampling
    if set(sampling) != set(wanted):
        said = ", ".join(wanted) or "nothing"
        raise UserError(
            f"predict: sampling has {', '.join(sampling) or 'nothing'}; a prior of kind {kind!r} takes {said}"
        )


def _check(folders: list[Path], cells: object, seed: object) -> None:
    """Raise UserError for arguments that can be judged before weights are read."""
    for name, value, least in (("cells", cells, 2), ("seed", seed, 0)):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise UserError(f"predict: {name} is {value!r}, expected a whole number, {least} or more")
    if not folders:
        raise UserError("predict: no folder of weights, expected 1 or more")
    for number, folder in enumerate(folders):
        if not (folder / "prior.pt").is_file():
            raise UserError(
                f"predict: weights {str(folder)!r} has no prior.pt, expected a folder such as .../vae-0/ar-0"
            )
        if folder.resolve() in [other.resolve() for other in folders[:number]]:
            raise UserError(f"predict: weights {str(folder)!r} is given twice; its cells could not be told apart")


def _controls(
    given: str | Path | ad.AnnData | None, folder: Path, trained: Trained, cell_type: str, rescale_to: float | int
) -> Training:
    """Real control cells of the wanted type."""
    if isinstance(given, ad.AnnData):
        found, source = given, "predict: controls"
    else:
        path = Path(given) if given is not None else folder.parents[3] / "train.h5ad"
        if given is None and not path.is_file():
            raise UserError(f"predict: anchored cells need control cells: give `controls`; {path} is not there")
        found, source = prepared.whole(path, "the training cells"), str(path)
    for column, wanted in (("cell_type", cell_type), ("perturbation", trained.control)):
        if column in found.obs:
            found = found[found.obs[column].astype(str).to_numpy() == wanted]
        if found.n_obs < 2:
            raise UserError(f"{source}: {found.n_obs} cells with {column} {wanted!r}, expected 2 or more")
    if absent := [gene for gene in trained.genes if gene not in found.var_names]:
        raise UserError(
            f"{source}: gene {absent[0]!r} of the model is missing ({len(absent)} of {len(trained.genes)} are)"
        )
    cells = found[:, trained.genes].copy()
    cells.obs = cells.obs[[]]
    values = sparse.csr_matrix(cells.X).data
    if (wrong := wrong_count(values)) is not None:
        raise UserError(f"{source}: X holds {values[wrong]:g}, expected raw counts: whole numbers, 0 or more")
    cells.obs["cell_type"], cells.obs["perturbation"] = cell_type, trained.control
    cells.uns["screen"] = {"control": trained.control}
    return Training(cells, rescale_to=rescale_to)
