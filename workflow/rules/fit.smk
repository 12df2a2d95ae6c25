rule fit:
    input:
        unpack(get_fit_inputs),
    output:
        directory("results/{study}/fits/{batch}/part-{part}"),
    log:
        "logs/fit/{study}/{batch}/part-{part}.log",
        benchmark="logs/fit/{study}/{batch}/part-{part}.tsv",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        gpu=GPU,
        device=PLAN.config.device,
        checkpoint_every=str(PLAN.config.checkpoint_every),
        mem_mb=more(16000 if GPU else 4000),
        runtime=lambda wildcards, attempt: FORECAST.fit(
            wildcards.study, wildcards.batch, int(wildcards.part)
        ).minutes(attempt),
    params:
        settings=told(
            lambda wildcards: JOBS.fit_settings(
                wildcards.study, wildcards.batch, int(wildcards.part)
            )
        ),
        inputs=told_of(get_fit_inputs),
        code=code("fit"),
        # A checkpoint is no output: Snakemake would delete it with a job that fails.
        checkpoint="results/{study}/fits/{batch}/.checkpoints/part-{part}.pt",
    message:
        "Fit {wildcards.study}: {wildcards.batch}, part {wildcards.part}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " isr fit --settings {params.settings:q} --inputs {params.inputs:q}"
        " --device {resources.device:q} --stack-sizes resources/stack_sizes --code={params.code:q}"
        " --checkpoint {params.checkpoint:q} --checkpoint-every {resources.checkpoint_every:q}"
        " --output {output:q} 2>&1 | tee {log[0]:q} >&2"
