"""The configuration file of `vllm-bridge serve`, and how it goes together with the flags."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from vllm_bridge.cli import command as cli
from vllm_bridge.pool.ranks.restarts import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Pause,
    Restarts,
)
from vllm_bridge.pool.settings import PoolSettings, ServerSettings, SettingsError
from vllm_bridge.pool.settings.config_file import PoolTable, ServerTable, read
from vllm_bridge.pool.settings.profiles import STANDARD, TimeoutProfile
from vllm_bridge.pool.settings.restart_policy import RestartPolicy

DEFAULTS = PoolSettings()


def settings(tmp_path: Path, text: str, *flags: str) -> ServerSettings:
    """The settings of `vllm-bridge serve --config FILE FLAGS`."""
    file = tmp_path / "pools.toml"
    file.write_text(text)
    arguments = cli.parser().parse_args(["serve", "--config", str(file), *flags])
    return cli._settings(arguments)[1]


def test_keys_are_the_fields_of_the_settings() -> None:
    own = {"allowed_prefixes", "max_message_bytes"}
    assert set(PoolTable.model_fields) - {"allow"} == {f.name for f in fields(PoolSettings)} - own
    known = {f.name for f in fields(ServerSettings)} - {"pools", "profiles", "entry_point"}
    assert known <= set(ServerTable.model_fields)


def test_empty_file_and_no_file_mean_the_defaults(tmp_path: Path) -> None:
    assert settings(tmp_path, "") == ServerSettings()
    assert cli._settings(cli.parser().parse_args(["serve"])) == (
        {"listen": None, "join": None},
        ServerSettings(),
    )


def test_values_of_a_pool(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        """
        [pools.gpu]
        size = 4
        session_idle = 90
        queue_timeout = 2.5
        restart = "3/60"
        allow = ["mine."]
        [pools.cpu]
        queue_timeout = "infinity"
        """,
    ).pools
    assert list(found) == ["default", "gpu", "cpu"]
    assert found["default"] == found["cpu"] == DEFAULTS
    assert found["gpu"].size == 4
    assert found["gpu"].session_idle == timedelta(seconds=90)
    assert found["gpu"].queue_timeout == timedelta(seconds=2.5)
    assert found["gpu"].restart == RestartPolicy(3, timedelta(seconds=60))
    assert found["gpu"].allowed_prefixes == (*DEFAULTS.allowed_prefixes, "mine.")
    assert found["gpu"].max_queue == DEFAULTS.max_queue


def test_flags_go_before_the_file_and_set_the_default_pool(tmp_path: Path) -> None:
    text = "[server]\nattach_grace = 9\n[pools.default]\nsize = 4\nmax_queue = 7\n[pools.gpu]\n"
    found = settings(tmp_path, text, "--size", "1", "--restart", "never", "--attach-grace", "2")
    assert found.pools["default"].size == 1
    assert found.pools["default"].max_queue == 7
    assert found.pools["default"].restart == RestartPolicy(limit=0)
    assert found.pools["gpu"] == DEFAULTS
    assert found.attach_grace == timedelta(seconds=2)
    assert settings(tmp_path, text).attach_grace == timedelta(seconds=9)
    drain = "[server]\ndrain_seconds = 60\n"
    assert settings(tmp_path, "").drain_seconds == timedelta(seconds=10)
    assert settings(tmp_path, drain).drain_seconds == timedelta(minutes=1)
    assert settings(tmp_path, drain, "--drain-seconds", "0.5").drain_seconds.total_seconds() == 0.5


def test_profiles_come_on_top_of_the_standard_ones(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        """
        [profiles.patient]
        call_timeout = "infinity"
        [profiles.default]
        stream_timeout = 60
        """,
    ).profiles
    assert found["patient"] == TimeoutProfile(None, timedelta(seconds=60))
    assert found["default"] == TimeoutProfile(timedelta(seconds=120), timedelta(seconds=60))
    assert found["batch_job"] == STANDARD["batch_job"] == TimeoutProfile(None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pools.gpu]\nsise = 2", "pools.gpu.sise is not a setting; did you mean size?"),
        ("[pool.gpu]\nsize = 2", "pool is not a setting; did you mean pools?"),
        ("[server]\ngrace = 2", "server.grace is not a setting; did you mean attach_grace?"),
        ("[profiles.x]\nqqq = 2", "there are call_timeout, stream_timeout"),
        ("[pools.gpu]\nsize = -1", "pools.gpu.size is -1; it should be greater than or equal to 0"),
        ("[pools.gpu]\nsize = '2'", "pools.gpu.size is '2'; it should be a valid integer"),
        ("[pools.gpu]\nsize = true", "pools.gpu.size is True; it should be a valid integer"),
        ("[pools.gpu]\nsession_idle = 0", "session_idle is 0; it should be a number of seconds"),
        (
            "[server]\ndrain_seconds = 0",
            "drain_seconds is 0; it should be a number of seconds",
        ),
        ("[pools.gpu]\nsession_idle = nan", "session_idle is nan; it should be a number"),
        ("[pools.gpu]\nsession_idle = '1h'", "session_idle is '1h'; it should be a number of"),
        ("[pools.gpu]\nsession_idle = 'infinity'", "session_idle is 'infinity'; it should be a"),
        ("[pools.gpu]\nqueue_timeout = 'x'", 'above 0, or "infinity"'),
        ("[pools.gpu]\nrestart = 'often'", 'should be "never", "always" or "N/SECONDS"'),
        ("[pools.gpu]\nrestart = 3", "pools.gpu.restart is 3; it should be"),
        ("[pools.gpu]\nrestart = '0/60'", "pools.gpu.restart is '0/60'; it should be"),
        ("[pools.gpu]\nallow = 'mine.'", "pools.gpu.allow is 'mine.'; it should be a valid list"),
        ("[pools.'a b']\nsize = 2", "pools.a b is 'a b'; it should be a name"),
        ("pools = 3", "pools is 3; it should be a valid dictionary"),
        ("pools.gpu = 3", "pools.gpu is 3; it should be a table"),
        ("[pools.gpu]\nsize = -1\nmax_queue = -1", "(and 1 more)"),
        ("[pools.gpu\nsize = 2", "is not TOML"),
        ("[pools.gpu]\nheartbeat_timeout = 1", "heartbeat_timeout of pool 'gpu' is 1 s"),
        ("[pools.gpu]\nallow = ['']", "allow of pool 'gpu' has '', which begins no Python name"),
        ("[pools.gpu]\nallow = ['my-pkg.']", "has 'my-pkg.', which begins no Python name"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(cli.UsageError) as caught:
        settings(tmp_path, text)
    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    # What flags say as well is named by its pool.
    of_pool = "heartbeat" in text or "allow = [" in text
    assert of_pool or str(tmp_path / "pools.toml") in message


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read .*none\.toml: No such file"):
        read(tmp_path / "none.toml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not TOML"):
        read(tmp_path / "binary")


def test_restarts_are_counted_within_the_window() -> None:
    now = 0.0
    restarts = Restarts(RestartPolicy.parse("2/60"), lambda: now)
    assert restarts.allow()
    now = 59.0
    assert restarts.allow()
    now = 61.0
    assert restarts.allow(), "the first is 61 s ago"
    assert not restarts.allow()
    now = 1000.0
    assert not restarts.allow(), "who has given up does not begin again"
    assert restarts.total == 3
    assert not Restarts(RestartPolicy.parse("never")).allow()
    assert all(Restarts(RestartPolicy.parse("always")).allow() for _ in range(100))


def test_pause_grows_until_a_rank_has_lived_long_enough() -> None:
    pause = Pause()
    pauses = [pause.after(timedelta(seconds=1)) for _ in range(12)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert pause.after(timedelta(minutes=1)) == timedelta(0)
    assert pause.after(timedelta(seconds=1)) == FIRST_PAUSE
