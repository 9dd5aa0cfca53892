"""Signed transparency log (Merkle tree, checkpoints, independent verifier), licence sheets."""

from tocsin.sealing.checkpoint import Checkpoint, with_cosignatures
from tocsin.sealing.commitment import canonical_json, commit, new_salt, opens
from tocsin.sealing.findings import Finding, Verdict
from tocsin.sealing.keys import SigningKey, VerifierKey, read_key_file, write_key_file
from tocsin.sealing.licence_sheet import (
    LicenceSheet,
    SheetVerdict,
    new_nonce,
    read_sheet,
    sheet_code,
    sheet_svg,
    sign_sheet,
    verify_sheet,
)
from tocsin.sealing.logfile import (
    LogFile,
    LoggedLeaf,
    read_kept_commitments,
    read_log_file,
    write_lines,
)
from tocsin.sealing.merkle import EMPTY_ROOT, Frontier, MerkleTree, leaf_hash, node_hash, root_of
from tocsin.sealing.note import Note, NoteRefused
from tocsin.sealing.proofs import ProofRefused, verify_consistency, verify_inclusion
from tocsin.sealing.verifier import verify_log

__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "Finding",
    "Frontier",
    "LicenceSheet",
    "LogFile",
    "LoggedLeaf",
    "MerkleTree",
    "Note",
    "NoteRefused",
    "ProofRefused",
    "SheetVerdict",
    "SigningKey",
    "Verdict",
    "VerifierKey",
    "canonical_json",
    "commit",
    "leaf_hash",
    "new_nonce",
    "new_salt",
    "node_hash",
    "opens",
    "read_kept_commitments",
    "read_key_file",
    "read_log_file",
    "read_sheet",
    "root_of",
    "sheet_code",
    "sheet_svg",
    "sign_sheet",
    "verify_consistency",
    "verify_inclusion",
    "verify_log",
    "verify_sheet",
    "with_cosignatures",
    "write_key_file",
    "write_lines",
]
