"""Write for a card how its model is loaded: with transformers and peft, and with Earmark."""

import json
import shlex
from pathlib import Path
from typing import NamedTuple

import transformers

from earmark.display import visible
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.load import SHIPPED
from earmark.policies.policy import Policy

ADAPTER = """\
from peft import PeftModel
from transformers import AutoProcessor, {class_name}
{imports}
base = {base}
model = {class_name}.from_pretrained(base, dtype="auto"{options})
model = PeftModel.from_pretrained(model, {folder})
processor = AutoProcessor.from_pretrained(base{options})
"""
WHOLE = """\
from transformers import AutoProcessor, {class_name}

model = {class_name}.from_pretrained({folder}, dtype="auto"{options})
processor = AutoProcessor.from_pretrained({folder}{options})
"""


class Loading(NamedTuple):
    """How a base model is loaded.

    Attributes:
        class_name: its class in transformers.
        remote_code: whether the class comes with the model as Python code.
        own_lora: whether it needs a LoRA of its own for speech, which Earmark merges and plain
            transformers does not.
    """

    class_name: str
    remote_code: bool = False
    own_lora: bool = False


def loading_of(policy: Policy) -> Loading:
    """Say how the network of a policy is loaded; a class that transformers lacks is remote code."""
    # FSDP2 puts its own name before that of the class.
    name = type(policy.network).__name__.removeprefix("FSDP")
    own_lora = policy.facts.speech_lora is not None
    if hasattr(transformers, name):
        return Loading(name, own_lora=own_lora)
    return Loading("AutoModelForCausalLM", remote_code=True, own_lora=own_lora)


def shown_base(base: str) -> str:
    """Name a base model without the folders of this machine.

    >>> shown_base("Qwen/Qwen2-Audio-7B-Instruct"), shown_base("tiny-base")
    ('Qwen/Qwen2-Audio-7B-Instruct', 'tiny-base')
    >>> shown_base("/home/me/models/qwen")
    'path/to/qwen'
    """
    if base in SHIPPED or _on_hub(base):
        return _on_one_line(base)
    return f"path/to/{_on_one_line(Path(base).name)}"


def _on_one_line(name: str) -> str:
    """Show the control characters of a name, line ends too: a command is one line."""
    return visible(name).replace("\n", "‹U+000A›")


def _on_hub(base: str) -> bool:
    """Return whether a model has the form of a hub id and is no folder here."""
    name = hub_name(base).name
    return not Path(base).exists() and name.count("/") == 1 and not name.startswith((".", "/", "~"))


def python_code(loading: Loading, base: str, folder: str, *, adapter: bool) -> str:
    """Write Python code that loads a model with transformers, and an adapter with peft.

    Args:
        loading: the model's class.
        base: what was trained: a hub id (NAME or NAME@REVISION), a folder or `tiny-base`.
        folder: the name of the folder that the card is in.
        adapter: whether that folder holds an adapter rather than a whole model.
    """
    options = ", trust_remote_code=True" * loading.remote_code
    named, imports = hub_name(shown_base(base)), ""
    value = json.dumps(named.name, ensure_ascii=False)
    if base in SHIPPED:
        imports = "from importlib.resources import files\n"
        value = f'str(files("earmark") / "{SHIPPED[base]}")'
    if adapter and named.revision:
        options = f", revision={json.dumps(named.revision)}{options}"
    code = ADAPTER if adapter else WHOLE
    return code.format(
        class_name=loading.class_name,
        imports=imports,
        base=value,
        folder=json.dumps(f"path/to/{_on_one_line(folder)}", ensure_ascii=False),
        options=options,
    )


def commands(base: str, folder: str, *, adapter: bool) -> str:
    """Write the commands of Earmark that transcribe, score and, of an adapter, export."""
    path = shlex.quote(f"path/to/{_on_one_line(folder)}")
    model = f"{shlex.quote(shown_base(base))} --adapter {path}" if adapter else path
    lines = [
        f"earmark transcribe --model {model} --utterances test.jsonl --out hyp.jsonl",
        "earmark score --truth test.jsonl --hyp hyp.jsonl --json score.json",
    ]
    if adapter:
        lines.append(f"earmark export --adapter {path} --out merged --scores score.json")
    return "\n".join(lines)
