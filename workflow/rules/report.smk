for kind in ("table_1", "table_3"):

    rule:
        name:
            f"tabulate_{kind}"
        input:
            script="scripts/tables.py",
            library=library("scripts/tables.py"),
            metrics=lambda wildcards: cell_files(
                TABLES[wildcards.table]["study"], "metrics.csv"
            ),
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
            settings=get_table_settings,
        message:
            "Make {output.csv}"
        shell:
            "python {input.script} --settings {params.settings:q} --metrics {input.metrics}"
            " --output {output.csv} 2>&1 | tee {log} >&2"


for kind in ("figure_5", "figure_9a", "figure_11"):

    rule:
        name:
            f"draw_{kind}"
        input:
            unpack(get_figure_inputs),
            script="scripts/figures.py",
            library=library("scripts/figures.py"),
        output:
            png=report(
                "results/figures/{figure}.png",
                caption=f"../report/{kind}.rst",
                category="Figures",
                labels={"figure": "{figure}"},
            ),
            svg="results/figures/{figure}.svg",
        log:
            "logs/figures/{figure}.log",
        wildcard_constraints:
            figure=names_of(FIGURES, kind),
        conda:
            "../../envs/isr.yaml"
        params:
            settings=get_figure_settings,
            metrics=option("metrics"),
        message:
            "Make {output.png}"
        shell:
            "python {input.script} --settings {params.settings:q} {params.metrics}"
            " --output {output.png} 2>&1 | tee {log} >&2"


rule tables:
    input:
        expand("results/tables/{table}.csv", table=TABLES),


rule figures:
    input:
        figure_files(FIGURES),


rule report:
    input:
        script="scripts/report.py",
        library=library("scripts/report.py", "reporting/*.jinja", "reporting/*.toml"),
        captions=sorted(
            {*get_captions(TABLES).values(), *get_captions(FIGURES).values()}
        ),
        datasets=expand("resources/datasets/{dataset}", dataset=DATASETS),
        metrics=[file for study in CELLS for file in cell_files(study, "metrics.csv")],
        certificates=[
            file for study in CELLS for file in cell_files(study, "certificates.csv")
        ],
        masks=[f"{cell}/masks" for cell in THUMBNAILS],
        galleries=[
            file
            for study in GALLERIES
            for name in ("metrics.csv", "certificates.csv", "masks")
            for file in case_files(study, name)
        ],
        gallery_pictures=[
            folder for study in GALLERIES for folder in get_gallery_pictures(study)
        ],
        video_cells=[
            file
            for study in VIDEO_STUDIES
            for name in ("metrics.csv", "certificates.csv")
            for file in video_cell_files(study, name)
        ],
        videos=[folder for study in VIDEO_STUDIES for folder in shown_folders(study)],
        tables=expand("results/tables/{table}.html", table=TABLES),
        figures=figure_files(FIGURES),
    output:
        "results/report.html",
    log:
        "logs/report.log",
    conda:
        "../../envs/isr.yaml"
    params:
        settings=get_report_settings,
    message:
        "Make {output}"
    shell:
        "python {input.script} --settings {params.settings:q}"
        " --output {output} 2>&1 | tee {log} >&2"
