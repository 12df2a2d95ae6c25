rule predict:
    input:
        unpack(lambda wildcards: JOBS.predict_inputs(get_share(wildcards))),
    output:
        directory("resources/predictions/{dataset}/{network}/{share}"),
    log:
        "logs/predict/{dataset}/{network}/{share}.log",
        benchmark="logs/predict/{dataset}/{network}/{share}.tsv",
    conda:
        ENVIRONMENT
    threads: THREADS
    resources:
        gpu=GPU,
        device=PLAN.config.device,
        checkpoint_every=str(PLAN.config.checkpoint_every),
        mem_mb=lambda wildcards, attempt: attempt
        * max(16000 if GPU else 0, JOBS.predict_memory(get_share(wildcards))),
        runtime=lambda wildcards, attempt: FORECAST.predict(
            get_share(wildcards)
        ).minutes(attempt),
    params:
        settings=told(lambda wildcards: JOBS.predict_settings(get_share(wildcards))),
        inputs=told_of(lambda wildcards: JOBS.predict_told(get_share(wildcards))),
        code=code("predict"),
        # A checkpoint is no output: Snakemake would delete it with a job that fails.
        checkpoint="resources/predictions/{dataset}/.checkpoints/{network}/{share}.pt",
    message:
        "Predict {wildcards.dataset}: {wildcards.network}, {wildcards.share}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " isr predict --settings {params.settings:q} --inputs {params.inputs:q}"
        " --device {resources.device:q} --stack-sizes resources/stack_sizes --code={params.code:q}"
        " --checkpoint {params.checkpoint:q} --checkpoint-every {resources.checkpoint_every:q}"
        " --output {output:q} 2>&1 | tee {log[0]:q} >&2"
