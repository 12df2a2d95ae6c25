rule unpack_video:
    input:
        script="scripts/unpack_video.py",
        library=library("scripts/unpack_video.py"),
        files=get_video_files,
        mapping=get_mapping,
    output:
        directory("resources/videos/{video_set}/{video}"),
    log:
        "logs/unpack_video/{video_set}/{video}.log",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=get_video_settings,
        downloads=DOWNLOADS,
    message:
        "Unpack the video {wildcards.video} of {wildcards.video_set}"
    shell:
        "python {input.script} --settings {params.settings:q} --name {wildcards.video}"
        " --root . --downloads {params.downloads} --output {output} 2>&1 | tee {log} >&2"


rule label_video:
    input:
        script="scripts/label_video.py",
        library=library("scripts/label_video.py"),
        video="resources/videos/{video_set}/{video}",
        published=get_published_labels,
    output:
        directory("resources/labels/{video_set}/{labels}/{video}"),
    log:
        "logs/label_video/{video_set}/{labels}/{video}.log",
        benchmark="resources/labels/{video_set}/benchmarks/{labels}/{video}.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        settings=get_video_settings,
        downloads=DOWNLOADS,
    message:
        "Label: {wildcards.video} of {wildcards.video_set}, {wildcards.labels}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q} --labels {wildcards.labels}"
        " --video {input.video} --downloads {params.downloads}"
        " --output {output} 2>&1 | tee {log[0]} >&2"


rule predict_video:
    input:
        script="scripts/predict_video.py",
        library=library("scripts/predict_video.py"),
        video="resources/videos/{video_set}/{video}",
        labels="resources/labels/{video_set}/{labels}/{video}",
        checkpoints=get_published_networks,
    output:
        directory(
            "resources/video_predictions/{video_set}/{predictor}+{labels}/seed-{seed}/{video}"
        ),
    log:
        "logs/predict_video/{video_set}/{predictor}+{labels}/seed-{seed}/{video}.log",
        benchmark="resources/video_predictions/{video_set}/benchmarks/{predictor}+{labels}/seed-{seed}/{video}.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        gpu=GPU,
        device=config["device"],
        checkpoint_every=str(config["checkpoint_every"]),
        mem_mb=8000,
        runtime=240,
    params:
        settings=get_video_prediction_settings,
        checkpoints=get_networks_option,
        checkpoint=lambda wildcards: (
            f"resources/video_predictions/{wildcards.video_set}/.checkpoints/"
            f"{wildcards.predictor}+{wildcards.labels}/seed-{wildcards.seed}/"
            f"{wildcards.video}.pt"
        ),
    message:
        "Predict: {wildcards.predictor} on {wildcards.video} of {wildcards.video_set}, {wildcards.labels} labels, seed {wildcards.seed}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q}"
        " --video {input.video} --labels {input.labels} {params.checkpoints}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {output} 2>&1 | tee {log[0]} >&2"


rule predict_videos:
    input:
        unpack(get_together_inputs),
        script="scripts/predict_videos.py",
        library=library("scripts/predict_videos.py"),
    output:
        directory(
            "resources/video_predictions/{video_set}/{predictor}+{labels}+together/seed-{seed}"
        ),
    log:
        "logs/predict_videos/{video_set}/{predictor}+{labels}/seed-{seed}.log",
        benchmark="resources/video_predictions/{video_set}/benchmarks/{predictor}+{labels}+together/seed-{seed}.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        gpu=GPU,
        device=config["device"],
        checkpoint_every=str(config["checkpoint_every"]),
        mem_mb=8000,
        runtime=1440,
    params:
        settings=get_together_settings,
        outputs=get_together_outputs,
        checkpoint=lambda wildcards: (
            f"resources/video_predictions/{wildcards.video_set}/.checkpoints/"
            f"{wildcards.predictor}+{wildcards.labels}+together/seed-{wildcards.seed}.pt"
        ),
    message:
        "Predict: {wildcards.predictor} on all videos of {wildcards.video_set} together, {wildcards.labels} labels, seed {wildcards.seed}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q}"
        " --videos {input.videos} --labels {input.labels}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {params.outputs} 2>&1 | tee {log[0]} >&2"


