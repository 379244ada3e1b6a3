"""Settings come from the environment, and a malformed one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.foundation.settings_page import PAGE, page
from tracekit.config import VARIABLES, Settings
from tracekit.errors import ConfigError


def test_defaults_are_those_of_the_system() -> None:
    settings = Settings.from_env({})

    assert settings.database.dsn is None
    assert settings.database.fetchmany_size == 5000
    assert settings.database.call_timeout_ms == 300_000
    assert settings.database.max_concurrent == 5
    assert settings.fetch.max_workers == 2
    assert settings.fetch.cache_skip_cid_threshold == 10_000
    assert settings.trace.cid_limit == 50_000
    assert settings.trace.worker_queue == "trace-events"


def test_the_dsn_is_made_of_its_parts() -> None:
    env = {"DB_HOST": "db.example", "DB_SERVICE": "MES", "DB_USER": "u", "DB_PASSWORD": "p"}

    database = Settings.from_env(env).database

    assert database.dsn == "db.example:1521/MES"
    assert (database.user, database.password) == ("u", "p")


def test_a_password_file_is_read_without_its_newline(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("geheim \n", encoding="utf-8")

    assert Settings.from_env({"DB_PASSWORD_FILE": str(file)}).database.password == "geheim "


def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"DB_PASSWORD_FILE=.*nowhere"):
        Settings.from_env({"DB_PASSWORD_FILE": str(tmp_path / "nowhere")})


@pytest.mark.parametrize("value", ["0", "-1", "5k", "1.5", " 7", "٣"])
def test_a_malformed_number_is_named_with_its_value(value: str) -> None:
    with pytest.raises(ConfigError, match="DB_SLOW_FETCHMANY_SIZE") as caught:
        Settings.from_env({"DB_SLOW_FETCHMANY_SIZE": value})

    assert repr(value) in str(caught.value)


def test_a_host_without_a_service_is_refused() -> None:
    with pytest.raises(ConfigError, match="DB_SERVICE is not set"):
        Settings.from_env({"DB_HOST": "db.example"})


def test_a_port_beyond_the_last_is_refused() -> None:
    with pytest.raises(ConfigError, match="65535"):
        Settings.from_env({"DB_HOST": "h", "DB_SERVICE": "s", "DB_PORT": "70000"})


def test_secrets_are_not_shown() -> None:
    settings = Settings.from_env({"DB_PASSWORD": "geheim", "REDIS_URL": "redis://:geheim@h"})

    assert "geheim" not in repr(settings)


class Recording(dict[str, str]):
    """An environment that notes what is asked of it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.asked: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)


def test_documented_variables_are_the_ones_that_are_read(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("x", encoding="utf-8")
    database = {"DB_HOST": "h", "DB_SERVICE": "s", "DB_PASSWORD_FILE": str(password)}
    environ = Recording(database)
    Settings.from_env(environ)
    documented = [variable.name for group in VARIABLES.values() for variable in group]
    assert sorted(documented) == sorted(environ.asked)


def test_the_page_of_settings_is_made_from_them() -> None:
    hint = "run python -m tests.unit.foundation.settings_page"
    assert PAGE.read_text(encoding="utf-8") == page(), hint


def test_documented_defaults_are_the_real_ones() -> None:
    documented = {one.name: one.default for group in VARIABLES.values() for one in group}
    assert Settings.from_env(documented) == Settings.from_env({})
    for name, default in documented.items():
        if default.isdigit() and name != "DB_PORT":  # which says nothing without DB_HOST
            assert Settings.from_env({name: str(int(default) + 1)}) != Settings.from_env({}), name


def test_a_size_and_a_folder_are_read() -> None:
    trace = Settings.from_env(
        {"TRACEKIT_WORKER_MEMORY_LIMIT": "512MiB", "TRACEKIT_RESULTS_DIR": "/srv/results"}
    ).trace
    assert trace.worker_memory_limit_bytes == 512 * 2**20
    assert trace.results_dir == Path("/srv/results")


@pytest.mark.parametrize(
    ("name", "value"),
    [("TRACEKIT_WORKER_MEMORY_LIMIT", "much"), ("TRACEKIT_RESULTS_DIR", "results")],
)
def test_a_malformed_size_or_folder_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}.*{value}"):
        Settings.from_env({name: value})
