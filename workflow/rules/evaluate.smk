CELL_INVENTORY = cell_inventory("{study}", "{cell}")


rule evaluate:
    input:
        unpack(mending(CELL_INVENTORY, get_evaluate_inputs)),
    output:
        metrics="results/{study}/{cell}/metrics.csv",
        certificates="results/{study}/{cell}/certificates.csv",
        about="results/{study}/{cell}/cell.json",
        masks=directory("results/{study}/{cell}/masks"),
        predictor=directory("results/{study}/{cell}/predictor"),
        outlines=directory("results/{study}/{cell}/outlines"),
        inventory=CELL_INVENTORY,
    log:
        "logs/evaluate/{study}/{cell}.log",
        benchmark="logs/evaluate/{study}/{cell}.tsv",
    conda:
        ENVIRONMENT
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
        inputs=told_of(get_evaluate_inputs),
        folder="results/{study}/{cell}",
        code=code("evaluate"),
    message:
        "Evaluate {wildcards.study}: {wildcards.cell}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " isr evaluate --settings {params.settings:q} --inputs {params.inputs:q}"
        " --output {params.folder:q} --inventory {output.inventory:q} {output.metrics:q}"
        " {output.certificates:q} {output.about:q} {output.masks:q} {output.predictor:q}"
        " {output.outlines:q} 2>&1 | tee {log[0]:q} >&2"
