"""Experiments: sweeps over objectives and conditions."""
