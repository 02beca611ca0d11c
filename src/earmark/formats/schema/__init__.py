"""From rows to records and back: fields, columns, messages, spans, and what a format loses."""
