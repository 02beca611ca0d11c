"""Files and folders as Earmark writes them: whole or not at all, and never over another's work."""
