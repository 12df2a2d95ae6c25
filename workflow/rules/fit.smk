rule fit:
    input:
        script="scripts/fit.py",
        library=library("scripts/fit.py"),
        dataset=get_dataset,
        semantic=get_semantic,
        predictions=get_predictions,
    output:
        fits="results/{study}/{cell}/fits/part-{part}.safetensors",
        history="results/{study}/{cell}/fits/part-{part}.history.parquet",
    log:
        "logs/fit/{study}/{cell}/part-{part}.log",
        benchmark="results/{study}/{cell}/benchmarks/fit-{part}.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        gpu=GPU,
        device=config["device"],
        checkpoint_every=str(config["checkpoint_every"]),
        mem_mb=2000,
        runtime=120,
    params:
        settings=get_cell_settings,
        semantic=option("semantic"),
        predictions=option("predictions"),
        parts=lambda wildcards: count_parts(wildcards.study),
        # A checkpoint is no output: Snakemake would delete it with a job that fails.
        checkpoint="results/{study}/{cell}/.checkpoints/part-{part}.pt",
    message:
        "Fit: {wildcards.study}, {wildcards.cell}, part {wildcards.part}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q}"
        " --dataset {input.dataset} {params.semantic} {params.predictions}"
        " --part {wildcards.part} --parts {params.parts}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {output.fits} --history {output.history} 2>&1 | tee {log[0]} >&2"
