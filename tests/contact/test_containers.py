import base64
import io
import random
import struct
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from contact.email import containers
from contact.email.containers import Enclosed, Signer, look_inside
from contact.email.parse import parse
from contact.email.tnef import unpack

SIGNED_AT = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
SIGNATURE = """<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"
 xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"><ds:Signature>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
<ds:Object><xades:SigningTime>2026-11-20T14:05:00+02:00</xades:SigningTime></ds:Object></ds:Signature>
</asic:XAdESSignatures>"""


def certificate(name, key, *extra):
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), *extra])
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(SIGNED_AT).not_valid_after(SIGNED_AT + timedelta(days=1))
    return made.sign(key, hashes.SHA256())


def signature(name="ILZE OZOLA"):
    code = x509.NameAttribute(NameOID.SERIAL_NUMBER, "PNOLV-010190-12345")
    made = certificate(name, ec.generate_private_key(ec.SECP256R1()), code)
    return SIGNATURE.format(base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode())


def container(files, *, signatures=None, mimetype="application/vnd.etsi.asic-e+zip"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        if mimetype:
            made.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name, content in files.items():
            made.writestr(name, content)
        for number, xml in enumerate(signatures if signatures is not None else [signature()]):
            made.writestr(f"META-INF/signatures{number}.xml", xml)
    return out.getvalue()


class TestSignedDocuments:
    """S-24.2: an .edoc says what is in it and who signed, before anybody opens it."""

    def test_files_and_signers_are_listed(self):
        seen = look_inside(container({"lēmums.docx": b"x" * 10, "pielikums.pdf": b"y"}))
        assert seen.kind == "asice"
        assert seen.files == (Enclosed("lēmums.docx", 10), Enclosed("pielikums.pdf", 1))
        assert seen.signers == (Signer("ILZE OZOLA", SIGNED_AT),)

    def test_everybody_who_signed_is_named(self):
        seen = look_inside(container({"a": b""}, signatures=[signature(), signature("JĀNIS OZOLS")]))
        assert [signer.name for signer in seen.signers] == ["ILZE OZOLA", "JĀNIS OZOLS"]

    def test_a_personal_code_is_never_part_of_the_name(self):
        (signer,) = look_inside(container({"a": b""}, signatures=[signature("OZOLA,ILZE,010190-12345")])).signers
        assert signer.name == "OZOLA,ILZE"

    def test_the_old_form_of_edoc_is_known_by_its_signatures(self):
        assert look_inside(container({"a": b""}, mimetype="")).kind == "edoc"
        assert look_inside(container({"a": b""}, mimetype="application/vnd.etsi.asic-s+zip")).kind == "asics"

    @pytest.mark.parametrize(
        "content", [b"", b"PK\x03\x04", b"0", b"0\x80\x06", b"%PDF-1.7", container({"a": b""})[:-30]]
    )
    def test_anything_else_is_no_container(self, content):
        assert look_inside(content) is None

    def test_a_plain_zip_is_no_container(self):
        assert look_inside(container({"a": b""}, mimetype="", signatures=[])) is None

    def test_the_attachment_of_a_mail_shows_it_and_stays_untouched(self):
        content = container({"a.pdf": b"1"})
        part = "Content-Type: application/vnd.etsi.asic-e+zip; name=l.edoc\nContent-Transfer-Encoding: base64\n\n"
        (file,) = parse(part.encode() + base64.b64encode(content)).attachments
        assert file.content == content
        assert [each.name for each in file.container.files] == ["a.pdf"]


class TestHostileContainers:
    """S-27: looking inside costs little, whatever is inside."""

    def test_no_more_than_500_files_are_listed(self):
        assert len(look_inside(container({f"f{number}": b"" for number in range(2_000)})).files) == 500

    def test_a_list_of_files_beyond_a_megabyte_is_not_read(self):
        assert look_inside(container({f"{'n' * 60}{number}": b"" for number in range(12_000)})) is None

    def test_a_signature_that_unpacks_to_a_gigabyte_is_not_unpacked(self):
        bomb = container({"a": b""}, signatures=["<x>" + " " * 60_000_000])
        tracemalloc.start()
        seen = look_inside(bomb)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert seen.signers == ()
        assert most < 4 * containers.MAX_SIGNATURE

    @pytest.mark.parametrize(
        "xml",
        ['<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "<a>" * 200_000, "", "no XML", signature().replace("MII", "????")],
    )
    def test_a_hostile_or_damaged_signature_names_nobody_and_hides_no_file(self, xml):
        seen = look_inside(container({"a": b"1"}, signatures=[xml, signature()]))
        assert seen.files == (Enclosed("a", 1),)
        assert [signer.name for signer in seen.signers] == ["ILZE OZOLA"]


@pytest.fixture(scope="module")
def ilze():
    key = rsa.generate_private_key(65537, 2048)
    return certificate("Ilze Ozola", key), key


def smime(body, content_type="application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"):
    head = f"From: i@o.example\nContent-Type: {content_type}\nContent-Transfer-Encoding: base64\n\n"
    return parse(head.encode() + base64.encodebytes(body))


class TestSignedMail:
    """S-24.2: a mail that its writer signed is read like any other, and says who signed."""

    LETTER = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nLabdien!\r\n"
        b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--b--\r\n"
    )

    def signed(self, ilze, *options):
        made = pkcs7.PKCS7SignatureBuilder().set_data(self.LETTER).add_signer(*ilze, hashes.SHA256())
        return made.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])

    def test_a_letter_inside_its_signature_is_taken_out(self, ilze):
        mail = smime(self.signed(ilze))
        assert mail.text == "Labdien!"
        assert [file.name for file in mail.attachments] == ["smime.p7m", "a.pdf"]
        assert mail.attachments[1].content == b"%PDF"

    def test_the_signature_beside_a_letter_names_its_signer(self, ilze):
        body = self.signed(ilze, pkcs7.PKCS7Options.DetachedSignature)
        (file,) = smime(body, "application/pkcs7-signature; name=smime.p7s").attachments
        assert file.container.kind == "signed"
        assert [signer.name for signer in file.container.signers] == ["Ilze Ozola"]
        assert file.container.signers[0].signed_at.tzinfo is UTC

    def test_an_encrypted_letter_stays_a_file_and_says_so(self, ilze):
        made = pkcs7.PKCS7EnvelopeBuilder().set_data(b"x").add_recipient(ilze[0])
        mail = smime(made.encrypt(serialization.Encoding.DER, []))
        assert (mail.text, mail.attachments[0].container.kind) == ("", "encrypted")

    def test_signatures_within_signatures_end(self, ilze):
        inner = self.LETTER
        for _ in range(6):
            signed = pkcs7.PKCS7SignatureBuilder().set_data(inner).add_signer(*ilze, hashes.SHA256())
            der = signed.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
            head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            inner = head + base64.encodebytes(der)
        assert len(parse(inner).attachments) == 4


