# Which pairs are predicted, and with which weights.

import csv

from expressionvae.catalogue.baselines import PERTURB_MEAN
from expressionvae.folders import PREDICTION, PREDICTIONS

PREDICTED = f"{PREDICTION}/{{bottleneck}}/{{prior}}/{{decoder}}"


def sequences_of_others(wildcards):
    """Proteins, by which perturbations that are of no cell of the screen are known; none with a learned table."""
    if dataset_config(wildcards)["embedding"] == "learned":
        return {}
    return {"fasta": ancient(protein_sequences(wildcards))}


def all_pairs_checked():
    """Wait for the pairs of every dataset to be checked: nothing is trained for one while another is refused."""
    for dataset in () if PLANNING else PAIRS:
        checkpoints.predict_pairs.get(dataset=dataset)


def weights_of(part):
    """An input: the files of each training that a model predicts with."""

    def files(wildcards):
        all_pairs_checked()
        predictor = asked_pairs.Predictor(wildcards.bottleneck, wildcards.prior, wildcards.decoder)
        return [training[part] for training in asked_pairs.trainings(config, wildcards.dataset, predictor)]

    return files


def checked_pair(wildcards):
    """What is known of a pair, once it has been checked; columns as text. For an estimate: that all is known."""
    if PLANNING:
        return {"vector": asked_pairs.KNOWN, "perturb_mean": asked_pairs.ELSEWHERE}
    output = checkpoints.predict_pairs.get(dataset=wildcards.dataset).output.pairs
    with output.open() as file:  # Snakemake's: the file may lie in a store
        rows = list(csv.DictReader(file))
    folder = PREDICTION.format(**wildcards)
    return next(row for row in rows if row["folder"] == folder)


def vectors_if_new(wildcards):
    """Of a perturbation that is of no cell of the screen: its vector, and those that the prior was trained on."""
    all_pairs_checked()
    if checked_pair(wildcards)["vector"] == asked_pairs.KNOWN:
        return {}
    home = asked_pairs.home(config, wildcards.dataset)
    folder = PREDICTIONS.format(dataset=wildcards.dataset)
    return {"vectors": f"{folder}/vectors.npz", "perturbations": f"{home}/perturbations.npz"}


def predictor_folders(wildcards):
    """Folders of those who predict a pair, in the pair's own: models, and PerturbMean where it is defined."""
    models = [predictor.folder for predictor in asked_pairs.predictors(config)]
    return [*models, *([PERTURB_MEAN] if checked_pair(wildcards)["perturb_mean"] != asked_pairs.UNDEFINED else [])]


def predicted_files(wildcards):
    all_pairs_checked()
    folders = [f"{PREDICTION.format(**wildcards)}/{one}" for one in predictor_folders(wildcards)]
    return {
        **composition_told(wildcards.dataset),
        "cells": [f"{folder}/predicted.h5ad" for folder in folders],
        "effects": [f"{folder}/genes.csv" for folder in folders],
        "identity": [f"{folder}/identity.csv" for folder in folders],
    }


def composition_told(dataset):
    """What leave-one-context-out says: where the config asks for it, unless weights of elsewhere predict; or is there.

    Weights of another run are to predict without a training.
    """
    path = f"results/{dataset}/composition.csv"
    asked = dataset in left_out.screens(config) and not config["predict"]["datasets"][dataset].get("weights")
    return {"composition": path} if asked or Path(path).is_file() else {}


def pages_of_pairs():
    """The pages of all pairs, and the summaries of datasets."""
    if not PAIRS:
        raise UserError("predict: the config key predict.datasets names no pair to predict (docs/predict.md)")
    found = [f"{pair.folder}/page.html" for pairs in PAIRS.values() for pair in pairs]
    return found + [f"{PREDICTIONS.format(dataset=dataset)}/summary.csv" for dataset in PAIRS]


def predictor_names(wildcards, input):
    """How a page calls those who predict."""
    start = f"{PREDICTION.format(**wildcards)}/"
    return [str(Path(file).parent).removeprefix(start) for file in input.get("cells", [])]
