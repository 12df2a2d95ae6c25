rule predict:
    input:
        script="scripts/predict.py",
        library=library("scripts/predict.py"),
        dataset="resources/datasets/{dataset}",
        semantic=get_semantic,
    output:
        directory("resources/predictions/{dataset}/{predictor}+{features}/seed-{seed}"),
    log:
        "logs/predict/{dataset}/{predictor}+{features}/seed-{seed}.log",
        benchmark="resources/predictions/{dataset}/benchmarks/{predictor}+{features}/seed-{seed}.tsv",
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
        settings=get_prediction_settings,
        semantic=option("semantic"),
        checkpoint=lambda wildcards: (
            f"resources/predictions/{wildcards.dataset}/.checkpoints/"
            f"{wildcards.predictor}+{wildcards.features}/seed-{wildcards.seed}.pt"
        ),
    message:
        "Predict: {wildcards.predictor} on {wildcards.features} of {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q}"
        " --dataset {input.dataset} {params.semantic}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {output} 2>&1 | tee {log[0]} >&2"
