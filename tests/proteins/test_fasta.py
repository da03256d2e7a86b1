"""FASTA in, sequences by symbol out."""

import gzip

import numpy as np
import pytest

from expressionvae.files import UserError
from expressionvae.proteins.fasta import choose, read_fasta

UNIPROT = """>tr|A0A1|A0A1_HUMAN Something OS=Homo sapiens OX=9606 GN=TP53 PE=1 SV=1
MAAA
>sp|P04637-2|P53_HUMAN Isoform 2 of Cellular tumor antigen p53 OS=Homo sapiens OX=9606 GN=TP53
MBBB
>sp|P04637|P53_HUMAN Cellular tumor antigen p53 OS=Homo sapiens OX=9606 GN=TP53 PE=1 SV=4
MEEP
QSDP
>sp|P99999|P53_HUMAN Another OS=Homo sapiens OX=9606 GN=TP53 PE=1 SV=4
MCCC
>sp|Q00001|NONE_HUMAN No gene OS=Homo sapiens OX=9606 PE=1 SV=1
MDDD
"""


ENSEMBL = """>ENSP00000352610.4 pep chromosome:GRCh38:17:7668421:7687490:-1 gene:ENSG00000141510.18 \
transcript:ENST00000359597.8 gene_biotype:protein_coding transcript_biotype:protein_coding gene_symbol:TP53
MEEP
>ENSP00000269305.4 pep chromosome:GRCh38:17:7668421:7687490:-1 gene:ENSG00000141510.18 \
transcript:ENST00000269305.9 gene_biotype:protein_coding transcript_biotype:protein_coding gene_symbol:TP53
MEEPQS
>ENSP00000000001.1 pep chromosome:GRCh38:17:1:2:-1 gene:ENSG00000141510.18 \
transcript:ENST00000000001.1 gene_biotype:protein_coding transcript_biotype:nonsense_mediated_decay gene_symbol:TP53
MEEPQSDPSV
>ENSP00000451515.1 pep chromosome:GRCh38:14:22438547:22438554:1 gene:ENSG00000223997.1 transcript:ENST00000415118.1
EI
"""
GENCODE = """>ENSP00000493376.2|ENST00000641515.2|ENSG00000186092.7|OTTHUMG00000001094.4|-|OR4F5-201|OR4F5|326
MKKV
>ENSP00000409316.1|ENST00000426406.4|ENSG00000284733.2|-|-|HLA-A-201|HLA-A|312
MDGE
"""


def written(tmp_path, text, name="a.fasta"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_plain_headers_are_keyed_by_their_first_word(tmp_path):
    fasta = read_fasta(written(tmp_path, ">A x y\nMK\nLL\n\n>B\nmw*\n"))
    assert fasta.sequences == {"A": "MKLL", "B": "MW"}


def test_reviewed_canonical_sequence_wins_and_the_rest_is_counted(tmp_path):
    fasta = read_fasta(written(tmp_path, UNIPROT))
    assert fasta.sequences == {"TP53": "MEEPQSDP"}
    assert (fasta.duplicates, fasta.nameless) == (3, 1)


def test_ensembl_headers_name_the_symbol_and_the_longest_coding_sequence_wins(tmp_path):
    fasta = read_fasta(written(tmp_path, ENSEMBL))
    assert fasta.sequences == {"TP53": "MEEPQS", "ENSG00000223997": "EI"}
    assert fasta.duplicates == 2 and fasta.example.startswith("ENSP00000352610.4 pep")


def test_gencode_headers_name_the_symbol_in_their_seventh_field(tmp_path):
    assert read_fasta(written(tmp_path, GENCODE)).sequences == {"OR4F5": "MKKV", "HLA-A": "MDGE"}


DNA, LONG = "ATGACCGGTACN", "ATGC" * 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f">A\n{DNA}\n>B\n{DNA.lower()}\n", "100% of the letters (the first record: 'A')"),
        (f">A\n{DNA.replace('T', 'U')}\n", "sequences of nucleotides"),
        (f">A\n{DNA * 2}RY\n", "92% of the letters"),  # codes of two bases
        (f">A\nMKLVEEP\n>B x\n{LONG}\n", "record 'B' is a sequence of nucleotides"),
    ],
)
def test_nucleotides_are_refused_by_name(tmp_path, text, message):
    with pytest.raises(UserError, match="a.fasta: .*expected proteins, such as UniProt's") as error:
        read_fasta(written(tmp_path, text))
    assert message in str(error.value)


def test_a_short_protein_may_look_like_nucleotides(tmp_path):
    assert set(read_fasta(written(tmp_path, ">A\nGATTACA\n>B\nMKLVEEP\n")).sequences) == {"A", "B"}


def test_first_of_two_plain_records_wins(tmp_path):
    fasta = read_fasta(written(tmp_path, ">A\nMK\n>A\nML\n"))
    assert (fasta.sequences, fasta.duplicates) == ({"A": "MK"}, 1)


def test_gzip_is_known_by_its_content(tmp_path):
    (tmp_path / "a.fasta").write_bytes(gzip.compress(b">A\nMK\n"))
    assert read_fasta(tmp_path / "a.fasta").sequences == {"A": "MK"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("symbol,sequence\nA,MK\n", "not FASTA: line 1"),
        (">A\nMK\n>B z\nM-K\n", "record 'B', residue 2: illegal character '-'"),
        (">A\n>B\nMK\n", "record 'A' has no sequence"),
        (">\nMK\n", "line 1: a '>' without a name"),
        (">sp|P1|X_HUMAN no gene\nMK\n", "no record names a gene"),
    ],
)
def test_bad_file_is_refused_by_name(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(UserError, match="a.fasta") as error:
        read_fasta(path)
    assert message in str(error.value)


def test_truncated_gzip_and_missing_file_are_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b">A\n" + np.random.default_rng(0).bytes(999))[:500])
    with pytest.raises(UserError, match="a.gz"):
        read_fasta(tmp_path / "a.gz")
    with pytest.raises(UserError, match="no such file"):
        read_fasta(tmp_path / "absent.fasta")


def test_outdated_symbols_are_mapped_and_unresolved_ones_named():
    chosen, missing = choose({"MARS1": "MK", "TP53": "ML"}, ["TP53", "MARS", "NOPE"], {"MARS": "MARS1"})
    assert chosen == {"MARS1": "MK", "TP53": "ML"}
    assert missing == ["NOPE"]


def test_real_sequences_have_their_known_lengths(shared, repository):
    sequences = read_fasta(shared / "data" / "protein" / "human_string_subset.fasta").sequences
    assert len(sequences) == 2285
    assert (len(sequences["NFKB1"]), len(sequences["IRF1"])) == (969, 325)
