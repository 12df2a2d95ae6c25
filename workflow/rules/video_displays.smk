for kind in ("table_4", "table_5"):

    rule:
        name:
            f"tabulate_{kind}"
        input:
            script="scripts/video_tables.py",
            library=library("scripts/video_tables.py"),
            metrics=get_video_table_metrics,
        output:
            html=report(
                "results/tables/{table}.html",
                caption=f"../report/{kind}.rst",
                category="Tables",
                labels={"table": "{table}"},
            ),
            csv="results/tables/{table}.csv",
            others=multiext("results/tables/{table}", ".md", ".tex"),
        log:
            "logs/tables/{table}.log",
        wildcard_constraints:
            table=names_of(TABLES, kind),
        conda:
            "../../envs/isr.yaml"
        params:
            settings=get_video_table_settings,
        message:
            "Make {output.csv}"
        shell:
            "python {input.script} --settings {params.settings:q} --metrics {input.metrics}"
            " --output {output.csv} 2>&1 | tee {log} >&2"


for kind in (3, 6, 14, 15, 16, 17, 18, 19):

    rule:
        name:
            f"draw_video_figure_{kind}"
        input:
            unpack(get_video_figure_inputs),
            script="scripts/video_figures.py",
            library=library("scripts/video_figures.py"),
        output:
            png=report(
                "results/figures/{figure}.png",
                caption=f"../report/video_figure_{kind}.rst",
                category="Figures",
                labels={"figure": "{figure}"},
            ),
            svg="results/figures/{figure}.svg",
        log:
            "logs/figures/{figure}.log",
        wildcard_constraints:
            figure=names_of(VIDEO_FIGURES, f"figure_{kind}"),
        conda:
            "../../envs/isr.yaml"
        params:
            settings=get_video_figure_settings,
        message:
            "Make {output.png}"
        shell:
            "python {input.script} --settings {params.settings:q}"
            " --output {output.png} 2>&1 | tee {log} >&2"


rule animate:
    input:
        unpack(get_video_figure_inputs),
        script="scripts/video_figures.py",
        library=library("scripts/video_figures.py"),
    output:
        report(
            "results/figures/{figure}.gif",
            caption="../report/animation.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
    log:
        "logs/figures/{figure}.log",
    wildcard_constraints:
        figure=names_of(VIDEO_FIGURES, "animation"),
    conda:
        "../../envs/isr.yaml"
    params:
        settings=get_video_figure_settings,
    message:
        "Make {output}"
    shell:
        "python {input.script} --settings {params.settings:q}"
        " --output {output} 2>&1 | tee {log} >&2"
