TABLE_INVENTORY = display_inventory("tables", "{table}")
FIGURE_INVENTORY = display_inventory("figures", "{figure}")


rule tabulate:
    input:
        mending(
            TABLE_INVENTORY,
            lambda wildcards: DISPLAYS.table_inputs(wildcards.table),
        ),
    output:
        files=multiext("results/tables/{table}", *TABLE_ENDS),
        inventory=TABLE_INVENTORY,
    log:
        "logs/tables/{table}.log",
    wildcard_constraints:
        table=names(DISPLAYS.tables),
    conda:
        ENVIRONMENT
    params:
        settings=told(
            lambda wildcards: DISPLAYS.settings(DISPLAYS.tables[wildcards.table])
        ),
        first="results/tables/{table}.csv",
        code=code("make_table"),
    message:
        "Make {output[0]}"
    shell:
        "isr make_table --settings {params.settings:q} --output {params.first:q}"
        " --inventory {output.inventory:q} {output.files:q} 2>&1 | tee {log:q} >&2"


rule draw:
    input:
        unpack(mending(FIGURE_INVENTORY, get_figure_inputs)),
    output:
        files=multiext("results/figures/{figure}", ".png", ".svg"),
        inventory=FIGURE_INVENTORY,
    log:
        "logs/figures/{figure}.log",
    wildcard_constraints:
        figure=names(DISPLAYS.figure_names(animated=False)),
    conda:
        ENVIRONMENT
    params:
        settings=told(
            lambda wildcards: DISPLAYS.settings(DISPLAYS.figures[wildcards.figure])
        ),
        first="results/figures/{figure}.png",
        code=code("draw"),
    message:
        "Make {output[0]}"
    shell:
        "isr draw --settings {params.settings:q} --output {params.first:q}"
        " --inventory {output.inventory:q} {output.files:q} 2>&1 | tee {log:q} >&2"


rule animate:
    input:
        unpack(mending(FIGURE_INVENTORY, get_figure_inputs)),
    output:
        file="results/figures/{figure}.gif",
        inventory=FIGURE_INVENTORY,
    log:
        "logs/figures/{figure}.log",
    wildcard_constraints:
        figure=names(DISPLAYS.figure_names(animated=True)),
    conda:
        ENVIRONMENT
    params:
        settings=told(
            lambda wildcards: DISPLAYS.settings(DISPLAYS.figures[wildcards.figure])
        ),
        code=code("draw"),
    message:
        "Make {output.file}"
    shell:
        "isr draw --settings {params.settings:q} --output {output.file:q}"
        " --inventory {output.inventory:q} {output.file:q} 2>&1 | tee {log:q} >&2"


rule tables:
    input:
        [file for name in DISPLAYS.tables for file in DISPLAYS.table_outputs(name)],


rule figures:
    input:
        [file for name in DISPLAYS.figures for file in DISPLAYS.figure_outputs(name)],


rule report:
    input:
        unpack(mending(REPORT_INVENTORY, lambda wildcards: DISPLAYS.report_inputs())),
    output:
        page=REPORT,
        inventory=REPORT_INVENTORY,
    log:
        "logs/report.log",
    conda:
        ENVIRONMENT
    params:
        settings=told(lambda wildcards: DISPLAYS.report_settings()),
        code=code("report"),
    message:
        "Make {output.page}"
    shell:
        "isr report --settings {params.settings:q} --output {output.page:q}"
        " --inventory {output.inventory:q} {output.page:q} 2>&1 | tee {log:q} >&2"
