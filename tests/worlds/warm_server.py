"""Fork processes that have imported what training needs; `warm.py` starts this."""

import torch  # noqa: F401
import transformers.trainer  # noqa: F401
from accelerate.state import PartialState
from accelerate.utils import DistributedType

import earmark.cli.train
import earmark.train.run  # noqa: F401
from earmark.cli import main
from forking import serve


def treat_cpus_as_gpus() -> None:
    """Let accelerate spread weights over CPU processes, which it offers for GPUs alone."""
    start = PartialState.__init__

    def started(self, *args, **kwargs):
        start(self, *args, **kwargs)
        if self.distributed_type == DistributedType.MULTI_CPU:
            self.distributed_type = DistributedType.MULTI_GPU

    PartialState.__init__ = started


if __name__ == "__main__":
    serve(main, treat_cpus_as_gpus)
