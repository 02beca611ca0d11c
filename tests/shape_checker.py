"""The type checker that holds jaxtyping's shapes while testing; whole numbers are numbers."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
