"""Settings: one table, typed, in seconds, with errors that name everything."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import everlink

Run = Callable[[Any], Any]
PACKAGE = Path(__file__).parent.parent


def test_the_typed_settings_are_those_of_the_rust_table() -> None:
    path = PACKAGE / "tools/settings.py"
    spec = importlib.util.spec_from_file_location("tools_settings", path)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    made = tool.module()
    there = Path(everlink.settings.__file__).read_text()
    assert made == there, "run: python tools/settings.py > python/everlink/settings.py"


def test_everything_that_is_wrong_is_told_at_once_with_fields(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(everlink.SettingsError) as caught:
            everlink.connect(
                "ws://127.0.0.1:1/",
                backoff_min=-1.0,
                queue="perhaps",  # type: ignore[arg-type]
                stale_afer=3.0,  # type: ignore[call-arg]
            )
        error = caught.value
        assert isinstance(error, ValueError)
        assert [p.setting for p in error.problems] == ["backoff_min", "queue", "stale_afer"]
        assert (error.setting, error.value) == ("backoff_min", "-1")
        assert error.accepted is not None and error.accepted.startswith("0s to 15m")
        assert error.problems[2].accepted == "stale_after"

    run(main())


def test_seconds_words_flags_and_none_are_understood(run: Run) -> None:
    async def main() -> None:
        everlink.connect(
            "ws://127.0.0.1:1/",
            connect_timeout=10.1 + 0.2,
            stale_after=None,
            attempts_max=None,
            queue=False,
            jitter="full",
            backoff_multiplier=1.5,
            headers={"x-test": "1"},
            subprotocols=["a", "b"],
            tls_versions="1.3",
        )
        for value in (float("nan"), float("inf"), 1e300, 1e-9, True):
            with pytest.raises(everlink.SettingsError) as caught:
                everlink.connect("ws://127.0.0.1:1/", connect_timeout=value)
            assert caught.value.setting == "connect_timeout"

    run(main())


def test_req_f05_the_environment_counts_when_it_is_given(run: Run) -> None:
    async def main() -> None:
        environment = {"EVERLINK_URL": "ws://127.0.0.1:1/", "EVERLINK_BACKOFF_MAX": "soon"}
        with pytest.raises(everlink.SettingsError) as caught:
            everlink.connect(environment=environment)
        assert "environment variable EVERLINK_BACKOFF_MAX" in str(caught.value)
        environment["EVERLINK_BACKOFF_MAX"] = "5s"
        assert everlink.connect(environment=environment).state == "closed"
        with pytest.raises(everlink.SettingsError):
            everlink.connect()

    run(main())


def test_a_secret_in_a_url_is_repeated_by_no_error(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(everlink.SettingsError) as caught:
            everlink.connect("http://user:hunter2@127.0.0.1/")
        assert "hunter2" not in repr(caught.value) + str(caught.value.problems)

    run(main())


def test_bounds_that_are_no_keys_are_checked_too(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(everlink.SettingsError) as caught:
            everlink.connect("ws://127.0.0.1:1/", inbox_messages_max=0)
        assert caught.value.setting == "inbox_messages_max"
        assert caught.value.accepted == "1 to 1000000"
        with pytest.raises(everlink.SettingsError):
            everlink.Pool("ws://127.0.0.1:1/", connections_max=0)

    run(main())


@pytest.mark.parametrize("profile", everlink.settings.Profile.__args__)  # type: ignore[attr-defined]
def test_every_profile_makes_a_client(run: Run, profile: Any) -> None:
    async def main() -> None:
        client = everlink.connect("ws://127.0.0.1:1/", profile=profile)
        assert client.info().state == "closed"

    run(main())
