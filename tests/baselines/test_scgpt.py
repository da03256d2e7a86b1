"""scGPT: which tokens stand for a perturbation, and what is taken from a checkpoint."""

import json

import pytest
import torch
from contract import Mistake, read_options  # pyright: ignore[reportMissingImports]
from torch import nn

from tests.baselines import toy
from tests.baselines.conftest import script

model = script("scgpt/model")
GENES = ["A", "B", "C"]


def tokens(labels: list[str], vocabulary: dict[str, int] | None = None, separator: str = "+"):
    return model.Tokens(GENES, [*labels, "ctrl"], "ctrl", separator, vocabulary or {})


def names(made, row: torch.Tensor) -> list[str]:
    name = {number: text for text, number in made.vocabulary.items()}
    return [name[int(number)] for number in row]


@pytest.mark.parametrize(
    ("label", "sequence", "flagged"),
    [
        ("ctrl", ["A", "B", "C"], []),
        ("B", ["A", "B", "C"], ["B"]),
        ("B+C", ["A", "B", "C"], ["B", "C"]),
        ("OUT", ["A", "B", "C", "OUT"], ["OUT"]),
        ("A+OUT", ["A", "B", "C", "OUT"], ["A", "OUT"]),
        ("OUT+FAR", ["A", "B", "C", "OUT", "FAR"], ["OUT", "FAR"]),
    ],
)
def test_a_perturbation_is_flagged_at_its_genes_or_at_tokens_of_its_own(label, sequence, flagged):
    made = tokens([label])
    batch = made.batch(torch.tensor([[1.0, 2.0, 3.0]]), [label])
    assert names(made, batch["src"][0]) == sequence
    assert [name for name, flag in zip(sequence, batch["input_pert_flags"][0], strict=True) if flag] == flagged
    assert batch["values"][0].tolist() == [1, 2, 3] + [0] * (len(sequence) - 3)


def test_without_a_separator_a_label_is_one_target():
    made = tokens(["B+C"], separator="")
    assert names(made, made.batch(torch.zeros(1, 3), ["B+C"])["src"][0]) == ["A", "B", "C", "B+C"]


def test_cells_with_fewer_tokens_are_padded_and_the_padding_is_masked():
    batch = tokens(["OUT"]).batch(torch.zeros(2, 3), ["ctrl", "OUT"])
    assert batch["src_key_padding_mask"].tolist() == [[False] * 3 + [True], [False] * 4]
    assert batch["input_pert_flags"][0].tolist() == [0, 0, 0, 0]


def test_where_a_step_sees_some_genes_each_keeps_its_value_and_its_flag():
    made = tokens(["C", "OUT"])
    batch = made.batch(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), ["C", "OUT"], torch.tensor([0, 2]))
    assert names(made, batch["src"][1]) == ["A", "C", "OUT"] and names(made, batch["src"][0])[:2] == ["A", "C"]
    assert batch["values"].tolist() == [[1, 3, 0], [4, 6, 0]]
    assert batch["input_pert_flags"].tolist() == [[0, 1, 0], [0, 0, 1]]


def test_known_names_keep_their_tokens_and_others_come_behind_them():
    published = {"<pad>": 0, "C": 1, "<cls>": 2, "OUT": 3, "<eoc>": 4, "Z": 5}
    made = tokens(["OUT"], published)
    assert {name: made.vocabulary[name] for name in published} == published
    assert sorted(made.vocabulary.values()) == list(range(8)) and made.vocabulary["A"] >= 6


class Small(nn.Module):
    """Names as in scGPT's network."""

    def __init__(self, rows: int):
        super().__init__()
        self.encoder, self.value_encoder = nn.Module(), nn.Linear(1, 2)
        self.encoder.embedding = nn.Embedding(rows, 2)
        self.transformer_encoder = nn.MultiheadAttention(2, 1)
        self.decoder = nn.Linear(2, 1)


