"""Where results lie. One decision is one folder level, in the order in which decisions are taken."""

SCREEN = "results/{dataset}"
VAE = "{bottleneck}/{head}/vae-{vae_seed}"
PRIOR = "{prior}-{prior_seed}"
RULE = "{predict}-{sample_seed}"
BASELINE = "baselines/{baseline}-{sample_seed}"

# The same as whole paths, for the rules: screen, VAE, prior, decoded cells, baseline, and any run with a cells.h5ad.
FOLDERS = (
    SCREEN,
    f"{SCREEN}/{VAE}",
    f"{SCREEN}/{VAE}/{PRIOR}",
    f"{SCREEN}/{VAE}/{PRIOR}/{RULE}",
    f"{SCREEN}/{BASELINE}",
    f"{SCREEN}/{{run}}-{{sample_seed}}",
)
