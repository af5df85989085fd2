"""What `hub file` prints for a nats-server on another host, and what `deploy/install` does with it."""

from __future__ import annotations

import io
import re
import ssl
import tarfile
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from bancheng.runtime.certificates import issue, names_in
from bancheng.runtime.command import main
from bancheng.runtime.operator_folder import OperatorFolder
from tests.support.plans import Place, plan_text

ROOT: Final = Path(__file__).parents[2]
COUNTY: Final = "tls://county.example:4222"
TOWN: Final = "tls://town.example:4222"
PLAN: Final = plan_text(
    "330109",
    Place(site="county", tier="county", hub_url=COUNTY, code="330109", name="区中心"),
    Place(site="town", tier="town", parent="county", hub_url=TOWN),
)


@pytest.fixture
def folder(tmp_path: Path) -> OperatorFolder:
    """Of a county with a town that has a nats-server of its own; with an authority."""
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    issue(tmp_path / "operator", tmp_path / "tls", ["county.example"], now=datetime.now(UTC))
    folder = OperatorFolder(path=tmp_path)
    assert list(folder.add_tenant(tmp_path / "plan.toml"))
    return folder


def _printed(folder: OperatorFolder, capfdbinary: pytest.CaptureFixture[bytes], *words: str) -> Path:
    """Unpacked, in a folder."""
    assert main(["hub", "file", *words, "--folder", str(folder.path)]) == 0
    unpacked = folder.path / "unpacked"
    with tarfile.open(fileobj=io.BytesIO(capfdbinary.readouterr().out)) as tar:
        assert {each.name: each.mode for each in tar if each.mode & 0o077 == 0} == {"server.key": 0o600}
        tar.extractall(unpacked, filter="data")
    return unpacked


def test_a_towns_server_is_given_its_accounts_and_a_certificate_of_the_county(
    folder: OperatorFolder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    unpacked = _printed(folder, capfdbinary, TOWN, "10.0.0.7")
    written = folder.path / "nats" / "town.example-4222.conf"
    assert (unpacked / "nats.conf").read_bytes() == written.read_bytes()
    assert names_in(unpacked / "server.crt") == ("town.example", "10.0.0.7", "localhost", "127.0.0.1")
    assert (unpacked / "ca.crt").read_bytes() == (folder.path / "operator" / "ca.crt").read_bytes()
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(unpacked / "server.crt", unpacked / "server.key")


def test_a_member_is_given_what_the_first_server_has_and_the_names_of_all(
    folder: OperatorFolder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert list(folder.set_members(COUNTY, ("a.example", "b.example:7222", "c.example")))
    unpacked = _printed(folder, capfdbinary, COUNTY)
    assert (unpacked / "nats.conf").read_bytes() == (folder.path / "nats" / "nats.conf").read_bytes()
    hosts = ("county.example", "a.example", "b.example", "c.example", "localhost", "127.0.0.1")
    assert names_in(unpacked / "server.crt") == hosts


def test_where_certificates_come_from_elsewhere_only_the_configuration_is_given(
    folder: OperatorFolder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for name in ("ca.crt", "ca.key"):
        (folder.path / "operator" / name).unlink()
    assert main(["hub", "file", TOWN, "--folder", str(folder.path)]) == 0
    with tarfile.open(fileobj=io.BytesIO(capfdbinary.readouterr().out)) as tar:
        assert tar.getnames() == ["nats.conf"]


def test_what_the_servers_read_is_written_anew_when_it_was_lost(folder: OperatorFolder) -> None:
    files = sorted((folder.path / "nats").glob("*.conf"))
    before = [file.read_bytes() for file in files]
    assert len(before) == 2
    for file in files:
        file.unlink()
    assert main(["hub", "configure", "--folder", str(folder.path)]) == 0
    assert [file.read_bytes() for file in files] == before


def test_a_hub_file_is_made_although_the_configuration_was_lost(
    folder: OperatorFolder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder.configuration_of(TOWN).unlink()
    assert (_printed(folder, capfdbinary, TOWN) / "nats.conf").read_bytes() == folder.configuration_of(
        TOWN
    ).read_bytes()


def test_a_server_that_nobody_uses_is_refused(
    folder: OperatorFolder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["hub", "file", "tls://other.example:4222", "--folder", str(folder.path)]) == 1
    captured = capfdbinary.readouterr()
    assert captured.out == b""
    assert b"plan.server_unknown" in captured.err
    assert TOWN.encode() in captured.err


def test_a_member_is_started_as_the_page_says_of_the_first() -> None:
    page = (ROOT / "docs" / "ops" / "scaling.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^ {8}services:\n(?: {10}.*\n)+", page, re.MULTILINE)
    script = (ROOT / "deploy" / "install").read_text(encoding="utf-8")
    (written,) = re.findall(r">compose\.override\.yaml <<END\n(.*?)^END$", script, re.MULTILINE | re.DOTALL)
    assert written.replace("\\$", "$").replace('"$3"', '"a"') == textwrap.dedent(shown)
