rule evaluate:
    input:
        unpack(lambda wildcards: JOBS.evaluate_inputs(wildcards.study, wildcards.cell)),
    output:
        metrics="results/{study}/{cell}/metrics.csv",
        certificates="results/{study}/{cell}/certificates.csv",
        about="results/{study}/{cell}/cell.json",
        masks=directory("results/{study}/{cell}/masks"),
        predictor=directory("results/{study}/{cell}/predictor"),
        outlines=directory("results/{study}/{cell}/outlines"),
    log:
        "logs/evaluate/{study}/{cell}.log",
        benchmark="logs/evaluate/{study}/{cell}.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        mem_mb=more(4000),
        runtime=lambda wildcards, attempt: FORECAST.evaluate(
            PLAN.cell(wildcards.study, wildcards.cell)
        ).minutes(attempt),
    params:
        settings=told(
            lambda wildcards: JOBS.evaluate_settings(wildcards.study, wildcards.cell)
        ),
        given=options("folders", "fits", "semantic", "predictions", "labels"),
        folder="results/{study}/{cell}",
        code=code("evaluate"),
    message:
        "Evaluate {wildcards.study}: {wildcards.cell}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python scripts/evaluate.py --settings {params.settings} {params.given}"
        " --output {params.folder:q} 2>&1 | tee {log[0]:q} >&2"
