"""Protein sequences by gene symbol, from FASTA files."""

import gzip
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from expressionvae.files import UserError
from expressionvae.proteins.symbols import resolve

log = logging.getLogger(__name__)

UNIPROT = re.compile(r"^(sp|tr)\|([^|\s]+)\|")  # https://www.uniprot.org/help/fasta-headers
ENSEMBL = re.compile(r"^\S+ pep .*\bgene:([^\s.]+)")  # ftp.ensembl.org/pub/current_fasta, README of a folder pep
GENCODE = re.compile(r"^ENS[A-Z]*P\d[^|]*\|(?:[^|]*\|){5}([^|]+)\|")  # gencodegenes.org, pc_translations.fa
ILLEGAL = re.compile(r"[^A-Z*]")  # every letter is an IUPAC amino-acid code, * is a stop
NUCLEOTIDES = "ACGTUN"
MOST_NUCLEOTIDES = 0.9  # of the letters of a file; in human proteins these six are a quarter
LONG = 60  # a record of so many letters that are all nucleotides' is no protein, whatever the others are


@dataclass(frozen=True)
class Fasta:
    """Sequences by symbol; `duplicates` records lost to another of their symbol, `nameless` had no symbol."""

    sequences: dict[str, str]
    duplicates: int
    nameless: int
    example: str  # header of the first record that names a gene


def read_fasta(path: str | Path) -> Fasta:
    """Read a FASTA file (plain or gzip) keyed by gene symbol.

    Headers are `>SYMBOL ...`, UniProt's `>sp|P12345|NAME_HUMAN ... GN=SYMBOL ...`, Ensembl's `>ENSP... pep ...
    gene:ENSG... gene_symbol:SYMBOL ...` (without a symbol: the gene's identifier) or GENCODE's, with the symbol in
    the seventh field of a name in `|`. Of several records of one symbol, reviewed (sp) beats unreviewed (tr),
    canonical beats isoform (P12345-2); of Ensembl's and GENCODE's, which name no canonical one, protein-coding beats
    others and longer beats shorter; then first beats later.

    Raises: UserError when the file is missing, empty or not FASTA, a record is empty, or its sequences are no proteins.
    """
    best: dict[str, tuple[tuple[int, int], str]] = {}
    n_records = nameless = 0
    example, letters = "", _Letters(path)
    for header, sequence in records(Path(path)):
        n_records += 1
        letters.add(header, sequence)
        symbol, rank, isoforms = symbol_of(header)
        if symbol is None:
            nameless += 1
            continue
        example = example or header
        place = (rank, -len(sequence) if isoforms else 0)
        if symbol not in best or place < best[symbol][0]:
            best[symbol] = (place, sequence)
    letters.check()
    if not best:
        raise UserError(f"{path}: no record names a gene; expected '>SYMBOL ...' or '>sp|... GN=SYMBOL ...'")
    sequences = {symbol: sequence for symbol, (_, sequence) in best.items()}
    return Fasta(sequences, n_records - nameless - len(sequences), nameless, example)


def symbol_of(header: str) -> tuple[str | None, int, bool]:
    """Gene symbol of a header line without its '>', its rank, and whether the longest record of a rank is to be taken.

    Rank: 0 canonical or protein-coding, 1 isoform or of another biotype, 2 unreviewed.
    """
    if uniprot := UNIPROT.match(header):
        gene = re.search(r"\bGN=(\S+)", header)
        rank = 2 if uniprot[1] == "tr" else int("-" in uniprot[2])
        return (gene[1] if gene else None), rank, False
    if ensembl := ENSEMBL.match(header):
        symbol = re.search(r"\bgene_symbol:(\S+)", header)
        biotype = re.search(r"\btranscript_biotype:(\S+)", header)
        return (symbol or ensembl)[1], int(biotype is not None and biotype[1] != "protein_coding"), True
    if gencode := GENCODE.match(header):
        return gencode[1], 0, True
    return header.split()[0], 0, False


class _Letters:
    """Whether the sequences of a file are nucleotides, which are letters of amino acids too."""

    def __init__(self, path: str | Path):
        self.path, self.all, self.nucleotides, self.first = path, 0, 0, ""

    def add(self, header: str, sequence: str) -> None:
        name, number = header.split()[0], sum(map(sequence.count, NUCLEOTIDES))
        if number == len(sequence) >= LONG:
            raise UserError(f"{self.path}: record '{name}' is a sequence of nucleotides; {_PROTEINS}")
        self.first = self.first or name
        self.all, self.nucleotides = self.all + len(sequence), self.nucleotides + number

    def check(self) -> None:
        if self.nucleotides > MOST_NUCLEOTIDES * self.all:
            share = f"{self.nucleotides / self.all:.0%} of the letters (the first record: '{self.first}') are"
            raise UserError(f"{self.path}: {share} {', '.join(NUCLEOTIDES)}: sequences of nucleotides; {_PROTEINS}")


_PROTEINS = "expected proteins, such as UniProt's proteome or Ensembl's *.pep.all.fa"


def records(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (header without '>', upper-case sequence without closing stop) of each record of a FASTA file."""
    header, parts = None, []
    for number, line in enumerate(_lines(path), start=1):
        if line.startswith(">"):
            if header is not None:
                yield header, _sequence(path, header, parts)
            header, parts = line[1:].strip(), []
            if not header:
                raise UserError(f"{path}: line {number}: a '>' without a name; expected '>SYMBOL'")
        elif line.strip():
            if header is None:
                raise UserError(f"{path}: not FASTA: line {number} stands before the first '>'")
            parts.append(line.strip())
    if header is None:
        raise UserError(f"{path}: empty; expected a FASTA file of protein sequences")
    yield header, _sequence(path, header, parts)


def _lines(path: Path) -> Iterator[str]:
    try:
        with open(path, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
        with (gzip.open if zipped else open)(path, "rt", encoding="utf-8") as lines:
            yield from lines
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; expected a FASTA file of protein sequences") from None
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, OSError) as error:
        raise UserError(f"{path}: not a FASTA file, or cut short ({error})") from None


def _sequence(path: Path, header: str, parts: list[str]) -> str:
    sequence = "".join(parts).upper().rstrip("*")
    bad = ILLEGAL.search(sequence)
    if bad:
        where = f"record '{header.split()[0]}', residue {bad.start() + 1}"
        raise UserError(f"{path}: {where}: illegal character {bad[0]!r}; expected amino-acid letters")
    if not sequence:
        raise UserError(f"{path}: record '{header.split()[0]}' has no sequence")
    return sequence


def choose(
    sequences: Mapping[str, str], wanted: Iterable[str], symbol_map: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Sequences of the wanted genes under the file's symbols (sorted), and the wanted symbols without one."""
    wanted = sorted(set(wanted))
    found = {symbol: resolve(symbol, sequences, symbol_map) for symbol in wanted}
    chosen = sorted({name for name in found.values() if name is not None})
    return {name: sequences[name] for name in chosen}, [symbol for symbol in wanted if found[symbol] is None]


def report(path: str | Path, fasta: Fasta, chosen: Mapping[str, str], missing: list[str]) -> None:
    """Say how many sequences there are, how many are used, and name the genes that have none."""
    left_out = f"{fasta.duplicates} duplicates and {fasta.nameless} records without a gene left out"
    log.info(f"{path}: {len(fasta.sequences):,} proteins ({left_out}); {len(chosen):,} to embed")
    if missing:
        log.info(f"  {len(missing)} genes without a sequence: {', '.join(missing)}")
