import base64
import io
import quopri
import zipfile
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contact.email.parse import Address, Bounce, parse

MAILS = Path(__file__).parents[2] / "contact" / "demo" / "mails"
LATVIAN = "Maksātnespējas process: lūdzu, pārbaudiet šķērsļus, ņemot vērā ģimenes ķīlu."


def demo(number):
    (path,) = MAILS.glob(f"{number:02}-*.eml")
    return parse(path.read_bytes())


def mail(*fields, body=b"", charset="utf-8"):
    head = "\r\n".join(["From: Ilze <ilze@ozols.example>", *fields]).encode(charset)
    return parse(head + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode("utf-8")))


def text_part(content_type, data, encoding="8bit"):
    return mail(f"Content-Type: {content_type}", f"Content-Transfer-Encoding: {encoding}", body=data)


def multipart(kind, *parts):
    body = b"".join(b"--b\r\n" + (part if isinstance(part, bytes) else part.encode()) + b"\r\n" for part in parts)
    return mail(f'Content-Type: multipart/{kind}; boundary="b"', body=body + b"--b--\r\n")


class TestHeaders:
    """S-24.2: who wrote what, and in answer to what, is read right."""

    def test_names_subjects_and_instants_are_decoded(self):
        parsed = demo(1)
        assert parsed.message_id == "<demo-01@vilkabele-prakse.example>"
        assert parsed.subject == "Ceturkšņa pārskata kopsumma nesakrīt ar ievadītajām rindām"
        assert parsed.sender == Address("Madara Vilkābele", "madara.vilkabele@vilkabele-prakse.example")
        assert parsed.to == (Address("EMUS atbalsts", "atbalsts@emus.example"),)
        assert parsed.date == datetime(2026, 10, 12, 7, 14, 22, tzinfo=UTC)
        assert not parsed.charset_guessed

    def test_a_follow_up_names_the_mail_it_answers(self):
        assert demo(7).in_reply_to == demo(1).message_id
        assert demo(8).references == ("<demo-03@kimenitis.example>", "<demo-out-2@atbalsts.example>")

    def test_everyone_in_copy_is_named(self):
        assert [person.address for person in demo(13).cc] == [
            "leta@pupolniece.example",
            "ruta.strazdaine@gramatvediba.example",
            "lietvediba@vitolnieks.example",
        ]

    def test_a_mail_without_a_usable_sender_is_still_read(self):
        parsed = demo(12)
        assert parsed.sender == Address("Nezināms sūtītājs", "")
        assert parsed.text.startswith("Labdien")

    def test_raw_utf8_in_headers_is_read(self):
        assert demo(14).sender.name == "Sarmīte Liepkalna-Ūpe"

    def test_raw_windows_1257_in_headers_is_guessed(self):
        parsed = mail("Subject: Kļūda reģistrā: trūkst parādnieka", charset="windows-1257")
        assert parsed.subject == "Kļūda reģistrā: trūkst parādnieka"
        assert parsed.charset_guessed

    def test_a_letter_cut_between_two_encoded_words_is_mended(self):
        halves = [base64.b64encode(half).decode() for half in ("Ķīla".encode()[:3], "Ķīla".encode()[3:])]
        assert mail(f"Subject: =?utf-8?B?{halves[0]}?=\r\n =?utf-8?B?{halves[1]}?=").subject == "Ķīla"

    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            ('"Bērziņa, Ilze" <i@b.example>', ("Bērziņa, Ilze", "i@b.example")),
            ("Bērziņa, Ilze <i@b.example>", ("Bērziņa, Ilze", "i@b.example")),
            ("i@b.example (Ilze Bērziņa)", ("Ilze Bērziņa", "i@b.example")),
            ('"atbalsts@emus.example" <cits@c.example>', ("atbalsts@emus.example", "cits@c.example")),
            ('"A <b@c.example>" <d@e.example>', ("A <b@c.example>", "d@e.example")),
            ("=?utf-8?Q?Ilze_=3Ci=40b.example=3E?=", ("Ilze", "i@b.example")),
            ("undisclosed-recipients:;", ("", "")),
            ("nobody", ("nobody", "")),
            ("<a@b@c>", ("", "")),
            ("", ("", "")),
        ],
    )
    def test_senders_in_many_spellings(self, field, expected):
        assert parse(f"From: {field}\r\n\r\nx".encode()).sender == expected

    def test_message_ids_lose_their_blanks_and_keep_their_brackets(self):
        parsed = mail("Message-ID: < a b@c.example>", "References: <x@y> junk <z@w><x@y>", "In-Reply-To: q@r.example")
        assert parsed.message_id == "<ab@c.example>"
        assert parsed.references == ("<x@y>", "<z@w>")
        assert parsed.in_reply_to == "<q@r.example>"

    @pytest.mark.parametrize("field", ["", "vakar", "Mon, 99 Foo 2026 77:00:00", "Fri, 31 Dec 9999 23:59:59 -1400"])
    def test_a_date_that_is_none_is_none(self, field):
        assert mail(f"Date: {field}").date is None

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n", "\r"])
    def test_lines_of_the_header_end_in_any_way(self, end):
        mail = parse(f"Subject: Pārskats{end}Reply-To: ilze@ozols.example\r\n\r\nLabdien!".encode())
        assert (mail.subject, mail.reply_to[0].address, mail.text) == ("Pārskats", "ilze@ozols.example", "Labdien!")

    def test_the_answer_cannot_be_changed(self):
        with pytest.raises(FrozenInstanceError):
            demo(1).subject = "cits"


