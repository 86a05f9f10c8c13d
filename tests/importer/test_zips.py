"""Strangers' ZIPs: what is read, and what is refused, against archives of Python's zipfile and of a hex editor."""

import struct
import zipfile
from array import array
from pathlib import Path

import pytest

from shared.errors import InvalidInput
from shared.pictures.unusable import Unusable
from tools.importer.archives import zips
from tools.importer.archives.zips import Archive


def write(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return path


def write_raw_names(path: Path, names: list[bytes], flags: int = 0) -> Path:
    """Write members whose names are bytes as other programs write them."""
    members = {f"{'x' * (len(name) - 4)}{number:04d}": name for number, name in enumerate(names)}
    data = write(path, dict.fromkeys(members, b"data")).read_bytes()
    for placeholder, name in members.items():
        assert data.count(placeholder.encode()) == 2
        data = data.replace(placeholder.encode(), name)
    path.write_bytes(data)
    if flags:
        patch(path, flags=flags)
    return path


def patch(path: Path, **fields: int) -> None:
    """Change a field of the first entry of the list."""
    places = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<L"), "size": (24, "<L"), "offset": (42, "<L")}
    places |= {"external": (38, "<L"), "compressed": (20, "<L")}
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x01\x02")
    for name, value in fields.items():
        offset, form = places[name]
        struct.pack_into(form, data, start + offset, value)
    path.write_bytes(data)


def read_all(path: Path) -> dict[str, bytes]:
    with Archive(path) as archive:
        return {member.name: archive.read(member) for member in archive}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_as_zipfile_wrote_them(tmp_path: Path, method: int) -> None:
    members = {"a.jpg": b"first" * 1000, "folder/b.jpg": b"", "기쁨.jpg": bytes(range(256))}
    assert read_all(write(tmp_path / "a.zip", members, method)) == members


def test_an_archive_with_64_bit_fields_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 50)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    members = {f"{number}.jpg": b"data" * 20 for number in range(5)}
    path = write(tmp_path / "a.zip", members)
    assert b"PK\x06\x06" in path.read_bytes()
    assert read_all(path) == members


def test_70000_members_are_all_found_where_the_end_counts_modulo_65536(tmp_path: Path) -> None:
    names = [f"{number:05d}.jpg".encode() for number in range(70_000)]
    local = b"".join(struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 9, 0) + name for name in names)
    listed = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 39 * number) + name
        for number, name in enumerate(names)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 70_000 % 65536, 70_000 % 65536, len(listed), len(local), 0)
    path = tmp_path / "a.zip"
    path.write_bytes(local + listed + end)
    with Archive(path) as archive:
        members = list(archive)
        assert archive.read(members[-1]) == b""
    assert (len(members), members[0].name, members[-1].name) == (70_000, "00000.jpg", "69999.jpg")


def test_what_stands_before_the_archive_and_behind_it_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"data", "b.jpg": b"more"})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes() + b"\0" * 100)
    assert read_all(path) == {"a.jpg": b"data", "b.jpg": b"more"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_korean_names_are_read_whether_marked_or_not(tmp_path: Path, encoding: str) -> None:
    path = write_raw_names(tmp_path / "a.zip", ["EMOIMG_기쁨_0001.jpg".encode(encoding)])
    assert list(read_all_names(path)) == ["EMOIMG_기쁨_0001.jpg"]
    if encoding == "utf-8":
        assert list(read_all_names(write_raw_names(path, ["기쁨_0001.jpg".encode()], 0x0800))) == ["기쁨_0001.jpg"]


def read_all_names(path: Path) -> list[str]:
    with Archive(path) as archive:
        return [member.name for member in archive]


def test_decomposed_names_of_a_mac_are_composed(tmp_path: Path) -> None:
    import unicodedata

    path = write(tmp_path / "a.zip", {unicodedata.normalize("NFD", "기쁨.jpg"): b"x"})
    assert read_all_names(path) == ["기쁨.jpg"]


@pytest.mark.parametrize(
    "name",
    ["../../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "C:/x.jpg", "C:x.jpg", "..\\x.jpg", "a\\..\\x.jpg", "\\\\h\\x.jpg"],
)
def test_a_name_that_climbs_out_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.zip", {"good.jpg": b"x"})
    path = write_raw_names(tmp_path / "a.zip", [name.encode()])
    with pytest.raises(InvalidInput, match=r"a\.zip: found the member .* points out of the archive"):
        read_all(path)


def test_names_that_only_look_like_it_are_not_refused(tmp_path: Path) -> None:
    names = ["a..b/c.jpg", "...x.jpg", "a/.../b.jpg"]
    assert read_all_names(write(tmp_path / "a.zip", dict.fromkeys(names, b"x"))) == names


def test_a_name_with_a_control_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="points out"):
        read_all(write_raw_names(tmp_path / "a.zip", [b"good.jpg\n\x1b[2J.jpg"]))


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("happy.jpg")
        info.create_system = 3
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    with pytest.raises(InvalidInput, match=r"'happy\.jpg', a link, expected files only"):
        read_all(path)


@pytest.mark.parametrize("flags", [0x0001, 0x0041, 0x2000])
def test_an_encrypted_archive_is_refused(tmp_path: Path, flags: int) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"data"})
    patch(path, flags=flags)
    with pytest.raises(InvalidInput, match=r"'a\.jpg' encrypted, expected an archive without a password"):
        read_all(path)


