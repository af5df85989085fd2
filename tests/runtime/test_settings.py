from __future__ import annotations

from pathlib import Path

import pytest

from bancheng.runtime.settings import SettingsError, load_settings

NEEDED = {"BANCHENG_DATABASE_URL": "postgresql://service:secret@db/x", "BANCHENG_SITES_DIR": "/srv/sites"}


def test_the_environment_is_read_and_typed() -> None:
    settings = load_settings({**NEEDED, "BANCHENG_PORT": "9000", "BANCHENG_WORKERS": "0", "PATH": "/bin"})
    assert (settings.port, settings.workers, settings.sites_dir) == (9000, False, Path("/srv/sites"))
    assert settings.owner_url is None


def test_a_file_is_read_and_the_environment_goes_first(tmp_path: Path) -> None:
    file = tmp_path / "village.toml"
    file.write_text('port = 7000\nhost = "0.0.0.0"\nworkers = false\n')
    settings = load_settings({**NEEDED, "BANCHENG_CONFIG": str(file), "BANCHENG_PORT": "7001"})
    assert (settings.port, settings.host, settings.workers) == (7001, "0.0.0.0", False)  # noqa: S104 - only compared


@pytest.mark.parametrize(
    ("changed", "code", "setting"),
    [
        ({"BANCHENG_DATABASE_URL": ""}, "settings.missing", "BANCHENG_DATABASE_URL"),
        ({"BANCHENG_PORT": "many"}, "settings.invalid", "BANCHENG_PORT"),
        ({"BANCHENG_PORT": "70000"}, "settings.invalid", "BANCHENG_PORT"),
        ({"BANCHENG_DATABASE_URL": "mysql://user:hidden@db/x"}, "settings.invalid", "BANCHENG_DATABASE_URL"),
        ({"BANCHENG_LOG_FORMAT": "xml"}, "settings.invalid", "BANCHENG_LOG_FORMAT"),
        ({"BANCHENG_PROT": "1"}, "settings.unknown", "BANCHENG_PROT"),
        ({"BANCHENG_CONFIG": "/nowhere.toml"}, "settings.file_unreadable", "BANCHENG_CONFIG"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_is_not_shown(changed: dict[str, str], code: str, setting: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(NEEDED | changed)
    assert (refused.value.code, refused.value.setting) == (code, setting)
    assert "hidden" not in str(refused.value)


def test_an_unknown_name_in_the_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsError) as refused:
        load_settings({**NEEDED, "BANCHENG_CONFIG": str(file)})
    assert refused.value.code == "settings.unknown"


def test_the_local_servers_settings_are_not_ours() -> None:
    assert load_settings({**NEEDED, "BANCHENG_POSTGRES": "postgresql://x"}).port == 8000