rule fit_video:
    input:
        unpack(get_fit_video_inputs),
        script="scripts/fit_video.py",
        library=library("scripts/fit_video.py"),
    output:
        fits="results/{video_study}/{cell}/fits/part-{part}.safetensors",
        history="results/{video_study}/{cell}/fits/part-{part}.history.parquet",
    log:
        "logs/fit_video/{video_study}/{cell}/part-{part}.log",
        benchmark="results/{video_study}/{cell}/benchmarks/fit-{part}.tsv",
    wildcard_constraints:
        cell="[^/]*_fit~(sequential|spatio-temporal)_[^/]*",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        gpu=GPU,
        device=config["device"],
        checkpoint_every=str(config["checkpoint_every"]),
        mem_mb=2000,
        runtime=240,
    params:
        settings=get_video_cell_settings,
        names=get_part_names,
        parents=get_video_parents,
        # A checkpoint is no output: Snakemake would delete it with a job that fails.
        checkpoint="results/{video_study}/{cell}/.checkpoints/part-{part}.pt",
    message:
        "Fit: {wildcards.video_study}, {wildcards.cell}, part {wildcards.part}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q} --part-videos {params.names}"
        " --videos {params.parents[videos]} --predictions {params.parents[predictions]}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {output.fits} --history {output.history} 2>&1 | tee {log[0]} >&2"


rule finetune_video:
    input:
        unpack(get_finetune_inputs),
        script="scripts/finetune_video.py",
        library=library("scripts/finetune_video.py"),
    output:
        fits="results/{video_study}/{cell}/fits/part-{part}.safetensors",
        history="results/{video_study}/{cell}/fits/part-{part}.history.parquet",
        predictors=directory("results/{video_study}/{cell}/fits/part-{part}.predictors"),
    log:
        "logs/finetune_video/{video_study}/{cell}/part-{part}.log",
        benchmark="results/{video_study}/{cell}/benchmarks/fit-{part}.tsv",
    wildcard_constraints:
        cell="[^/]*_fit~joint_[^/]*",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        gpu=GPU,
        device=config["device"],
        checkpoint_every=str(config["checkpoint_every"]),
        mem_mb=8000,
        runtime=240,
    params:
        settings=get_video_cell_settings,
        names=get_part_names,
        parents=get_video_parents,
        checkpoint="results/{video_study}/{cell}/.checkpoints/part-{part}.pt",
    message:
        "Fine-tune: {wildcards.video_study}, {wildcards.cell}, part {wildcards.part}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q} --part-videos {params.names}"
        " --videos {params.parents[videos]} --labels {params.parents[labels]}"
        " --predictions {params.parents[predictions]} --fits {input.fits}"
        " --device {resources.device}"
        " --checkpoint {params.checkpoint} --checkpoint-every {resources.checkpoint_every}"
        " --output {output.fits} --history {output.history}"
        " --predictors {output.predictors} 2>&1 | tee {log[0]} >&2"


rule evaluate_video:
    input:
        unpack(get_video_evaluation_inputs),
        script="scripts/evaluate_video.py",
        library=library("scripts/evaluate_video.py"),
    output:
        metrics="results/{video_study}/{cell}/metrics.csv",
        certificates="results/{video_study}/{cell}/certificates.csv",
        masks=directory("results/{video_study}/{cell}/masks"),
        predictor=directory("results/{video_study}/{cell}/predictor"),
        outlines=directory("results/{video_study}/{cell}/outlines"),
    log:
        "logs/evaluate_video/{video_study}/{cell}.log",
        benchmark="results/{video_study}/{cell}/benchmarks/evaluate.tsv",
    conda:
        "../../envs/isr.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        settings=get_video_cell_settings,
        parents=get_video_parents,
        predictors=option("predictors"),
        folder="results/{video_study}/{cell}",
    message:
        "Evaluate: {wildcards.video_study}, {wildcards.cell}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python {input.script} --settings {params.settings:q}"
        " --videos {params.parents[videos]} --labels {params.parents[labels]}"
        " --predictions {params.parents[predictions]}"
        " --fits {input.fits} {params.predictors}"
        " --output {params.folder} 2>&1 | tee {log[0]} >&2"
