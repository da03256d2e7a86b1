import numpy as np
import pandas as pd
import pytest

from expressionvae.files import UserError
from expressionvae.paper import published
from expressionvae.paper.figures.figure3_data import METRICS, collect, markdown, summarise
from tests.conftest import REPOSITORY

SCREENS = {"wong2026": {"note": "a CRISPRi screen", "published": True}, "mine": {"note": None, "published": False}}
NOTES = {"replogle": "", "mine": "of ours"}


def a_file(path, names=("trained", "untrained"), first=0.8) -> str:
    rows = []
    for i, name in enumerate(names):
        for metric in METRICS:
            auc = metric == "enrichment_auc"
            value = first - 0.2 * i if auc else 5 - i
            numbers = dict(low=value - 0.1, high=value + 0.1, p_value=0.01) if auc else {}
            rows.append(dict(embedding=name, metric=metric, value=value, targets=20, cells=900, **numbers))
    table = pd.DataFrame(rows).assign(random_low=0.27, random_high=0.73, positives=6)
    table.to_csv(path, index=False)
    return str(path)


def of_encoders(folder, screen="wong2026", seeds=(0,)) -> pd.DataFrame:
    about, paths = [], []
    for dataset in ("replogle", "parse1m"):
        for i, head in enumerate(["ce", "hurdle"]):
            for bottleneck in ("fsq", "gaussian"):
                for seed in seeds:
                    about.append(dict(screen=screen, dataset=dataset, bottleneck=bottleneck, head=head, vae_seed=seed))
                    paths.append(a_file(folder / f"{len(paths)}.csv", first=0.7 + 0.05 * i + 0.02 * seed))
        about.append({"screen": screen, "dataset": dataset})
        paths.append(a_file(folder / f"{len(paths)}.csv", names=("pca", "hvg", "depth")))
    return collect(about, paths)


@pytest.fixture(scope="module")
def paper() -> pd.DataFrame:
    return published.load(REPOSITORY / "resources" / "published" / "figure3.csv")


def test_the_paper_s_numbers_stand_beside_the_encoders_they_are_of(tmp_path, paper):
    summary = summarise(of_encoders(tmp_path), paper, SCREENS)
    known = summary.dropna(subset=["published"])
    assert len(known) == 8  # all that the paper states, scGPT among them
    found = known.set_index(["dataset", "bottleneck", "head", "metric"])["published"]
    assert found["parse1m", "fsq", "hurdle", "enrichment_auc"] == 0.792
    assert found["replogle", "fsq", "ce", "gene_ch_untreated"] == 5.41
    assert (known["embedding"] == "scgpt").sum() == 1 and set(known["embedding"]) == {"trained", "scgpt"}


def test_another_screen_has_no_published_number(tmp_path, paper):
    summary = summarise(of_encoders(tmp_path, screen="mine"), paper, SCREENS)
    assert summary["published"].isna().all() and "scgpt" not in set(summary["embedding"])


def test_seeds_are_averaged_and_the_worst_p_value_counts(tmp_path, paper):
    one, two = (summarise(of_encoders(tmp_path, seeds=seeds), paper, SCREENS) for seeds in ((0,), (0, 1)))
    first = [table[table["metric"] == "enrichment_auc"].iloc[0] for table in (one, two)]
    assert (first[0]["value"], first[1]["value"]) == pytest.approx((0.7, 0.71))
    assert (first[0]["n"], first[1]["n"]) == (1, 2) and first[1]["p_value"] == 0.01


def test_the_table_has_a_row_an_embedding_and_bold_the_best_trained(tmp_path, paper):
    text = markdown(summarise(of_encoders(tmp_path), paper, SCREENS), SCREENS, NOTES)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 2 * (8 + 3) + 2  # header, two datasets, scGPT, random ranking
    assert "| Parse 1M | encoder | fsq | Hurdle | **5.00** |" in text.replace(" [3.09]", "")
    assert "**0.750** [0.792] | 0.65 to 0.85 | 0.010 |" in text and "random ranking" in text
    assert "a CRISPRi screen" in text and "NaN" not in text and "nan" not in text


def test_undefined_scores_are_a_dash(tmp_path, paper):
    scores = of_encoders(tmp_path)
    scores.loc[scores["metric"] == "gene_ch_treated", "value"] = np.nan
    text = markdown(summarise(scores, paper, SCREENS), SCREENS, NOTES)
    assert "nan" not in text and "| –" in text


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    pd.DataFrame({"embedding": ["x"]}).to_csv(tmp_path / "x.csv")
    with pytest.raises(UserError, match="x.csv: .*column 'metric' is missing"):
        collect([{"screen": "s", "dataset": "d"}], [tmp_path / "x.csv"])


def test_a_seed_without_a_value_is_not_counted_in_a_mean(tmp_path, paper):
    scores = of_encoders(tmp_path, seeds=(0, 1))
    scores.loc[(scores["vae_seed"] == 1) & (scores["metric"] == "gene_ch_treated"), "value"] = np.nan
    summary = summarise(scores, paper, SCREENS)
    seeds = summary[summary["embedding"] == "trained"].groupby("metric")["n"].agg(set)
    assert seeds.to_dict() == {
        "gene_ch_treated": {1},
        "gene_ch_untreated": {2},
        "enrichment_auc": {2},
        "selectivity_auc": {2},
    }
