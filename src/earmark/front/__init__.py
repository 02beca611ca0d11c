"""The front door for Python: what `import earmark` offers over texts, records and paths."""