class TestCharacterSets:
    """S-24.2: Latvian letters survive whatever the sender's program declares."""

    @pytest.mark.parametrize("charset", ["utf-8", "windows-1257", "iso-8859-13", "iso-8859-4"])
    def test_a_true_declaration_is_believed(self, charset):
        parsed = text_part(f"text/plain; charset={charset}", LATVIAN.encode(charset))
        assert (parsed.text, parsed.charset_guessed) == (LATVIAN, False)

    @pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "windows-1252", "x-unknown", "utf-8", "idna", ""])
    @pytest.mark.parametrize("actual", ["windows-1257", "iso-8859-13", "iso-8859-4"])
    def test_a_false_declaration_is_seen_through(self, declared, actual):
        parsed = text_part(f'text/plain; charset="{declared}"', LATVIAN.encode(actual))
        assert (parsed.text, parsed.charset_guessed) == (LATVIAN, True)

    @pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "windows-1257", ""])
    def test_utf8_under_any_label_is_utf8(self, declared):
        parsed = text_part(f'text/plain; charset="{declared}"', LATVIAN.encode())
        assert (parsed.text, parsed.charset_guessed) == (LATVIAN, True)

    def test_baltic_quotation_marks_tell_windows_from_iso(self):
        text = "SIA „Zilā Zirnekļa Austuve” – kopā"
        assert text_part("text/plain; charset=iso-8859-13", text.encode("windows-1257")).text == text

    def test_german_and_russian_are_not_made_latvian(self):
        german, russian = "Ich möchte für Herrn Müller fragen: größer?", "Здравствуйте, не могу войти в систему"
        assert text_part("text/plain; charset=iso-8859-1", german.encode("latin-1")).text == german
        assert text_part("text/plain", russian.encode("cp1251")).text == russian

    @pytest.mark.parametrize(
        "text", ["La Società verrà, perché è così", "très bientôt, à Noël", "los días, aquí", "Não é possível"]
    )
    def test_other_western_languages_are_not_made_latvian(self, text):
        assert text_part("text/plain; charset=iso-8859-1", text.encode("latin-1")).text == text

    @pytest.mark.parametrize("text", ["ÕÄÖÜ", "ÄÄNI", "Öö"])
    def test_a_few_western_letters_are_not_made_russian(self, text):
        assert text_part("text/plain; charset=iso-8859-1", text.encode("latin-1")).text == text

    @pytest.mark.parametrize(
        ("declared", "actual", "text"),
        [("x-sjis", "cp932", "こんにちは"), ("iso-8859-8-i", "iso8859-8", "שלום"), ("windows-874", "cp874", "สวัสดี")],
    )
    def test_sets_by_their_other_names_are_known(self, declared, actual, text):
        assert text_part(f"text/plain; charset={declared}", text.encode(actual)).text == text

    @pytest.mark.parametrize("encoding", ["base64;", '"base64"', "BASE64 (as usual)"])
    def test_a_transfer_encoding_with_something_beside_it_is_undone(self, encoding):
        raw = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\nxIFib2xz\n"
        assert parse(raw.encode()).text == "ābols"

    def test_lithuanian_in_its_old_set_is_read(self):
        text = "Laba diena, ačiū už žinutę, įmonė neatsako"
        assert text_part("text/plain; charset=iso-8859-1", text.encode("cp1257")).text == text

    def test_dos_and_chinese_names_of_sets_are_known(self):
        assert text_part("text/plain; charset=cp775", LATVIAN.encode("cp775")).text == LATVIAN
        assert text_part("text/plain; charset=gb2312", "们看看镕".encode("gb18030")).text == "们看看镕"

    def test_utf8_cut_in_the_midst_of_a_letter_stays_utf8(self):
        assert text_part("text/plain; charset=utf-8", LATVIAN.encode() + b"\xc4").text == LATVIAN + "\ufffd"

    def test_the_declaration_inside_html_counts(self):
        html = '<meta charset="windows-1257"><p>Ķīla „A”</p>'.encode("windows-1257")
        parsed = text_part("text/html", html)
        assert (parsed.text, parsed.charset_guessed) == ("Ķīla „A”", False)

    def test_demo_mails_in_old_character_sets_are_read(self):
        assert "pieslēgšanās saiti nosūtīt kreditoriem" in demo(3).text
        assert "ikmēneša ziņojumu" in demo(4).subject
        assert "uzraugošā persona" in demo(4).text
        assert demo(14).charset_guessed


