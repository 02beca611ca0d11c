"""The two routes of the OpenAI protocol on which a server hears: what is sent, what comes back."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from earmark.endpoint import BodyError, Endpoint, EndpointError, object_of
from earmark.prompting.answer import Answer
from earmark.prompting.messages import Messages
from earmark.storage.digests import of_bytes

# Below it a log-probability in nats is none: servers send such numbers for what they leave out.
LEAST = -1e4
CHAT, TRANSCRIPTIONS = "/chat/completions", "/audio/transcriptions"


def chat(
    endpoint: Endpoint, wavs: Sequence[bytes], messages: Messages, fields: dict[str, Any]
) -> list[Answer]:
    """Ask by chat completion; return `n` answers, cut where the server says so.

    Args:
        endpoint: the server.
        wavs: the clips, one for each audio part of the prompt, in order.
        messages: the prompt; clips take the places of its audio parts.
        fields: decoding, `n` among it; with `logprobs` answers have the log-probabilities that
            the server tells.

    Raises:
        EndpointError: no answer, or one that is not `n` texts.
    """
    left = iter(wavs)
    body = {
        "model": endpoint.model,
        "messages": [_with_sound(message, left) for message in messages],
        "stream": False,
        **fields,
    }

    def read(response: bytes) -> list[Answer]:
        return _choices(_object(response, endpoint), fields["n"], response, endpoint)

    return endpoint.post(CHAT, json.dumps(body).encode(), "application/json", read, _name(wavs))


def transcription(endpoint: Endpoint, wav: bytes, fields: dict[str, Any]) -> list[Answer]:
    """Ask for one transcript; return it. This route does not say if it was cut.

    Args:
        endpoint: the server.
        wav: the clip.
        fields: decoding, and language or prompt if they are to be sent.

    Raises:
        EndpointError: no answer, or one without a text.
    """
    form = {"model": endpoint.model, "response_format": "json", **fields}
    content, kind = multipart(form, wav)

    def read(response: bytes) -> list[Answer]:
        text = _object(response, endpoint).get("text")
        if not isinstance(text, str):
            raise _odd("expected a 'text'", response, endpoint)
        return [Answer(_whole(text, endpoint))]

    return endpoint.post(TRANSCRIPTIONS, content, kind, read, _name([wav]))


def multipart(form: dict[str, Any], wav: bytes) -> tuple[bytes, str]:
    """Write a form with one file, as RFC 7578 has it; return the body and its media type."""
    border = f"earmark-{_name([wav])}"
    parts = []
    for name, value in form.items():
        head = f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        parts.append(f"{head}{value}\r\n".encode())
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="clip.wav"\r\n'
    parts.append(f"{head}Content-Type: audio/wav\r\n\r\n".encode() + wav + b"\r\n")
    parts.append(f"--{border}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={border}"


def _with_sound(message: dict[str, Any], wavs: Iterator[bytes]) -> dict[str, Any]:
    """Put clips in the places of a message's audio parts, in the words of the protocol."""
    if isinstance(message["content"], str):
        return message
    content = [_sound(next(wavs)) if p["type"] == "audio" else p for p in message["content"]]
    return {**message, "content": content}


def _sound(wav: bytes) -> dict[str, Any]:
    data = {"data": b64encode(wav).decode(), "format": "wav"}
    return {"type": "input_audio", "input_audio": data}


def _choices(answer: dict[str, Any], n: int, response: bytes, endpoint: Endpoint) -> list[Answer]:
    """Take `n` answers out of a chat completion, in the order of their indices."""
    choices = answer.get("choices")
    if not isinstance(choices, list):
        raise _odd("expected a list of 'choices'", response, endpoint)
    if not choices:
        raise _odd("expected choices, found an empty list", response, endpoint)
    if len(choices) != n:
        raise _odd(
            f"{n} candidates were requested, got {len(choices)}: the server ignores 'n'. Pass "
            "--one-by-one to ask for each candidate in a request of its own",
            response,
            endpoint,
        )
    try:
        ordered = sorted(choices, key=lambda choice: choice.get("index", 0))
        texts = [choice["message"]["content"] for choice in ordered]
    except (LookupError, TypeError, AttributeError) as error:
        raise _odd("expected a 'message' with 'content' in each choice", response, endpoint) from (
            error
        )
    if not all(isinstance(text, str) for text in texts):
        raise _odd("expected a text in each choice", response, endpoint)
    return [
        Answer(
            _whole(text, endpoint), choice.get("finish_reason") == "length", logps=_logps(choice)
        )
        for text, choice in zip(texts, ordered, strict=True)
    ]


def _logps(choice: dict[str, Any]) -> tuple[float, ...]:
    """Return the log-probabilities of a choice's tokens; none where any is missing or odd."""
    told = choice.get("logprobs")
    tokens = told.get("content") if isinstance(told, dict) else None
    if not isinstance(tokens, list):
        return ()
    found = [one.get("logprob") if isinstance(one, dict) else None for one in tokens]
    known = [float(one) for one in found if isinstance(one, int | float) and LEAST < one <= 0]
    return tuple(known) if len(known) == len(tokens) else ()


def _object(response: bytes, endpoint: Endpoint) -> dict[str, Any]:
    try:
        return object_of(response)
    except BodyError as error:
        raise _odd(str(error), response, endpoint) from error


def _odd(expected: str, response: bytes, endpoint: Endpoint) -> EndpointError:
    said = endpoint.shown(response) or "nothing"
    return EndpointError(
        f"{endpoint.url}: {expected}; is this an OpenAI-compatible server? It said: {said}"
    )


def _whole(text: str, endpoint: Endpoint) -> str:
    endpoint.check_answer(text)
    # Half a surrogate pair is legal JSON and no text; it could not be written to a file.
    return text.encode("utf-8", "replace").decode("utf-8")


def _name(wavs: Sequence[bytes]) -> str:
    return of_bytes(b"".join(wavs))
