rule tabulate:
    input:
        lambda wildcards: DISPLAYS.table_inputs(wildcards.table),
    output:
        csv="results/tables/{table}.csv",
        others=multiext("results/tables/{table}", ".html", ".md", ".tex"),
    log:
        "logs/tables/{table}.log",
    wildcard_constraints:
        table=names(DISPLAYS.tables),
    conda:
        "../../envs/isr.yaml"
    params:
        settings=told(
            lambda wildcards: DISPLAYS.settings(DISPLAYS.tables[wildcards.table])
        ),
        code=code("make_table"),
    message:
        "Make {output.csv}"
    shell:
        "python scripts/make_table.py --settings {params.settings}"
        " --output {output.csv} 2>&1 | tee {log} >&2"


rule draw:
    input:
        unpack(lambda wildcards: DISPLAYS.figure_inputs(wildcards.figure)),
    output:
        png="results/figures/{figure}.png",
        svg="results/figures/{figure}.svg",
    log:
        "logs/figures/{figure}.log",
    wildcard_constraints:
        figure=names(DISPLAYS.figure_names(animated=False)),
    conda:
        "../../envs/isr.yaml"
    params:
        settings=told(
            lambda wildcards: DISPLAYS.settings(DISPLAYS.figures[wildcards.figure])
        ),
        code=code("draw"),
    message:
        "Make {output.png}"
    shell:
        "python scripts/draw.py --settings {params.settings}"
        " --output {output.png} 2>&1 | tee {log} >&2"


rule animate:
    input:
        unpack(lambda wildcards: DISPLAYS.figure_inputs(wildcards.figure)),
    output:
        "results/figures/{figure}.gif",
    log:
        "logs/figures/{figure}.log",
    wildcard_constraints:
        figure=names(DISPLAYS.figure_names(animated=True)),
    conda:
        "../../envs/isr.yaml"
    params:
        settings=told(
            lambda wildcards: DISPLAYS.settings(DISPLAYS.figures[wildcards.figure])
        ),
        code=code("draw"),
    message:
        "Make {output}"
    shell:
        "python scripts/draw.py --settings {params.settings}"
        " --output {output} 2>&1 | tee {log} >&2"


rule tables:
    input:
        expand("results/tables/{table}.csv", table=DISPLAYS.tables),


rule figures:
    input:
        [DISPLAYS.figure_file(name) for name in DISPLAYS.figures],


rule report:
    input:
        **DISPLAYS.report_inputs(),
    output:
        "results/report.html",
    log:
        "logs/report.log",
    conda:
        "../../envs/isr.yaml"
    params:
        settings=told(lambda wildcards: DISPLAYS.report_settings()),
        code=code("report"),
    message:
        "Make {output}"
    shell:
        "python scripts/report.py --settings {params.settings}"
        " --output {output} 2>&1 | tee {log} >&2"
