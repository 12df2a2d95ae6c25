# What the rules share: the plan that the configuration makes, and the names that wildcards can have.
# What each job is made from and told: lib/isr/config/.
import hashlib
import re
import shlex

from snakemake.exceptions import WorkflowError

from isr import job_costs
from isr.config.displays import Displays
from isr.config.forecast import Forecast
from isr.config.jobs import DOWNLOADS, Jobs
from isr.config.machine import has_gpu
from isr.config.reading import read_plan
from isr.data.corruptions import CLEAN
from isr.dependencies import inherited_digest
from isr.errors import UserError
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

try:
    PLAN = read_plan(config, RESERVED)
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
    return inherited_digest(Path(f"scripts/{script}.py"), Path("lib"))


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


def options(*keys):
    """Command line options for inputs that a job may lack, as a parameter of a rule.

    Folders of items are the inputs `folders`, since `items` has a meaning of its own in Snakemake.
    """

    def given(wildcards, input):
        found = {key: input.get(key) for key in keys if input.get(key)}
        lists = {
            key: [files] if isinstance(files, str) else list(files)
            for key, files in found.items()
        }
        return " ".join(
            f"--{'items' if key == 'folders' else key} {shlex.join(files)}"
            for key, files in lists.items()
        )

    return given


def get_corruption(wildcards):
    """Of the pictures whose features lie in a folder."""
    return wildcards.features.partition("+")[2] or CLEAN


def get_share(wildcards):
    """The prediction job of a folder."""
    return PLAN.shares[wildcards.dataset, wildcards.network][wildcards.share]
