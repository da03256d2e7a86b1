import pytest
import yaml
from snakemake.utils import update_config

CONFIGS = {
    "paper": ["config/config.yaml"],
    "demo": ["config/config.yaml", "config/demo.yaml"],
    "small": ["config/config.yaml", "config/small.yaml", "config/screens/kang.yaml"],
    "tiny": ["config/config.yaml", "config/demo.yaml", "tests/workflow/tiny.yaml"],
}


@pytest.fixture(params=CONFIGS)
def config(request, repository) -> dict:
    merged: dict = {}
    for path in CONFIGS[request.param]:
        update_config(merged, yaml.safe_load((repository / path).read_text()))
    return merged
