"""Stage 1: a cell's counts to L latent tokens and back (paper section 3.1)."""

from torch import Generator, Tensor, nn

from expressionvae.nn.attention import CrossBlock
from expressionvae.nn.embedding import vectors
from expressionvae.nn.fsq import FSQ
from expressionvae.nn.gaussian import Gaussian
from expressionvae.tensors import Counts, Genes, GeneStates, Library, Loss, SizeFactor, TokenStates, Values
from expressionvae.vae.heads.base import Head


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
        self.value = nn.Sequential(nn.Linear(1, width, bias=False), nn.SiLU(), nn.Linear(width, width, bias=False))
        self.queries = vectors(tokens, width)
        self.context_norm = nn.LayerNorm(width) if context_norm else nn.Identity()
        self.blocks = nn.ModuleList(
            CrossBlock(width, heads, feedforward, dropout, self_attention=True) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, values: Values, genes: Genes) -> TokenStates:
        context = self.context_norm(genes * self.value(values[..., None]))  # [cell gene width]
        states = self.queries.expand(len(values), -1, -1)  # [cell token width]
        for block in self.blocks:
            states = block(states, context)  # [cell token width]
        return self.norm(states)


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
        states = genes.expand(len(tokens), -1, -1)  # [cell gene width]
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
