"""Where results lie. One decision is one folder level, in the order in which decisions are taken."""

SCREEN = "results/{dataset}"
VAE = "{bottleneck}/{head}/vae-{vae_seed}"
PRIOR = "{prior}-{prior_seed}"
RULE = "{predict}-{sample_seed}"
TRUE = "baselines/true-vs-true-{sample_seed}"
# Of a baseline: the training of a folder with some options, seeded as our first stage is; and the cells of a row.
MODEL = "baselines/{folder}/{training}/model-{vae_seed}"
RERUN = "baselines/{baseline}/model-{vae_seed}/sample-{sample_seed}"

# The same as whole paths, for the rules: screen, VAE, prior, decoded cells, true cells against true cells, a baseline's
# model and cells, and any run with a cells.h5ad.
FOLDERS = (
    SCREEN,
    f"{SCREEN}/{VAE}",
    f"{SCREEN}/{VAE}/{PRIOR}",
    f"{SCREEN}/{VAE}/{PRIOR}/{RULE}",
    f"{SCREEN}/{TRUE}",
    f"{SCREEN}/{MODEL}",
    f"{SCREEN}/{RERUN}",
    f"{SCREEN}/{{run}}-{{sample_seed}}",
)

# A pair that is asked for (`pairs.Pair`): its cell type and its perturbation, as names of folders.
PREDICTIONS = f"{SCREEN}/predictions"
PREDICTION = f"{PREDICTIONS}/{{cell_type}}/{{perturbation}}"
