"""Check a reversion screen and cut it to the genes of a training screen, so that encoders read a small file."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.data.downloads import located
    from expressionvae.data.reversion_slice import Wanted, slice_screen
    from expressionvae.proteins.symbols import read_symbol_map

    path, p = located(snakemake.input.screen), snakemake.params
    genes = prepared.genes(snakemake.input.train)
    wanted = Wanted.of(path, p.screen)
    known = {"stated": p.stated, "on_difference": p.screen.get("on_difference", "stop")}
    slice_screen(path, snakemake.output.screen, genes, wanted, symbol_map=read_symbol_map(p.symbol_map), **known)