class TestText:
    """E-II.1a: what the client wrote is shown as it was written."""

    def test_html_only_mail_of_outlook_becomes_text(self):
        text = demo(2).text
        assert text.startswith("Labdien!\n\nKreditoru prasījumu reģistrā nevaru pabeigt SIA “Meža Pasta Ceptuve”")
        assert "Pamatprasījums | 18 400,00 EUR\nNodrošinātā daļa | 12 000,00 EUR" in text
        assert "1. vai summas jāievada bez tūkstošu atdalītāja;\n2. vai ierakstu" in text
        assert "palīdzības lapā (https://emus.example/palidziba/prasijumi)" in text
        assert "Ar cieņu\nKārlis Ežmalis" in text
        assert "mso" not in text
        assert "font-family" not in text

    def test_plain_text_is_preferred_to_html(self):
        parsed = multipart(
            "alternative", "Content-Type: text/plain\r\n\r\nteksts", "Content-Type: text/html\r\n\r\n<b>bagāts</b>"
        )
        assert (parsed.text, parsed.html) == ("teksts", "<b>bagāts</b>")

    def test_an_empty_plain_alternative_does_not_hide_the_html(self):
        parsed = multipart(
            "alternative", "Content-Type: text/plain\r\n\r\n \r\n", "Content-Type: text/html\r\n\r\n<p>vēstule</p>"
        )
        assert parsed.text == "vēstule"

    def test_text_around_a_file_is_joined(self):
        file = "Content-Type: image/png; name=a.png\r\n\r\nx"
        parsed = multipart("mixed", "\r\npirms", file, "Content-Type: text/html\r\n\r\n<p>pēc</p>")
        assert parsed.text == "pirms\n\npēc"
        assert parsed.html == "<pre>pirms</pre>\n<p>pēc</p>"
        assert [each.name for each in parsed.attachments] == ["a.png"]

    def test_flowed_lines_become_paragraphs(self):
        assert 'forma: poga "Saglabāt" nereaģē' not in demo(14).text
        assert 'pilnvarojuma formā poga "Saglabāt" nereaģē, un nekāds' in demo(14).text
        assert "un vai kļūda atkārtojas citā?" in demo(14).text
        assert text_part("text/plain; format=flowed; delsp=yes", b"mak \r\nsa\r\n From").text == "maksa\nFrom"

    def test_quoted_printable_and_broken_base64_are_undone(self):
        assert text_part("text/plain", quopri.encodestring("ķīla".encode()), "quoted-printable").text == "ķīla"
        encoded = base64.b64encode(LATVIAN.encode()).rstrip(b"=")
        assert text_part("text/plain", encoded[:20] + b"\r\n ! " + encoded[20:], "base64").text == LATVIAN

    def test_a_quotation_in_html_can_be_told_from_the_answer(self):
        parsed = text_part("text/html", "<div>Jā.</div><blockquote><p>Vai?</p></blockquote>".encode())
        assert parsed.text == "Jā.\n\n> Vai?"
        assert parsed.reply == "Jā."

    def test_the_reply_leaves_out_the_history(self):
        assert demo(8).reply == "Paldies!"
        assert demo(7).reply.endswith("Ar cieņu\nMadara Vilkābele")
        assert "kopsummu 4 812,60" in demo(7).text

    def test_a_forwarded_mail_keeps_its_body(self):
        parsed = demo(15)
        assert parsed.reply == parsed.text
        outlook = "No: A\nNosūtīts: vakar\nKam: B\nTēma: C\n\nsaturs"
        assert "saturs" in mail("Subject: FW: C", body="Skat.\n\n" + outlook).reply
        assert "saturs" not in mail("Subject: RE: C", body="Skat.\n\n" + outlook).reply


