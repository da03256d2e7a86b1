import pytest
import yaml

from expressionvae.files import UserError
from expressionvae.strict import compose, read_yaml
from tests.conftest import REPOSITORY

TWICE = {
    "a block": ("vae:\n  devices: 2\nprior: {}\nvae:\n  devices: 1\n", "key 'vae' stands twice, in lines 1 and 4"),
    "a key": ("a: {}\nvae:\n  model:\n    width: 1\n    width: 2\n", "key 'vae.model.width' stands twice, in lines 4"),
    "in a list": ("runs:\n  - {prior: [ar], prior: [mdlm]}\n", "key 'runs.0.prior' stands twice, in lines 2 and 2"),
    "once quoted": ('a: 1\n"a": 2\n', "key 'a' stands twice, in lines 1 and 2"),
    "three times": ("a: 1\na: 2\n\na: 3\n", "key 'a' stands twice, in lines 2 and 4"),
    "JSON": ('{"a": 1,\n "b": 2,\n "a": 3}', "key 'a' stands twice, in lines 1 and 3"),
}


@pytest.mark.parametrize("case", TWICE)
def test_a_key_that_stands_twice_is_refused_with_its_lines(tmp_path, case):
    text, message = TWICE[case]
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(UserError, match="x.yaml: ") as error:
        read_yaml(tmp_path / "x.yaml")
    assert message in str(error.value)


def test_what_is_merged_or_stands_in_other_mappings_is_not_twice_there(tmp_path):
    text = "a: &a {x: 1, y: {x: 2}}\nb:\n  <<: *a\n  x: 3\nc: [*a, *a]\n"
    (tmp_path / "x.yaml").write_text(text)
    assert read_yaml(tmp_path / "x.yaml")["b"] == {"x": 3, "y": {"x": 2}}


OURS = sorted(path for folder in ("config", "resources") for path in (REPOSITORY / folder).rglob("*.yaml"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_own_files_are_read_as_any_parser_reads_them(path):
    assert read_yaml(path) == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1\n", "no YAML"),
        (b"a:\tb: c\n", "no YAML"),
        (b"\xff\xfe\x00a", "no YAML"),
        (b"a: 2024-13-01\n", "month must be in 1..12"),
        (b"a: !!python/object/apply:os.system [true]\n", "no YAML"),
    ],
)
def test_what_is_no_yaml_is_said_with_the_file(tmp_path, content, words):
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(UserError, match="x.yaml: ") as error:
        read_yaml(tmp_path / "x.yaml")
    assert words in str(error.value) and "\n" not in str(error.value)


def test_an_absent_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "no.yaml", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            read_yaml(path)


def test_an_empty_file_is_nothing(tmp_path):
    (tmp_path / "x.yaml").write_text("# nothing\n")
    assert read_yaml(tmp_path / "x.yaml") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: {b: 0123}\n", "key 'a.b': YAML reads 0123 (line 1) as 83; quote a text"),
        ("a:\n  - 1\n  - 010\n", "key 'a.1': YAML reads 010 (line 3) as 8; quote a text"),
        ("a: 24:00:00\n", "key 'a': YAML reads 24:00:00 (line 1) as 86400; quote a text"),
        ("a: 1:30.5\n", "key 'a': YAML reads 1:30.5 (line 1) as 90.5; quote a text"),
        ("a: 00\n", "key 'a': YAML reads 00 (line 1) as 0; quote a text"),
    ],
)
def test_a_number_of_another_base_than_it_seems_is_refused_as_it_stands(tmp_path, text, words):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(UserError, match="x.yaml: ") as error:
        read_yaml(tmp_path / "x.yaml")
    assert words in str(error.value)
    compose(tmp_path / "x.yaml")  # nothing has been read as a number yet


@pytest.mark.parametrize(
    "text", ["0", "-0", "0.5", "0x10", "1_000", "'0123'", "0123a", "089", "a:b", "1e3", "10", ".5"]
)
def test_other_numbers_and_texts_are_as_they_stand(tmp_path, text):
    (tmp_path / "x.yaml").write_text(f"a: {text}\n")
    assert read_yaml(tmp_path / "x.yaml") == yaml.safe_load(f"a: {text}")
