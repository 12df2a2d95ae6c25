rule fetch:
    input:
        # A newer script is no reason to download again, or to replace a file put there by hand.
        script=ancient("scripts/download.py"),
    output:
        f"{DOWNLOADS}/{{file}}",
    log:
        "logs/fetch/{file}.log",
    wildcard_constraints:
        file="|".join(map(re.escape, REMOTE)) or "(?!)",
    localrule: True
    conda:
        "../../envs/isr.yaml"
    params:
        source=get_source,
    message:
        "Download {wildcards.file}"
    shell:
        "python {input.script} {params.source} --output {output} 2>&1 | tee {log} >&2"


rule fetch_features:
    input:
        script=ancient("scripts/download.py"),
    output:
        f"{DOWNLOADS}/{{file}}.status.json",
    log:
        "logs/fetch/{file}.status.log",
    wildcard_constraints:
        file="|".join(map(re.escape, REMOTE)) or "(?!)",
    localrule: True
    conda:
        "../../envs/isr.yaml"
    params:
        source=get_source,
        file=f"{DOWNLOADS}/{{file}}",
    message:
        "Download {wildcards.file}, if it can be had"
    shell:
        "python {input.script} {params.source} --output {params.file}"
        " --optional {output} 2>&1 | tee {log} >&2"


rule download:
    input:
        [get_archives(name) for name in DATASETS if "url" in config["datasets"][name]],
        [get_published_features(name) for name in DATASETS],
        [get_gallery_downloads(study) for study in GALLERIES],
        [video_downloads(name) for name in VIDEO_SETS],


rule unpack:
    input:
        script="scripts/unpack.py",
        library=library("scripts/unpack.py", "data/embedded_pictures/*.json"),
        archives=lambda wildcards: get_archives(wildcards.dataset),
    output:
        directory("resources/datasets/{dataset}"),
    log:
        "logs/unpack/{dataset}.log",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        settings=get_dataset_settings,
        downloads=DOWNLOADS,
    message:
        "Unpack the pictures of {wildcards.dataset}"
    shell:
        "python {input.script} --settings {params.settings:q} --name {wildcards.dataset}"
        " --downloads {params.downloads} --output {output} 2>&1 | tee {log} >&2"


rule features:
    input:
        script="scripts/features.py",
        library=library("scripts/features.py"),
        dataset="resources/datasets/{dataset}",
        published=lambda wildcards: get_published_features(wildcards.dataset),
    output:
        directory("resources/features/{dataset}/semantic"),
    log:
        "logs/features/{dataset}.log",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=get_dataset_settings,
        downloads=DOWNLOADS,
        raw="--raw-components" if raw_components(config["protocol"]) else "",
    message:
        "Make semantic features of {wildcards.dataset}"
    shell:
        "python {input.script} --settings {params.settings:q} --dataset {input.dataset}"
        " --downloads {params.downloads} {params.raw} --output {output} 2>&1 | tee {log} >&2"
