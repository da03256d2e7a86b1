"""Where results lie. One decision is one folder level, in the order in which decisions are taken."""

SCREEN = "results/{dataset}"
VAE = "{bottleneck}/{head}/vae-{vae_seed}"
PRIOR = "{prior}-{prior_seed}"
RULE = "{predict}-{sample_seed}"
BASELINE = "baselines/{baseline}-{sample_seed}"
MODEL = "baselines/{baseline}/model-{vae_seed}"  # of another author's; its seed is that of our first stage
RERUN = f"{MODEL}/sample-{{sample_seed}}"

# The same as whole paths, for the rules: screen, VAE, prior, decoded cells, baseline, a re-run
# baseline's model and its cells, and any run with a cells.h5ad.
FOLDERS = (
    SCREEN,
    f"{SCREEN}/{VAE}",
    f"{SCREEN}/{VAE}/{PRIOR}",
    f"{SCREEN}/{VAE}/{PRIOR}/{RULE}",
    f"{SCREEN}/{BASELINE}",
    f"{SCREEN}/{MODEL}",
    f"{SCREEN}/{RERUN}",
    f"{SCREEN}/{{run}}-{{sample_seed}}",
)
