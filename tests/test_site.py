import pytest

from expressionvae import site
from expressionvae.files import UserError
from tests.conftest import REPOSITORY

LINES = {
    "gpu_partition": "gpu", "cpu_partition": "null", "gpu_type": "null", "max_hours": "24", "account": "null",
    "accounting": "false",
}  # fmt: skip


def read(folder, **changes: str):
    path = folder / "site.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in (LINES | changes).items()))
    return site.read(path)


def test_the_profile_s_own_file_is_read():
    ours = site.read(REPOSITORY / "profiles" / "slurm" / "site.yaml")
    assert ours == {
        "gpu_partition": "gpu", "cpu_partition": None, "gpu_type": None, "max_hours": 24.0, "account": None,
        "accounting": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("account", "0123", "0123"),  # YAML: 83
        ("account", "1_000", "1_000"),  # 1000
        ("account", "no", "no"),  # False
        ("account", "1e3", "1e3"),
        ("account", "12:30", "12:30"),  # 750
        ("account", "2024-01-02", "2024-01-02"),  # a date
        ("account", "'null'", "null"),
        ("account", "~", None),
        ("account", "", None),
        ("account", "Null", None),
        ("gpu_partition", "on", "on"),
        ("gpu_partition", "0x10", "0x10"),
        ("gpu_partition", "gpu,gpu-long", "gpu,gpu-long"),
        ("cpu_partition", "7", "7"),
        ("gpu_type", "nvidia_a100-sxm4-80gb", "nvidia_a100-sxm4-80gb"),
        ("max_hours", "0.5", 0.5),
        ("max_hours", "48", 48.0),
        ("max_hours", "'48'", 48.0),
        ("accounting", "yes", True),
        ("accounting", "True", True),
    ],
)
def test_text_stays_text(tmp_path, key, written, meant):
    assert read(tmp_path, **{key: written})[key] == meant


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("max_hours", "1-00:00:00"),
        ("max_hours", "24:00:00"),  # YAML: 86400
        ("max_hours", "0"),
        ("max_hours", "-1"),
        ("max_hours", ".inf"),
        ("max_hours", ".nan"),
        ("max_hours", "nan"),
        ("max_hours", "UNLIMITED"),
        ("max_hours", "null"),
        ("max_hours", "1000000"),
        ("max_hours", "[24]"),
        ("accounting", "maybe"),
        ("accounting", "1"),
        ("accounting", "null"),
        ("gpu_partition", "null"),
        ("gpu_partition", "''"),
        ("gpu_partition", "a b"),
        ("gpu_partition", '"a\\nb"'),
        ("gpu_partition", "[gpu, cpu]"),
        ("cpu_partition", "{a: b}"),
        ("account", '"it\'s"'),
        ("account", '"-x"'),
        ("gpu_type", '"{a}"'),
    ],
)
def test_what_slurm_could_not_take_is_refused_by_key_value_and_example(tmp_path, key, written):
    with pytest.raises(UserError, match=f"site.yaml: {key}: .* is not allowed; expected ") as error:
        read(tmp_path, **{key: written})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "expected a line `key: value` for each of account"),
        ("- gpu\n", "expected a line `key: value`"),
        ("gpu_partition: gpu\ngpus: 1\n", "unknown or missing: account, accounting, cpu_partition, gpu_type, gpus"),
        ("account: a\naccount: b\n", "key 'account' stands twice, in lines 1 and 2"),
        ("account: [\n", "no YAML"),
    ],
)
def test_a_file_of_other_keys_is_refused(tmp_path, content, words):
    (tmp_path / "site.yaml").write_text(content)
    with pytest.raises(UserError, match="site.yaml: ") as error:
        site.read(tmp_path / "site.yaml")
    assert words in str(error.value)


def test_an_absent_file_is_said(tmp_path):
    with pytest.raises(UserError, match="no.yaml: cannot be read: No such file"):
        site.read(tmp_path / "no.yaml")