def tnef(*objects):
    made = b"\x78\x9f\x3e\x22\x01\x00"
    for name, data in objects:
        made += struct.pack("<BHHI", 2, name, 0, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return made


def prop(name, kind, data):
    return struct.pack("<HHII", kind, name, 1, len(data)) + data + b"\0" * (-len(data) % 4)


def props(*made):
    return struct.pack("<I", len(made)) + b"".join(made)


FILE = [
    (0x9002, b""),
    (0x8010, b"L~1.PDF\0"),
    (0x800F, b"%PDF"),
    (0x9005, props(prop(0x3707, 0x1F, "lēmums.pdf".encode("utf-16-le")))),
]


def winmail(content, *, text=""):
    head = "Content-Type: multipart/mixed; boundary=b\n\n"
    letter = f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n" if text else ""
    part = "--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    return parse((head + letter + part).encode() + base64.encodebytes(content) + b"--b--\n")


class TestWinmail:
    """S-24.2: what Outlook wrapped into winmail.dat is unwrapped."""

    def test_files_inside_stand_behind_the_untouched_original(self):
        content = tnef(*FILE)
        original, inner = winmail(content, text="Labdien!").attachments
        assert (original.name, original.content) == ("winmail.dat", content)
        assert (inner.name, inner.content, inner.content_type) == ("lēmums.pdf", b"%PDF", "application/octet-stream")

    def test_its_letter_is_read_when_the_mail_has_no_other(self):
        html = prop(0x1013, 0x102, "<p>Ķīla</p>".encode("cp1257"))
        codepage = struct.pack("<HHI", 3, 0x3FDE, 1257)
        content = tnef((0x9003, props(codepage, html)))
        assert winmail(content).text == "Ķīla"
        assert winmail(content, text="Labdien!").text == "Labdien!"

    def test_a_letter_in_rtf_is_read(self):
        rtf = rb"{\rtf1\ansi\ansicpg1257{\fonttbl{\f0 Arial;}}Labdien, \'ce\u311?pa\par Otr\'e2 rinda}"
        head = struct.pack("<III", len(rtf) + 12, len(rtf), 0x414C454D) + b"\0" * 4
        assert winmail(tnef((0x9003, props(prop(0x1009, 0x102, head + rtf))))).text == "Labdien, Īķpa\nOtrā rinda"

    def test_counts_that_lie_cost_nothing(self):
        lies = struct.pack("<I", 0xFFFFFFFF) + struct.pack("<HHI", 0x101F, 0x3001, 0xFFFFFFFF)
        mail = winmail(tnef((0x9003, lies), *FILE))
        assert [file.name for file in mail.attachments] == ["winmail.dat", "lēmums.pdf"]

    def test_no_more_than_two_thousand_objects_are_looked_at(self):
        content = tnef(*[(0x9002, b""), (0x800F, b"x")] * 3_000)
        assert len(unpack(content).files) == 1_000
        assert len(winmail(content).attachments) == 1_000


class TestDamage:
    """E-II.1a: damage inside a file loses neither the mail nor the file."""

    @pytest.mark.parametrize(
        "kind", ["application/ms-tnef", "application/pkcs7-mime", "text/calendar", "application/zip"]
    )
    def test_wrappings_cut_and_damaged_at_random_are_kept_as_files(self, kind, ilze, monkeypatch):
        monkeypatch.setattr("contact.email.parse._unparsed", lambda raw: pytest.fail("the last net was needed"))
        rtf = prop(0x1009, 0x102, struct.pack("<II4sI", 90, 200, b"LZFu", 0) + bytes(range(200)))
        sound = {
            "application/ms-tnef": tnef((0x9003, props(rtf)), *FILE),
            "application/pkcs7-mime": TestSignedMail().signed(ilze),
            "text/calendar": TestInvitations.ICS.encode(),
            "application/zip": container({"a": b"1"}),
        }[kind]
        chance = random.Random(kind)
        for _ in range(150):
            damaged = bytearray(sound[: chance.randrange(1, len(sound))])
            for _ in range(chance.randrange(12)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            head = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n".encode()
            mail = parse(head + base64.encodebytes(bytes(damaged)))
            assert mail.attachments[0].content == bytes(damaged)
            assert all(file.container is None or file.container.kind for file in mail.attachments)


class TestInvitations:
    """S-24.2: an invitation can be read without a calendar."""

    ICS = (
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Kreditoru sapulce\\, 2. reize\nDTSTART;TZID=FLE Standard Time:20261120T140000\n"
        "DTEND:20261120T130000Z\nLOCATION:Rīga\nORGANIZER;CN=Ilze Ozola:mailto:i@o.exa\n mple\nEND:VEVENT\nEND:VCALENDAR\n"
    )

    def test_it_is_the_text_of_a_mail_that_has_no_other_and_always_a_file(self):
        mail = parse(b"Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n" + self.ICS.encode())
        told = "Kreditoru sapulce, 2. reize\n20.11.2026 14:00–20.11.2026 15:00\nRīga\nIlze Ozola <i@o.example>"
        assert (mail.text, [file.name for file in mail.attachments]) == (told, ["invite.ics"])

    def test_a_letter_comes_before_it(self):
        head = (
            b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nLabdien!\n--b\nContent-Type: text/calendar\n\n"
        )
        mail = parse(head + self.ICS.encode() + b"\n--b--\n")
        assert (mail.text, len(mail.attachments)) == ("Labdien!", 1)


class TestEnclosedMail:
    """S-24.2: the text of a mail sent on as a file is not lost."""

    def test_it_is_read_when_there_is_nothing_else_to_read(self):
        inner = "Subject: Pieteikums\nContent-Type: text/html; charset=utf-8\n\n<p>Lūdzu pieeju.</p>"
        mail = parse(f"Subject: x\nContent-Type: message/rfc822\n\n{inner}".encode())
        assert (mail.text, mail.html) == ("Lūdzu pieeju.", "<p>Lūdzu pieeju.</p>")
        assert [file.name for file in mail.attachments] == ["Pieteikums.eml"]


class TestPicturesInPlace:
    """S-24.2: pictures stand where the writer put them."""

    @pytest.mark.parametrize("source", ["bilde 1.png", "https://o.example/b.png", "b.png"])
    def test_a_picture_named_by_its_place_is_shown_in_it(self, source):
        place = source.replace(" ", "")
        html = f"Content-Type: text/html\n\n<p><img alt=x src='{place}'></p>"
        picture = f"Content-Type: image/png\nContent-Location: {source}\n\nx"
        mail = parse(f"Content-Type: multipart/related; boundary=b\n\n--b\n{html}\n--b\n{picture}\n--b--\n".encode())
        (file,) = mail.attachments
        assert file.inline
        assert f'src="cid:{file.content_id}"' in mail.html
