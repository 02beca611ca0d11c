"""Training: shared-prefix batches, caches, proofs, and a thin trainer."""
