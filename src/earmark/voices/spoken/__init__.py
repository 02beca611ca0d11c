"""Given texts, spoken: what is spoken by whom, the making of it, and a check by a recogniser."""
