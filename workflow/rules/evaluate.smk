rule evaluate:
    input:
        script="scripts/evaluate.py",
        library=library("scripts/evaluate.py"),
        dataset=get_dataset,
        semantic=get_semantic,
        predictions=get_predictions,
        fits=get_fits,
    output:
        metrics="results/{study}/{cell}/metrics.csv",
        certificates="results/{study}/{cell}/certificates.csv",
        masks=directory("results/{study}/{cell}/masks"),
        predictor=directory("results/{study}/{cell}/predictor"),
        outlines=directory("results/{study}/{cell}/outlines"),
    log:
        "logs/evaluate/{study}/{cell}.log",
        benchmark="results/{study}/{cell}/benchmarks/evaluate.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=get_cell_settings,
        semantic=option("semantic"),
        predictions=option("predictions"),
        folder="results/{study}/{cell}",
    message:
        "Evaluate: {wildcards.study}, {wildcards.cell}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q}"
        " --dataset {input.dataset} {params.semantic} {params.predictions}"
        " --fits {input.fits} --output {params.folder} 2>&1 | tee {log[0]} >&2"
