from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bancheng.runtime.provisioning import Founded, found_tenant
from bancheng.runtime.site_files import (
    SiteFile,
    SiteFileError,
    bootstrap_documents,
    is_readable_by_others,
    read_site_file,
    read_site_files,
    to_toml,
    write_site_file,
)
from tests.support.tenants import XIAOSHAN, xiaoshan

HUB = "nats://127.0.0.1:4222"


@pytest.fixture(scope="module")
def founded() -> Founded:
    return found_tenant(xiaoshan(hub_url=HUB, uplinks={"town": "nats://up:1", "village": "nats://up:2"}))


@pytest.fixture
def file(founded: Founded) -> SiteFile:
    return founded.site_files["town"]


def test_what_was_written_is_read_again_by_its_owner_only(tmp_path: Path, file: SiteFile) -> None:
    path = write_site_file(tmp_path / "sites", file)
    assert path.name == f"{XIAOSHAN}.toml"
    assert not is_readable_by_others(path)
    assert read_site_files(tmp_path / "sites") == [file]
    assert len(bootstrap_documents(file)) == 3
    path.chmod(0o644)
    assert is_readable_by_others(path)


def test_a_file_that_an_engine_mounts_for_our_group_is_read_by_nobody_else(
    tmp_path: Path, file: SiteFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_site_file(tmp_path / "sites", file)
    path.chmod(0o440)
    assert is_readable_by_others(path), "of a file of our own the group is others"
    another = path.stat().st_uid + 1
    monkeypatch.setattr("os.geteuid", lambda: another)
    assert not is_readable_by_others(path)
    path.chmod(0o444)
    assert is_readable_by_others(path)


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ('site = "town"', 'site = "Town"', "site_file.invalid", "site"),
        ('site = "town"', "", "site_file.invalid", "site"),
        ('tier = "town"', 'tier = "town"\nteir = "x"', "site_file.invalid", "teir"),
        ('url = "nats://up:1"', 'url = "http://up:1"', "site_file.invalid", "uplink.url"),
        ("key_id = ", 'key_id = "short" #', "site_file.invalid", "root.key_id"),
        ('tenant = "330109"', 'tenant = "330108"', "site_file.name", "tenant"),
        ('tenant = "330109"', 'tenant = "330109', "site_file.unreadable", ""),
    ],
)
def test_a_mistake_is_named_by_file_and_field_and_no_secret_is_shown(
    tmp_path: Path, file: SiteFile, old: str, new: str, code: str, field: str
) -> None:
    path = tmp_path / f"{XIAOSHAN}.toml"
    text = to_toml(file)
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(SiteFileError) as refused:
        read_site_file(path)
    assert refused.value.code == code
    assert refused.value.file == path.name
    assert field in f"{refused.value.field} {refused.value.detail}"
    for secret in (file.signing_seed, file.uplink.nkey_seed if file.uplink else ""):
        assert secret not in str(refused.value)


@pytest.mark.parametrize("text", ["", "!!!!", "AAAA", "zzzz" * 9])
def test_a_document_that_is_none_is_named_by_its_place(file: SiteFile, text: str) -> None:
    bad = msgspec.structs.replace(file, documents=(file.documents[0], text))
    with pytest.raises(SiteFileError) as refused:
        bootstrap_documents(bad)
    assert (refused.value.code, refused.value.field) == ("site_file.document", "documents[1]")


def test_a_missing_folder_and_a_missing_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError) as no_folder:
        read_site_files(tmp_path / "nowhere")
    assert no_folder.value.code == "site_file.no_folder"
    with pytest.raises(SiteFileError) as no_file:
        read_site_file(tmp_path / "330109.toml")
    assert no_file.value.code == "site_file.unreadable"