class TestAttachments:
    """S-24.2: files arrive whole, under the names their senders gave them."""

    def test_an_edoc_and_a_pdf_arrive_whole(self):
        edoc, pdf = demo(6).attachments
        assert edoc.name == "Kreditoru prasījumu reģistra izraksts.edoc"
        assert zipfile.ZipFile(io.BytesIO(edoc.content)).read("mimetype") == b"application/vnd.etsi.asic-e+zip"
        assert pdf.name == "Izraksts – SIA Zilā Zirnekļa Austuve.pdf"
        assert pdf.content_type == "application/pdf"
        assert pdf.content.startswith(b"%PDF-")
        assert pdf.content.endswith(b"%%EOF\n")
        assert pdf.size == len(pdf.content)

    def test_a_picture_shown_in_the_text_is_inline(self):
        (picture,) = demo(5).attachments
        assert (picture.name, picture.content_id, picture.inline) == ("kļūda.png", "kluda-ekrans@ciekurs.example", True)
        assert picture.content.startswith(b"\x89PNG")
        assert 'src="cid:kluda-ekrans@ciekurs.example"' in demo(5).html

    def test_a_picture_that_the_html_does_not_show_is_an_attachment(self):
        picture = "Content-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Disposition: inline\r\n\r\nx"
        (attachment,) = multipart("mixed", "\r\nteksts", picture).attachments
        assert not attachment.inline

    def test_an_enclosed_mail_is_a_file_named_by_its_subject(self):
        (enclosed,) = demo(15).attachments
        assert enclosed.name == "Kreditora prasījums pret SIA Akmens Vilnis.eml"
        assert b"<prasijums@kravas-celi.example>" in enclosed.content

    @pytest.mark.parametrize(
        ("disposition", "name"),
        [
            ("attachment; filename*=UTF-8''l%C4%93mums.pdf", "lēmums.pdf"),
            ("attachment; filename*0*=windows-1257''l%E7m; filename*1=ums.pdf", "lēmums.pdf"),
            ('attachment; filename="=?utf-8?B?bMSTbXVtcy5wZGY=?="', "lēmums.pdf"),
            ('attachment; filename="lēmums.pdf"', "lēmums.pdf"),
            (r'attachment; filename="..\\..\\C:\\l\"ē.pdf"', "l ē.pdf"),
            ("attachment; filename=../../etc/passwd", "passwd"),
            ("attachment; filename*=bogus'%ff'x%00y.pdf", "xy.pdf"),
            ("attachment; filename*99999999999999=x", "attachment-1.pdf"),
            ("attachment; filename=fdp.\u202eexe", "fdp.exe"),
            ("attachment", "attachment-1.pdf"),
        ],
    )
    def test_file_names_in_many_spellings(self, disposition, name):
        part = f"Content-Type: application/pdf\r\nContent-Disposition: {disposition}\r\n\r\nx"
        (attachment,) = multipart("mixed", "\r\nteksts", part).attachments
        assert attachment.name == name

    @pytest.mark.parametrize(
        ("body", "content"),
        [("begin 644 a.bin\n#0V%T\n`\nend\n", b"Cat"), ("nothing of the kind", b"nothing of the kind")],
    )
    def test_an_uuencoded_file_is_decoded(self, body, content):
        raw = f"Content-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: x-uuencode\n\n{body}"
        assert parse(raw.encode()).attachments[0].content == content

    def test_a_text_sent_as_attachment_is_a_file_even_without_a_name(self):
        parsed = multipart("mixed", "\r\nteksts", "Content-Disposition: attachment\r\n\r\nfails")
        assert parsed.text == "teksts"
        assert [each.name for each in parsed.attachments] == ["attachment-1.txt"]

    def test_a_text_file_is_not_part_of_the_letter(self):
        parsed = multipart("mixed", "\r\nteksts", "Content-Disposition: attachment; filename=a.txt\r\n\r\nfails")
        assert parsed.text == "teksts"
        assert [each.name for each in parsed.attachments] == ["a.txt"]


