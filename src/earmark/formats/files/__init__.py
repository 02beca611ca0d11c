"""Input files: opened, unpacked, read line by line, their sound stored, bad rows set aside."""
