# What the rules share: the plan that the configuration makes, and the names that wildcards can have.
# What each job is made from and told: lib/isr/config/.
import hashlib
import re

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from isr import job_costs
from isr.config.displays import (
    REPORT,
    REPORT_INVENTORY,
    TABLE_ENDS,
    Displays,
    cell_inventory,
    display_inventory,
)
from isr.config.forecast import Forecast
from isr.config.jobs import DOWNLOADS, Jobs, told_inputs
from isr.config.machine import command_line, has_gpu
from isr.config.paths import Layer
from isr.config.reading import read_plan, unshared
from isr.data.corruptions import CLEAN
from isr.dependencies import inherited_digest
from isr.errors import UserError
from isr.inventory import find_damaged
from isr.io import write_text

# Names that a study cannot have, because a rule or a target has them.
RESERVED = [
    "all",
    "download",
    "tables",
    "figures",
    "fetch",
    "fetch_optional",
    "unpack",
    "label",
]
RESERVED += [
    "features",
    "predict",
    "fit",
    "evaluate",
    "tabulate",
    "draw",
    "animate",
    "report",
]

# The command `isr SCRIPT` of the rules: with Snakemake's own Python, unless jobs have environments.
OWN_ENVIRONMENTS = bool(workflow.deployment_settings.deployment_method)
shell.prefix(
    "set -euo pipefail; " + command_line(ROOT, own_python=not OWN_ENVIRONMENTS)
)

# Snakemake fills wildcards into its path, of which braces stand for themselves.
ENVIRONMENT = str(ROOT / "envs/isr.yaml").replace("{", "{{").replace("}", "}}")

# What is configured is laid over the demo, wherever it comes from: files of the command line, that
# of the folder where Snakemake runs, or the workflow that takes this one as a module.
CONFIG = unshared(load_configfile(ROOT / "config/config.yaml"))
update_config(CONFIG, config)
LAYERS = [Layer.read(file, load_configfile) for file in workflow.configfiles]

try:
    PLAN = read_plan(CONFIG, RESERVED, layers=LAYERS)
except UserError as error:
    raise WorkflowError(str(error)) from None

JOBS = Jobs(PLAN)
DISPLAYS = Displays(JOBS)
FORECAST = Forecast(DISPLAYS)

# Jobs that would use a GPU ask for one unless the configuration keeps them from it. Where and how
# often a fit saves itself stands in `resources`, because a change there redoes nothing.
GPU = 0 if PLAN.config.device == "cpu" else 1

# Beside a GPU, the starts of many fits are searched in threads; one is enough for a processor's.
THREADS = 4 if PLAN.config.device == "cuda" else 1

# On one machine they take turns unless --resources gpu=N says how many run at once, each on a GPU of
# its own; only clusters have nodes.
if GPU and workflow.nodes is None and "gpu" not in workflow.global_resources:
    if PLAN.config.device == "cuda" or has_gpu():
        workflow.register_resource("gpu", 1)


def more(least):
    """So much of a resource at the first attempt, twice as much at the second, and so on."""
    return lambda wildcards, attempt: attempt * least


def names(known):
    """Regular expression of some names; for none, one without a match."""
    return "|".join(map(re.escape, known)) or "(?!)"


wildcard_constraints:
    study=names(PLAN.cells),
    dataset=names(PLAN.config.datasets),
    cell="[^/]+",
    batch="[^/]+",
    item="[^/]+",
    labels="[a-z]+",
    features=r"semantic(\+[a-z_]+)?",
    network="[^/]+",
    share="[^/]+",
    part=r"\d+",


def code(script):
    """What an edit of a script, or of the library that it uses, changes; a touch does not."""
    if not PLAN.config.watch_library:
        return ""
    return inherited_digest(ROOT / f"scripts/{script}.py", ROOT / "lib")


def told(settings):
    """The file with what a job is told, as a parameter of its rule.

    Files are named by their content: so another content is another parameter, and commands, plans
    and errors stay short. A plan writes none.
    """

    def file(wildcards):
        content = settings(wildcards)
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        path = Path("resources/settings", f"{digest}.json")
        if not path.exists() and not workflow.output_settings.dryrun:
            write_text(path, content)
        return str(path)

    return file


def told_of(inputs):
    """The file with where that lies which a job is made from, as `told`."""
    return told(lambda wildcards: told_inputs(inputs(wildcards)))


def mending(inventory, inputs):
    """The inputs of a job that is done again where what it made is no longer as it was.

    Snakemake sees that an output is gone, but not that a file in a folder is, or that one was cut
    off.
    """

    def found(wildcards):
        path = inventory.format(**wildcards)
        if find_damaged(Path(path)):
            workflow.dag.forcefiles.add(path)
        return inputs(wildcards)

    return found


def get_corruption(wildcards):
    """Of the pictures whose features lie in a folder."""
    return wildcards.features.partition("+")[2] or CLEAN


def get_share(wildcards):
    """The prediction job of a folder."""
    return PLAN.shares[wildcards.dataset, wildcards.network][wildcards.share]


def get_fit_inputs(wildcards):
    return JOBS.fit_inputs(wildcards.study, wildcards.batch, int(wildcards.part))


def get_evaluate_inputs(wildcards):
    return JOBS.evaluate_inputs(wildcards.study, wildcards.cell)


def get_figure_inputs(wildcards):
    return DISPLAYS.figure_inputs(wildcards.figure)
