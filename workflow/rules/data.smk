rule fetch:
    output:
        f"{DOWNLOADS}/{{file}}",
    log:
        "logs/fetch/{file}.log",
    wildcard_constraints:
        file=names(JOBS.remote),
    localrule: True
    conda:
        "../../envs/isr.yaml"
    params:
        source=lambda wildcards: JOBS.fetch_options(wildcards.file),
    message:
        "Download {wildcards.file}"
    shell:
        "python scripts/download.py {params.source} --output {output} 2>&1 | tee {log} >&2"


rule fetch_optional:
    output:
        f"{DOWNLOADS}/{{file}}.status.json",
    log:
        "logs/fetch/{file}.status.log",
    wildcard_constraints:
        file=names(JOBS.remote),
    localrule: True
    conda:
        "../../envs/isr.yaml"
    params:
        source=lambda wildcards: JOBS.fetch_options(wildcards.file),
        file=f"{DOWNLOADS}/{{file}}",
    message:
        "Download {wildcards.file}, if it can be had"
    shell:
        "python scripts/download.py {params.source} --output {params.file}"
        " --optional {output} 2>&1 | tee {log} >&2"


rule download:
    input:
        JOBS.downloads(),


rule unpack:
    input:
        lambda wildcards: JOBS.unpack_inputs(wildcards.dataset, wildcards.item),
    output:
        directory("resources/datasets/{dataset}/{item}"),
    log:
        "logs/unpack/{dataset}/{item}.log",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=more(2000),
        runtime=more(30),
    params:
        settings=told(
            lambda wildcards: JOBS.unpack_settings(wildcards.dataset, wildcards.item)
        ),
        downloads=str(DOWNLOADS),
        code=code("unpack"),
    message:
        "Unpack {wildcards.item} of {wildcards.dataset}"
    shell:
        "python scripts/unpack.py --settings {params.settings} --name {wildcards.item:q}"
        " --downloads {params.downloads} --output {output:q} 2>&1 | tee {log:q} >&2"


rule label:
    input:
        lambda wildcards: JOBS.label_inputs(
            wildcards.dataset, wildcards.labels, wildcards.item
        ),
        item="resources/datasets/{dataset}/{item}",
    output:
        directory("resources/labels/{dataset}/{labels}/{item}"),
    log:
        "logs/label/{dataset}/{labels}/{item}.log",
        benchmark="logs/label/{dataset}/{labels}/{item}.tsv",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=more(3000),
        runtime=lambda wildcards, attempt: FORECAST.label(
            wildcards.dataset, wildcards.item
        ).minutes(attempt),
    params:
        settings=told(
            lambda wildcards: JOBS.unpack_settings(wildcards.dataset, wildcards.item)
        ),
        downloads=str(DOWNLOADS),
        code=code("label"),
    message:
        "Label {wildcards.item} of {wildcards.dataset}: {wildcards.labels}"
    shell:
        "ISR_BENCHMARK={log.benchmark:q}"
        " python scripts/label.py --settings {params.settings} --labels {wildcards.labels}"
        " --item {input.item:q} --downloads {params.downloads}"
        " --output {output:q} 2>&1 | tee {log[0]:q} >&2"


rule features:
    input:
        lambda wildcards: JOBS.features_inputs(wildcards.dataset),
        folders=lambda wildcards: JOBS.features_items(
            wildcards.dataset, get_corruption(wildcards)
        ),
    output:
        directory("resources/features/{dataset}/{features}"),
    log:
        "logs/features/{dataset}/{features}.log",
    conda:
        "../../envs/isr.yaml"
    resources:
        mem_mb=more(4000),
        runtime=lambda wildcards, attempt: FORECAST.features(
            wildcards.dataset, PLAN.items(wildcards.dataset)
        ).minutes(attempt),
    params:
        settings=told(
            lambda wildcards: JOBS.features_settings(
                wildcards.dataset, get_corruption(wildcards)
            )
        ),
        downloads=str(DOWNLOADS),
        code=code("features"),
    message:
        "Make features of {wildcards.dataset}: {wildcards.features}"
    shell:
        "python scripts/features.py --settings {params.settings} --items {input.folders:q}"
        " --downloads {params.downloads} --output {output:q} 2>&1 | tee {log:q} >&2"
