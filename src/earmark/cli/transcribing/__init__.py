"""The two ways of `earmark transcribe`: a model in this process, or a server."""
