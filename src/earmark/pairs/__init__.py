"""Pair builders: from utterances to preference pairs. One file per builder."""
