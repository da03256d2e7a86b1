"""The shapes of what flows through the model, in the order in which one cell travels.

The tensors are torch's; `arrays.py` is its twin on disk.
"""

from jaxtyping import Bool, Float, Int
from torch import Tensor

Counts = Float[Tensor, "cell gene"]  # raw counts as floats
Values = Float[Tensor, "cell gene"]  # what a head shows the encoder for each gene
Library = Float[Tensor, "cell"]  # library size
SizeFactor = Float[Tensor, "cell"]  # library size over the median of the cell's file
Genes = Float[Tensor, "gene width"]  # identity embeddings
GeneStates = Float[Tensor, "cell gene width"]  # the decoder's representation H
TokenStates = Float[Tensor, "cell token width"]  # the encoder's latent matrix Z, before the bottleneck
Levels = Float[Tensor, "cell token level"]  # one coordinate an FSQ level, or a Gaussian channel
Codes = Int[Tensor, "cell token"]  # FSQ index of each token, 0..K-1 (K is MDLM's mask)
Latents = Float[Tensor, "cell token channel"]  # Gaussian latents
CodeLogits = Float[Tensor, "cell token code"]  # the prior's unnormalised log probabilities
Condition = Float[Tensor, "cell width"]  # what adaLN-Zero is modulated by
Labels = Int[Tensor, "cell"]  # index of a perturbation or a cell type
Times = Float[Tensor, "cell"]  # time of a diffusion or a flow, 0..1
Sequence = Float[Tensor, "cell position width"]  # what a transformer block maps to itself
Mask = Bool[Tensor, "cell token"]  # masked tokens
Loss = Float[Tensor, ""]  # one number
