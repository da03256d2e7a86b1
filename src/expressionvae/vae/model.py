"""Stage 1: a cell's counts to L latent tokens and back (paper section 3.1)."""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from expressionvae.nn.attention import CrossBlock, log_counts
from expressionvae.nn.embedding import vectors
from expressionvae.nn.fsq import FSQ
from expressionvae.nn.gaussian import Gaussian
from expressionvae.tensors import Counts, Genes, GeneStates, Library, Loss, SizeFactor, TokenStates, Values
from expressionvae.vae.heads.base import Head

FEW = 8  # zeros that are not worth merging


class Encoder(nn.Module):
    """Learned latent queries look at one token a gene: identity embedding times an MLP of the value.

    `context_norm` puts a LayerNorm on the gene tokens; without it (the authors' way) codes use a handful of
    values for the first thousand steps.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feedforward: int,
        blocks: int,
        dropout: float,
        tokens: int,
        context_norm: bool,
    ):
        super().__init__()
        self.dropout = dropout
        # Without biases, so that the value 0 makes a token of zeros.
        self.value = nn.Sequential(nn.Linear(1, width, bias=False), nn.SiLU(), nn.Linear(width, width, bias=False))
        self.queries = vectors(tokens, width)
        self.context_norm = nn.LayerNorm(width) if context_norm else nn.Identity()
        self.blocks = nn.ModuleList(
            CrossBlock(width, heads, feedforward, dropout, self_attention=True) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, values: Values, genes: Genes) -> TokenStates:
        context, bias = self._merged(values, genes) if self._may_merge(values) else (self._context(values, genes), None)
        states = self.queries[None]  # [1 token width], the same for every cell
        for block in self.blocks:
            states = block(states, context, bias)  # [cell token width]
        return self.norm(states)

    def _context(self, values: Tensor, genes: Tensor) -> Tensor:
        return self.context_norm(genes * self.value(values[..., None]))  # [cell gene width]

    def _may_merge(self, values: Tensor) -> bool:
        """Dropout needs a draw for each gene; a compiled network, and a GPU that is not to wait for the host between
        the steps of a training, need a number of tokens that is known beforehand."""
        needs_all = self.training and (self.dropout > 0 or values.is_cuda)
        return not (needs_all or torch.compiler.is_compiling())

    def _merged(self, values: Tensor, genes: Tensor) -> tuple[Tensor, Tensor | None]:
        """Fewer tokens with the same attention: genes of value 0 have the same token, whatever the gene.

        Each cell keeps as many genes as the richest cell expresses, its own expressed ones among them; what stands for
        all others, as many in every cell, counts as their number (`log_counts`).

        Returns:
            The tokens [cell other width] and the bias of their scores [other].
        """
        expressed = values != 0  # [cell gene]
        most = int(expressed.sum(1).max())
        if (others := values.shape[1] - most) < FEW:
            return self._context(values, genes), None
        kept = expressed.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]  # [cell kept]
        factors = self.value(values.gather(1, kept)[..., None])  # [cell kept width]
        tokens = F.embedding(kept, genes) * factors  # [cell kept width]
        biases = log_counts(others, factors.dtype)
        zeros = tokens.new_zeros(len(tokens), len(biases), tokens.shape[2])
        context = self.context_norm(torch.cat([tokens, zeros], dim=1))  # [cell other width]
        return context, torch.tensor([0.0] * most + biases, device=values.device)


class Decoder(nn.Module):
    """Gene queries look at the tokens.

    `self_attention` among genes is the authors' way and the dominant cost; `slot_embedding` tells the tokens
    apart, without which (the authors' way) permuting a cell's codes changes nothing.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feedforward: int,
        blocks: int,
        dropout: float,
        tokens: int,
        self_attention: bool,
        slot_embedding: bool,
    ):
        super().__init__()
        self.slots = vectors(tokens, width) if slot_embedding else None
        self.blocks = nn.ModuleList(
            CrossBlock(width, heads, feedforward, dropout, self_attention) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: TokenStates, genes: Genes) -> GeneStates:
        context = tokens if self.slots is None else tokens + self.slots  # [cell token width]
        states = genes[None]  # [1 gene width], the same for every cell
        for block in self.blocks:
            states = block(states, context)  # [cell gene width]
        return self.norm(states)


class ExpressionVAE(nn.Module):
    """Encoder, bottleneck, decoder and one output head; the gene table is shared by encoder and decoder."""

    def __init__(
        self,
        genes: int,
        encoder: Encoder,
        bottleneck: FSQ | Gaussian,
        decoder: Decoder,
        head: Head,
        width: int,
    ):
        super().__init__()
        self.genes = vectors(genes, width)
        self.encoder, self.bottleneck, self.decoder, self.head = encoder, bottleneck, decoder, head

    def forward(self, counts: Counts, size_factor: SizeFactor) -> tuple[Loss, Loss]:
        """The head's loss and the bottleneck's penalty."""
        tokens, penalty = self.bottleneck(self.states(counts, size_factor))  # [cell token width]
        return self.head.loss(self.decoder(tokens, self.genes), counts, size_factor), penalty

    def states(self, counts: Counts, size_factor: SizeFactor) -> TokenStates:
        """The encoder's latent matrix Z, before the bottleneck."""
        return self.encoder(self.head.values(counts, size_factor), self.genes)

    def encode(self, counts: Counts, size_factor: SizeFactor) -> Tensor:
        """What stage 2 is trained on: codes [cell token], or Gaussian means [cell token channel]."""
        return self.bottleneck.latents(self.states(counts, size_factor))

    def decode(self, latents: Tensor, panel_library: Library, rule: str, generator: Generator) -> Values:
        """Expression on the linear scale for codes or Gaussian latents."""
        states = self.decoder(self.bottleneck.expand(latents), self.genes)  # [cell gene width]
        return self.head.predict(states, panel_library, rule, generator)
