rule fit:
    input:
        unpack(
            lambda wildcards: JOBS.fit_inputs(
                wildcards.study, wildcards.batch, int(wildcards.part)
            )
        ),
    output:
        directory("results/{study}/fits/{batch}/part-{part}"),
    log:
        "logs/fit/{study}/{batch}/part-{part}.log",
        benchmark="logs/fit/{study}/{batch}/part-{part}.tsv",
    conda:
        "../../envs/isr.yaml"
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
        given=options("folders", "semantic", "predictions", "labels", "fits"),
        code=code("fit"),
        # A checkpoint is no output: Snakemake would delete it with a job that fails.
        checkpoint="results/{study}/fits/{batch}/.checkpoints/part-{part}.pt",
    message:
        "Fit {wildcards.study}: {wildcards.batch}, part {wildcards.part}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python scripts/fit.py --settings {params.settings} {params.given}"
        " --device {resources.device} --stack-sizes resources/stack_sizes --code={params.code}"
        " --checkpoint {params.checkpoint:q} --checkpoint-every {resources.checkpoint_every}"
        " --output {output:q} 2>&1 | tee {log[0]:q} >&2"
