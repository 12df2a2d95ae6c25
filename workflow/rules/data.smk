rule fetch:
    output:
        f"{DOWNLOADS}/{{file}}",
    log:
        "logs/fetch/{file}.log",
    wildcard_constraints:
        file=names(JOBS.remote),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=told(lambda wildcards: JOBS.fetch_settings(wildcards.file)),
    message:
        "Download {wildcards.file}"
    shell:
        "isr download --settings {params.settings:q} --output {output:q}"
        " 2>&1 | tee {log:q} >&2"


rule fetch_optional:
    output:
        f"{DOWNLOADS}/{{file}}.status.json",
    log:
        "logs/fetch/{file}.status.log",
    wildcard_constraints:
        file=names(JOBS.remote),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=told(lambda wildcards: JOBS.fetch_settings(wildcards.file)),
        file=f"{DOWNLOADS}/{{file}}",
    message:
        "Download {wildcards.file}, if it can be had"
    shell:
        "isr download --settings {params.settings:q} --output {params.file:q}"
        " --optional {output:q} 2>&1 | tee {log:q} >&2"


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
        ENVIRONMENT
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
        "isr unpack --settings {params.settings:q} --name {wildcards.item:q}"
        " --downloads {params.downloads:q} --output {output:q} 2>&1 | tee {log:q} >&2"


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
        ENVIRONMENT
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
        " isr label --settings {params.settings:q} --labels {wildcards.labels:q}"
        " --item {input.item:q} --downloads {params.downloads:q}"
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
        ENVIRONMENT
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
        inputs=told_of(
            lambda wildcards: {
                "items": JOBS.features_items(
                    wildcards.dataset, get_corruption(wildcards)
                )
            }
        ),
        downloads=str(DOWNLOADS),
        code=code("features"),
    message:
        "Make features of {wildcards.dataset}: {wildcards.features}"
    shell:
        "isr features --settings {params.settings:q} --inputs {params.inputs:q}"
        " --downloads {params.downloads:q} --output {output:q} 2>&1 | tee {log:q} >&2"
