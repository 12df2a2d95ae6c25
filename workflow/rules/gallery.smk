rule unpack_gallery:
    input:
        script="scripts/unpack_gallery.py",
        library=library("scripts/unpack_gallery.py", "data/gallery_pictures/*"),
        files=get_gallery_files,
    output:
        directory("resources/gallery/{source}/{picture}"),
    log:
        "logs/unpack_gallery/{source}/{picture}.log",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        downloads=GALLERY_DOWNLOADS,
    message:
        "Unpack the gallery's picture {wildcards.picture}"
    shell:
        "python {input.script} --source {wildcards.source} --name {wildcards.picture}"
        " --downloads {params.downloads} --output {output} 2>&1 | tee {log} >&2"


rule fit_gallery:
    input:
        script="scripts/fit_gallery.py",
        library=library("scripts/fit_gallery.py"),
        picture=get_gallery_picture,
    output:
        fits="results/{gallery}/{case}/fits/part-0.safetensors",
        history="results/{gallery}/{case}/fits/part-0.history.parquet",
    log:
        "logs/fit_gallery/{gallery}/{case}.log",
        benchmark="results/{gallery}/{case}/benchmarks/fit.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        gpu=GALLERY_GPU,
        device="cuda" if GALLERY_GPU else "cpu",
        checkpoint_every=str(config["checkpoint_every"]),
        mem_mb=2000,
        runtime=120,
    params:
        settings=get_case_settings,
        # A checkpoint is no output: Snakemake would delete it with a job that fails.
        checkpoint="results/{gallery}/{case}/.checkpoints/part-0.pt",
    message:
        "Fit: {wildcards.gallery}, {wildcards.case}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q} --picture {input.picture}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {output.fits} --history {output.history} 2>&1 | tee {log[0]} >&2"


rule evaluate_gallery:
    input:
        script="scripts/evaluate_gallery.py",
        library=library("scripts/evaluate_gallery.py"),
        picture=get_gallery_picture,
        fits="results/{gallery}/{case}/fits/part-0.safetensors",
    output:
        metrics="results/{gallery}/{case}/metrics.csv",
        certificates="results/{gallery}/{case}/certificates.csv",
        masks=directory("results/{gallery}/{case}/masks"),
        outlines=directory("results/{gallery}/{case}/outlines"),
    log:
        "logs/evaluate_gallery/{gallery}/{case}.log",
        benchmark="results/{gallery}/{case}/benchmarks/evaluate.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=get_case_evaluation_settings,
        folder=lambda wildcards, output: Path(output.metrics).parent,
    message:
        "Evaluate: {wildcards.gallery}, {wildcards.case}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q} --picture {input.picture}"
        " --fits {input.fits} --output {params.folder} 2>&1 | tee {log[0]} >&2"


for kind in (1, 2, 3, 4, 7, 9, 14, 16):

    rule:
        name:
            f"draw_figure_{kind}"
        input:
            unpack(get_gallery_figure_inputs),
            script="scripts/gallery_figures.py",
            library=library("scripts/gallery_figures.py"),
        output:
            png=report(
                "results/figures/{figure}.png",
                caption=f"../report/figure_{kind}.rst",
                category="Figures",
                labels={"figure": "{figure}"},
            ),
            svg="results/figures/{figure}.svg",
        log:
            "logs/figures/{figure}.log",
        wildcard_constraints:
            figure=names_of(GALLERY_FIGURES, f"figure_{kind}"),
        conda:
            "../../envs/isr.yaml"
        params:
            settings=get_gallery_figure_settings,
        message:
            "Make {output.png}"
        shell:
            "python {input.script} --settings {params.settings:q}"
            " --output {output.png} 2>&1 | tee {log} >&2"
