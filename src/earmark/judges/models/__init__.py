"""Judges that are models: log-probabilities, reward models, sentence encoders.

What needs torch is in `local` and imported when such a judge is made.
"""
