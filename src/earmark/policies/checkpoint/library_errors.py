"""Turn what libraries raise on a model's files into one message with the file and the reason."""

from collections.abc import Iterator
from contextlib import contextmanager

from earmark.errors import EarmarkError, InputError

OWN_CODE = (
    "this model comes with Python code of its own, which can do anything on this machine; read "
    "it, and pass --trust-remote-code to run it"
)
LONGEST_REASON = 400


@contextmanager
def one_message(place: str, what: str) -> Iterator[None]:
    """Raise whatever a library raises in this block as an InputError.

    Args:
        place: the file, the folder or the name of the model.
        what: what could not be done, after "cannot be".

    Raises:
        InputError: names the place and the library's reason.
    """
    try:
        yield
    except EarmarkError:
        raise
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise InputError(f"{place}: {OWN_CODE}") from error
        raise InputError(f"{place}: cannot be {what}: {reason_of(error)}") from error
    except BaseException as error:
        # What panics in a library written in Rust is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{place}: cannot be {what}: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """Return what an error says in one line, with its kind where it says little.

    >>> reason_of(KeyError("hidden_size"))
    "KeyError: 'hidden_size'"
    """
    said = " ".join(str(error).split())
    if len(said) > LONGEST_REASON:
        said = said[:LONGEST_REASON] + " ..."
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
