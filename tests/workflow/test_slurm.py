"""Jobs on a cluster: who asks for a GPU. Needs a SLURM controller and its plugin for Snakemake."""

import re
import shutil
import subprocess

import pytest
from configurations import DEMO_STUDIES

pytestmark = pytest.mark.slurm

CONFIG = {
    "steps": 40,
    "datasets": {"mine": {"kind": "embedded", "items": ["coffee"], "long_side": 48}},
    "studies": {
        **dict.fromkeys(DEMO_STUDIES),
        "mine": {
            "dataset": "mine",
            "settings": {"predictor": "fcn", "features": "rgb+xy", "constraint": "convex"},
            "vary": {"seed": [1, 2]},
        },
    },
}


@pytest.fixture(scope="module")
def cluster():
    if not shutil.which("sinfo") or subprocess.run(["sinfo"], check=False).returncode:
        pytest.skip("no SLURM controller answers here")
    pytest.importorskip("snakemake_executor_plugin_slurm")


@pytest.mark.parametrize(("device", "forced", "gpus"), [("auto", (), 1), ("cpu", ("fit",), 0)])
def test_jobs_that_fit_and_predict_ask_for_one_gpu(cluster, repository, device, forced, gpus):
    """A job for each of two seeds; `cpu` would redo nothing of what `auto` has made."""
    limits = ("--set-resources", "fit:runtime=10", "predict:runtime=10")
    arguments = ("mine", "--profile", "workflow/profiles/slurm", "--verbose", *limits)
    if forced:
        arguments += ("--forcerun", *forced)
    code, output = repository.snakemake(*arguments, config=CONFIG | {"device": device})
    assert code == 0, output
    asked = {"fit": [], "predict": [], "evaluate": []}
    for call in re.findall(r"sbatch call: (.*)", output):
        (rule,) = re.findall(r"--comment \S*rule_(\w+?)_", call)
        asked.setdefault(rule, []).append(re.findall(r"--gpus=(\d+)", call))
    own = [[str(gpus)]] * 2 if gpus else [[]] * 2
    assert asked["fit"] == own
    assert asked["predict"] == ([] if forced else own)
    assert asked["evaluate"] == [[]] * 2
