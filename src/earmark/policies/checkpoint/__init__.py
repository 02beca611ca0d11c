"""A checkpoint on disk: what its folder must hold, its hash, its name on the hub."""
