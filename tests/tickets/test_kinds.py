"""What a file really is, and what to be wary of: told by its content, whatever its name and its sender say."""

import io
import zipfile

import pytest

from tickets.kinds import OFFICE, OLE, PROGRAM, ZIP, kind_of, suffix_of

OLE_HEAD = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


def packed(*names, first=None):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in {**(first or {}), **dict.fromkeys(names, "x")}.items():
            archive.writestr(name, content)
    return held.getvalue()


DOCX = packed("[Content_Types].xml", "word/document.xml")
XLSX = packed("[Content_Types].xml", "xl/workbook.xml")
EDOC = packed("a.pdf", "META-INF/signatures0.xml", first={"mimetype": "application/vnd.etsi.asic-e+zip"})


class TestType:
    """E-I.4: the type is that of the content."""

    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            (b"%PDF-1.7\n", "application/pdf"),
            (b"\x89PNG\r\n\x1a\n", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
            (b"MZ\x90\0\x03" + bytes(100), PROGRAM),
            (b"\x7fELF\x02\x01\x01", PROGRAM),
            (DOCX, f"{OFFICE}wordprocessingml.document"),
            (XLSX, f"{OFFICE}spreadsheetml.sheet"),
            (EDOC, "application/vnd.etsi.asic-e+zip"),
            (packed("a.txt"), ZIP),
            (OLE_HEAD, OLE),
            ("Labdien, āž!".encode(), "text/plain"),
            (b"<html><body>", "text/html"),
            (b"", ""),
            (b"\x00\x01\x02\x03", ""),
        ],
    )
    def test_it_is_told_from_the_content(self, content, media_type):
        assert kind_of(content, "x").media_type == media_type

    @pytest.mark.parametrize(
        "content",
        [b"PK\x03\x04", b"PK\x03\x04" + b"\xff" * 40, OLE_HEAD[:9], b"MZ", b"%PDF", b"\xff", bytes(range(256)) * 20],
    )
    def test_a_stump_is_no_trouble(self, content):
        kind_of(content, "")


class TestRisk:
    """E-I.4: people are warned of a file before they open it."""

    @pytest.mark.parametrize(
        ("name", "content", "risk"),
        [
            ("pārskats.pdf", b"%PDF-1.7\n", ""),
            ("pārskats.PDF", b"%PDF-1.7\n", ""),
            ("bilde.jpg", b"\x89PNG\r\n\x1a\n", ""),
            ("a.docx", DOCX, ""),
            ("a.xlsx", XLSX, ""),
            ("a.edoc", EDOC, ""),
            ("a.asice", EDOC, ""),
            ("a.doc", OLE_HEAD, ""),
            ("a.xls", b"<html><table>", "page"),
            ("a.txt", b"hello", ""),
            ("a.bin", b"\x00\x01", ""),
            ("", b"", ""),
            ("pārskats.pdf", b"MZ\x90\0\x03" + bytes(100), "program"),
            ("pārskats.pdf.exe", b"\x00", "program"),
            ("pārskats.exe. ", b"\x00", "program"),
            ("disks.iso", b"\x00", "program"),
            ("a.js", b"var a", "script"),
            ("a.lnk", b"", "script"),
            ("a.txt", b"#!/bin/sh\n", "script"),
            ("a.txt", b"@ECHO OFF\r\n", "script"),
            ("a.docm", DOCX, "macros"),
            ("a.xlsx", packed("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), "macros"),
            ("a.doc", OLE_HEAD + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
            ("pārskats.pdf", b"<html><script>", "disguised"),
            ("pārskats.pdf", packed("a.txt"), "disguised"),
            ("bilde.png", b"%PDF-1.7\n", "disguised"),
            ("a.docx", b"{\\rtf1 x", "disguised"),
            ("a.html", b"<html>", "page"),
            ("a.svg", b"<svg xmlns='x'/>", "page"),
            ("a.docx", OLE_HEAD + "EncryptedPackage".encode("utf-16-le"), "locked"),
            ("a.zip", b"PK\x03\x04\x14\x00\x01\x00" + bytes(40), "locked"),
        ],
    )
    def test_it_is_told_from_content_and_name(self, name, content, risk):
        assert kind_of(content, name).risk == risk

    @pytest.mark.parametrize(("name", "suffix"), [("a.B", "b"), ("a", ""), ("a.exe.. ", "exe"), (".x", "x"), ("", "")])
    def test_the_ending_that_counts_is_the_last(self, name, suffix):
        assert suffix_of(name) == suffix
