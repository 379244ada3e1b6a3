"""The service's settings come from the environment; secrets are not shown."""

from __future__ import annotations

import pytest

from tracekit.config import ServiceSettings, Settings
from tracekit.errors import ConfigError


def test_settings_are_read_and_the_token_is_not_shown() -> None:
    environ = {
        "TRACEKIT_SERVICE_TOKEN": "secret",
        "TRACEKIT_MAX_REQUEST_BYTES": "1000",
        "TRACEKIT_SUBMISSIONS_PER_MINUTE": "7",
    }
    found = Settings.from_env(environ)
    assert found.service == ServiceSettings("secret", 1000, 7)
    assert "secret" not in repr(found)
    assert Settings.from_env({}).service == ServiceSettings()


@pytest.mark.parametrize("name", ["TRACEKIT_MAX_REQUEST_BYTES", "TRACEKIT_SUBMISSIONS_PER_MINUTE"])
def test_a_malformed_limit_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}='0'"):
        Settings.from_env({name: "0"})
