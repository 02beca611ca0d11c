"""What `earmark validate` looks at, one file per kind of input."""