def test_a_bomb_is_refused_by_its_size_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"x"})
    patch(path, size=2**32 - 2)
    with pytest.raises(InvalidInput, match="of 4,096 MB, expected pictures of at most 64 MB"):
        read_all(path)


def test_a_bomb_of_8_gb_in_64_bits_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file, file.open(zipfile.ZipInfo("a.jpg"), "w", force_zip64=True) as member:
        member.write(b"x")
    large = 8 * 2**30
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02")
    extra = struct.pack("<2HQ", 1, 8, large)
    entry = bytearray(data[at : at + 46 + 5])
    struct.pack_into("<L", entry, 24, 0xFFFFFFFF)
    struct.pack_into("<H", entry, 30, len(extra))
    listed = bytes(entry) + extra
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), at, 0)
    path.write_bytes(data[:at] + listed + end)
    with pytest.raises(InvalidInput, match="of 8,192 MB"):
        read_all(path)


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.bmp": bytes(8 * 2**20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(InvalidInput, match="times smaller, expected pictures, not a bomb"):
        read_all(path)
    assert len(read_all(write(path, {"a.bmp": bytes(2**20)}, zipfile.ZIP_DEFLATED))["a.bmp"]) == 2**20


def test_a_member_that_unpacks_to_more_than_it_says_is_cut_short_and_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.bmp": bytes(3 * 2**20), "b.jpg": b"x"}, zipfile.ZIP_DEFLATED)
    patch(path, size=1000)
    with Archive(path) as archive:
        bomb, good = archive
        with pytest.raises(Unusable, match="not those that the archive's list describes"):
            archive.read(bomb)
        assert archive.read(good) == b"x"


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"data" * 100, "b.jpg": b"data" * 100})
    places = array("q")
    with Archive(path) as archive:
        for member in archive:
            places.extend((member.offset, member.compressed_bytes))
        archive.check(places)
        twice = array("q", [*places, *places[:2]])
        with pytest.raises(InvalidInput, match="overlap each other"):
            archive.check(twice)
        too_long = array("q", [places[0], 10**6])
        with pytest.raises(InvalidInput, match="overlap each other"):
            archive.check(too_long)


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.99])
def test_a_cut_off_archive_is_refused(tmp_path: Path, kept: float) -> None:
    path = write(tmp_path / "a.zip", {f"{n}.jpg": b"data" * 100 for n in range(20)})
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InvalidInput, match=r"a\.zip: found a ZIP that is cut off.*get it again"):
        read_all(path)


def test_an_archive_with_a_hole_is_refused_or_its_members_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {f"{n}.jpg": b"data" * 100 for n in range(20)})
    data = path.read_bytes()
    path.write_bytes(data[:1000] + data[1500:])  # as if a download had lost a piece
    with pytest.raises(InvalidInput, match=r"not where it says|broken list"):
        read_all(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff\xe0" + bytes(100), b"PK\x05\x06"])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=r"no ZIP|cut off"):
        Archive(path)


def test_an_empty_archive_is_one(tmp_path: Path) -> None:
    assert read_all(write(tmp_path / "a.zip", {})) == {}


def test_a_part_of_a_split_archive_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"x"})
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, data.index(b"PK\x05\x06") + 4, 2)
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="one part of a ZIP in several"):
        Archive(path)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"crc": 1}, "not those"),
        ({"method": 12}, "packed by method 12"),
        ({"offset": 7}, "not where"),
        ({"size": 3}, "not those"),
    ],
)
def test_a_broken_member_is_left_out_with_its_reason(tmp_path: Path, fields: dict[str, int], problem: str) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"data"})
    patch(path, **fields)
    with Archive(path) as archive, pytest.raises(Unusable, match=problem):
        archive.read(next(iter(archive)))


def test_a_broken_list_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": b"data", "b.jpg": b"data"})
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second : second + 4] = b"XXXX"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match="a broken list of members"):
        read_all(path)


def test_any_bytes_changed_give_one_of_our_errors_and_never_another(tmp_path: Path) -> None:
    import random

    rng = random.Random(0)
    whole = write(
        tmp_path / "a.zip", {f"{n}/기쁨.jpg": b"data" * n for n in range(6)}, zipfile.ZIP_DEFLATED
    ).read_bytes()
    path = tmp_path / "b.zip"
    n_refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randint(len(data) // 2, len(data))] if rng.random() < 0.2 else data)
        try:
            with Archive(path) as archive:
                for member in archive:
                    try:
                        archive.read(member)
                    except Unusable:
                        n_refused += 1
        except InvalidInput:
            n_refused += 1
    assert n_refused > 50


def test_the_list_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "_READ_BYTES", 7)
    members = {f"{number}.jpg": bytes([number]) for number in range(30)}
    assert read_all(write(tmp_path / "a.zip", members)) == members


def test_hidden_members_are_told_apart(tmp_path: Path) -> None:
    names = ["__MACOSX/._a.jpg", "x/.DS_Store", "Thumbs.db", "a.jpg", "dir/"]
    with Archive(write(tmp_path / "a.zip", dict.fromkeys(names, b""))) as archive:
        assert [member.is_hidden for member in archive] == [True, True, True, False, False]
        assert [member.is_folder for member in archive] == [False, False, False, False, True]
