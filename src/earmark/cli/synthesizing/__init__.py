"""What `earmark synthesize` does with texts: its options, and the steps."""
