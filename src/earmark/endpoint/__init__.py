"""One client for OpenAI-compatible servers: patient, redirected nowhere, silent about its key."""

from earmark.endpoint.body import BodyError, object_of
from earmark.endpoint.client import (
    Again,
    Endpoint,
    EndpointError,
    SettingsError,
    UnreachableError,
)
from earmark.endpoint.credentials import KEY_VARIABLES, key_of_environment

__all__ = [
    "KEY_VARIABLES",
    "Again",
    "BodyError",
    "Endpoint",
    "EndpointError",
    "SettingsError",
    "UnreachableError",
    "key_of_environment",
    "object_of",
]
