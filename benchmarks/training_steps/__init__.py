"""One training step of several trainers, on the same weights and the same batch."""
