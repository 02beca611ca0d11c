"""Options that several commands share: how systems are scored, --json, options in a file."""
