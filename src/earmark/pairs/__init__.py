"""Pair builders: from utterances to preference pairs. One file per builder."""

from earmark.pairs.imitate import imitate_pairs
from earmark.pairs.mined import mine_pairs

BUILDERS = {"imitate": imitate_pairs, "mined": mine_pairs}