class TestLineEnds:
    """E-II.1a: a stray carriage return neither ends the header nor makes a field of the words behind it."""

    def test_a_lone_return_within_a_value_ends_no_line(self):
        parsed = parse(b"Subject: Par paradu\rRiga\r\nFrom: Anna <anna@x.example>\r\n\r\nTeksts")
        assert (parsed.sender.address, parsed.text) == ("anna@x.example", "Teksts")
        assert "Riga" in parsed.subject

    def test_a_lone_return_before_a_field_or_a_blank_line_ends_one(self):
        parsed = parse(b"Subject: x\rFrom: anna@x.example\r\rTeksts\nvairak")
        assert (parsed.subject, parsed.sender.address) == ("x", "anna@x.example")
        assert parsed.text == "Teksts\nvairak"


class TestMailsOfMachines:
    """E-II.3: an automatic reply or a bounce is no client's message."""

    @pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15])
    def test_letters_of_people_are_not_automatic(self, number):
        parsed = demo(number)
        assert (parsed.is_automatic, parsed.bounce) == (False, None)

    @pytest.mark.parametrize(
        "field",
        [
            "Auto-Submitted: auto-generated",
            "Precedence: auto_reply",
            "Precedence: bulk",
            "X-Autoreply: yes",
            "X-Autorespond: x",
            "Subject: =?utf-8?Q?Autom=C4=81tiska_atbilde=3A_x?=",
            "Subject: Automatic reply: x",
        ],
    )
    def test_automatic_replies_are_known_by_any_of_their_marks(self, field):
        assert mail(field).is_automatic

    @pytest.mark.parametrize(
        "field", ["Auto-Submitted: no", "X-Auto-Response-Suppress: All", "Subject: Re: Automātiska atbilde: x"]
    )
    def test_what_people_send_too_is_no_mark(self, field):
        assert not mail(field).is_automatic

    def test_the_demo_automatic_reply_is_one(self):
        assert demo(9).is_automatic
        assert demo(9).bounce is None

    def test_a_bounce_says_who_was_not_reached_and_by_which_mail(self):
        parsed = demo(10)
        failed = (("ernests.bebrupe@bebrupe.example", "5.1.1"),)
        assert parsed.bounce == Bounce(failed, "<demo-out-1@atbalsts.example>")
        assert parsed.is_automatic

    def test_a_delay_is_automatic_but_no_bounce(self):
        (path,) = MAILS.glob("10-*.eml")
        delayed = path.read_bytes().replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")
        assert (parse(delayed).is_automatic, parse(delayed).bounce) == (True, None)

    def test_a_read_receipt_is_automatic_but_no_bounce(self):
        receipt = "Content-Type: message/disposition-notification\r\n\r\nDisposition: displayed\r\n"
        parsed = multipart("report", "\r\nVēstule ir izlasīta.", receipt)
        assert (parsed.is_automatic, parsed.bounce) == (True, None)

    def test_a_bounce_in_prose_is_read(self):
        daemon = b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\nSorry:\r\n"
        prose = b"<a@b.example>: 550 5.1.2 no host\r\n\r\nMessage-ID: <out@x.example>\r\n"
        assert parse(daemon + prose).bounce == Bounce((("a@b.example", "5.1.2"),), "<out@x.example>")
        exim = mail("X-Failed-Recipients: a@b.example", "References: <out@x.example>", body="no such user")
        assert exim.bounce == Bounce((("a@b.example", ""),), "<out@x.example>")
        assert exim.is_automatic

    def test_a_client_who_speaks_of_a_failure_is_no_bounce(self):
        assert mail("Subject: Undelivered mail", body="<a@b.example>: 550 5.1.1").bounce is None
