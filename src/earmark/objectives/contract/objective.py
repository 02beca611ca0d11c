"""An objective as the trainer uses it: its name, its function with all knobs set, its contract."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from earmark.lookup import name_of
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import Contract, contract


@dataclass(frozen=True)
class Objective:
    """What is optimized.

    Attributes:
        name: a name of OBJECTIVES, or that of the user's own function.
        function: a pure function of log-probabilities that returns a Loss.
        contract: the tensors that the function takes and the knobs that it has.
    """

    name: str
    function: Callable[..., Loss]
    contract: Contract

    @classmethod
    def of(cls, function: Callable[..., Loss], name: str = "") -> "Objective":
        """Read the contract from a function's signature.

        Raises:
            KnobError: the function takes a tensor that the trainer does not supply.

        >>> from earmark.objectives.dpo import dpo
        >>> Objective.of(dpo).contract.needs_reference
        True
        """
        return cls(name or name_of(function), function, contract(function))

    def __call__(self, **given: Any) -> Loss:
        """Compute the losses of a batch from tensors given by name."""
        return self.function(**given)
