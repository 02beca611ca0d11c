"""Audio in and out, synthetic voices, a bilingual grammar, and the corpora made of them."""
