"""The tokens of an answer are those that the model writes behind its prompt."""

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from earmark.errors import InputError
from earmark.policies.continuation import continuation_ids
from earmark.policies.families.text import text_policy
from earmark.train.preflight.extreme_rows import check_prompt_ids
from local_tokenizer import TEXTS, local_tokenizer
from text_models import SIZE

TEMPLATE = (
    "{%- for m in messages -%}{{ m['role'] }}:\n{{ m['content'] }}"
    "{{ eos_token if m['role'] == 'assistant' else '\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'assistant:\n' }}{%- endif -%}"
)
PROMPT = [{"role": "user", "content": "hi"}]
# How a blank is put before a text: Llama's normalizer, and both ways of Metaspace.
PREFIXES = ["normalizer", "always", "first"]


def sentencepiece(prefix):
    """Build a tokenizer with the pieces `hi` and `▁hi` that begins texts with a blank."""
    single = [(piece, -5.0) for piece in ["▁", *"asintuer:\n我想"]]
    whole = [("hi", -1.5), ("▁hi", -1.0), ("▁there", -1.0), ("我想", -1.0)]
    tokenizer = Tokenizer(models.Unigram([("<unk>", -9.0), *single, *whole], unk_id=0))
    if prefix == "normalizer":
        blank = normalizers.Replace(" ", "▁")
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), blank])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=prefix, split=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", chat_template=TEMPLATE
    )


@pytest.mark.parametrize("prefix", PREFIXES)
def test_an_answer_goes_on_from_its_prompt_without_a_blank_of_the_tokenizers(prefix):
    tokenizer = sentencepiece(prefix)
    config = AutoConfig.for_model("llama", vocab_size=len(tokenizer), **SIZE)
    policy = text_policy(AutoModelForCausalLM.from_config(config), tokenizer)
    check_prompt_ids(policy, PROMPT, [])
    ids = policy.answer_ids(PROMPT, "hi there")
    assert tokenizer.convert_ids_to_tokens(ids) == ["hi", "▁there", "</s>"]
    whole = tokenizer.apply_chat_template(
        [*PROMPT, {"role": "assistant", "content": "hi there"}], return_dict=False
    )
    assert policy.prompt_ids(PROMPT, []) + ids == whole
    assert tokenizer.convert_ids_to_tokens(policy.answer_ids(PROMPT, "我想")[:-1]) == ["我想"]


def test_a_blank_that_the_tokenizer_puts_behind_special_tokens_is_kept():
    tokenizer = sentencepiece("normalizer")
    ids = continuation_ids(tokenizer, "<s>", "hi")
    assert tokenizer.convert_ids_to_tokens(ids) == ["▁hi"], "so is any text that it was shown"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prompt_whose_end_belongs_to_the_answers_first_token_is_refused(prefix):
    with pytest.raises(InputError, match=r"joins the end of the prompt, 'assistant: ', with"):
        continuation_ids(sentencepiece(prefix), "assistant: ", "hi")


@pytest.mark.parametrize("end", ["<|assistant|>", "assistant:\n", "so: ", "sha"])
@pytest.mark.parametrize("answer", [*TEXTS, "re the library", " a", "Ġ", "▁"])
def test_the_answers_of_byte_level_tokenizers_stay_as_they_are(end, answer):
    tokenizer = local_tokenizer(["<|end|>", "<|assistant|>"], eos_token="<|end|>")
    alone = tokenizer(answer, add_special_tokens=False)["input_ids"]
    assert continuation_ids(tokenizer, end, answer) == alone
