# The table of contents: one cell's way from counts to tables.
#   counts -> bins -> latents -> codes -> prior -> sampled codes -> decoded cells -> scores -> tables


report: "workflow/report/workflow.rst"


configfile: f"{workflow.current_basedir}/config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/download.smk"
include: "workflow/rules/screens.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/proteins.smk"
include: "workflow/rules/vae.smk"
include: "workflow/rules/prior.smk"
include: "workflow/rules/baselines.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/composition.smk"
include: "workflow/rules/reversion.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/run.smk"


rule all:
    default_target: True
    input:
        paper_files(),
        report_files(),


onsuccess:
    print(summary())
