"""Model families: one file each; the only code that knows a model class."""