def published_form(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Flash attention's names."""
    return {key.replace("in_proj_", "Wqkv."): value for key, value in state.items()}


def test_of_a_checkpoint_the_encoders_are_taken_and_tokens_that_it_lacks_stay(tmp_path):
    torch.manual_seed(0)
    source, target = Small(3), Small(5)
    before = {key: value.clone() for key, value in target.state_dict().items()}
    torch.save(published_form(source.state_dict()), tmp_path / "best_model.pt")
    assert model.load_checkpoint(target, tmp_path) == 7
    after, given = target.state_dict(), source.state_dict()
    assert torch.equal(after["encoder.embedding.weight"][:3], given["encoder.embedding.weight"])
    assert torch.equal(after["encoder.embedding.weight"][3:], before["encoder.embedding.weight"][3:])
    assert torch.equal(after["transformer_encoder.in_proj_weight"], given["transformer_encoder.in_proj_weight"])
    assert torch.equal(after["decoder.weight"], before["decoder.weight"])


def test_a_checkpoint_that_lacks_a_tensor_or_has_another_size_is_refused(tmp_path):
    state = published_form(Small(3).state_dict())
    torch.save({key: value for key, value in state.items() if "value_encoder" not in key}, tmp_path / "best_model.pt")
    with pytest.raises(Mistake, match=r"lacks value_encoder\.weight and 1 more"):
        model.load_checkpoint(Small(3), tmp_path)
    torch.save(state | {"value_encoder.weight": torch.zeros(3, 1)}, tmp_path / "best_model.pt")
    with pytest.raises(Mistake, match=r"value_encoder\.weight \(3, 1\) does not fit"):
        model.load_checkpoint(Small(3), tmp_path)


def options(**changed):
    return model.Options(**(toy.published("scgpt") | changed))


def test_the_checkpoint_is_a_path_or_nothing(tmp_path):
    file = tmp_path / "options.json"
    for value in (None, "folder"):
        file.write_text(json.dumps(toy.published("scgpt") | {"checkpoint": value}))
        assert read_options(file, model.Options).checkpoint == value
    file.write_text(json.dumps(toy.published("scgpt") | {"checkpoint": 3}))
    with pytest.raises(Mistake, match=r"option 'checkpoint' is 3, expected str \| None"):
        read_options(file, model.Options)


def test_sizes_of_the_options_must_be_those_of_the_checkpoint(tmp_path):
    with pytest.raises(Mistake, match=r"expected a folder with vocab\.json"):
        model.read_vocabulary(options(checkpoint=str(tmp_path)))
    (tmp_path / "best_model.pt").touch()
    (tmp_path / "vocab.json").write_text('{"<pad>": 0, "A": 1}')
    stated = {"embsize": 512, "d_hid": 512, "nlayers": 12, "nheads": 8}
    (tmp_path / "args.json").write_text(json.dumps(stated))
    assert model.read_vocabulary(options(checkpoint=str(tmp_path))) == {"<pad>": 0, "A": 1}
    with pytest.raises(Mistake, match="option 'layers' is 6, expected 12"):
        model.read_vocabulary(options(checkpoint=str(tmp_path), layers=6))


@pytest.mark.foreign
@pytest.mark.slow
def test_fine_tuning_starts_from_the_checkpoint(trained):
    """At a learning rate of 0, what comes of a training is what the checkpoint held."""
    scripts = trained("scgpt")
    weights = torch.load(scripts.folder / "model" / "weights.pt")
    about = json.loads((scripts.folder / "model" / "model.json").read_text())
    vocabulary = model.Tokens(about["genes"], about["labels"], about["control"], "+", {}).vocabulary
    folder = scripts.folder / "published"
    folder.mkdir()
    torch.save(published_form(weights), folder / "best_model.pt")
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    sizes = {theirs: scripts.options[ours] for ours, theirs in model.SIZES.items()}
    (folder / "args.json").write_text(json.dumps(sizes))
    scripts.train("tuned", checkpoint=str(folder), lr=0.0, steps=1)
    tuned = torch.load(scripts.folder / "tuned" / "weights.pt")
    taken = [key for key in weights if key.startswith(model.LOADED)]
    assert len(taken) > 20 and all(torch.equal(tuned[key], weights[key]) for key in taken)


@pytest.mark.foreign
@pytest.mark.slow
def test_another_training_seed_gives_other_cells(trained):
    scripts = trained("scgpt")
    scripts.train("other", seed=1, steps=20)
    scripts.train("same", seed=1, steps=20)
    scripts.train("first", seed=0, steps=20)
    other, same, first = (scripts.predict(f"{m}.h5ad", model=m).X for m in ("other", "same", "first"))
    assert (other == same).all() and (other != first).mean() > 0.5
