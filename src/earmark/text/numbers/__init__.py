"""Numbers: written out, put in words, and one of several ways to say a number chosen."""
