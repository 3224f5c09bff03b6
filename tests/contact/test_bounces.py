import pytest

from contact.email.parse import parse

FIELDS = "To: atbalsts@emus.example\nMessage-ID: <r@mx.example>"


def report(sender, subject, body, *, fields=""):
    return parse(f"From: {sender}\n{FIELDS}\n{fields}Subject: {subject}\n\n{body}".encode())


def failed(mail):
    return [address for address, _ in mail.bounce.failed] if mail.bounce else None


def standard_form(recipient, *, prose="Nav piegādāts."):
    return parse(
        f"From: postmaster@mx.example\n{FIELDS}\nSubject: Undeliverable: x\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{prose}\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{recipient}\n--b--\n".encode()
    )


class TestInWords:
    """E-II.3: whoever was not reached is known, though the report follows no standard."""

    @pytest.mark.parametrize(
        ("sender", "subject", "body"),
        [
            (
                "MAILER-DAEMON@mx.example",
                "failure notice",
                "Hi. This is the qmail-send program.\n\n<a@b.example>:\nno.\n",
            ),
            (
                "Mail Delivery System <m@mx.example>",
                "Mail delivery failed",
                "address(es) failed:\n\n  a@b.example\n    Unknown",
            ),
            (
                "System Administrator <s@mx.example>",
                "Undeliverable: x",
                "did not reach:\n\n'a@b.example' on 20.11.2026 14:00",
            ),
            ("postmaster@mx.example", "Undeliverable", "c=US;a= ;dda:SMTP=a@b.example; on Fri\n    not recognized"),
            ("Postmaster <postmaster@mx.example>", "Undeliverable Mail", "Delivery failed 20 attempts: a@b.example"),
            (
                "postmaster@mx.example",
                "Nav piegādāts: x",
                "Jūsu vēstuli nevar piegādāt:\n\na@b.example\nAdresāts nav atrasts.",
            ),
            ("postmaster@mx.example", "Не доставлено: x", "Не удалось доставить:\n\na@b.example"),
            ("postmaster@mx.example", "Unzustellbar: x", "Konnte nicht zugestellt werden:\n * a@b.example"),
            ("MDaemon@mx.example", "Permanent Delivery Failure", "did NOT receive a copy:\n\n> a@b.example"),
            ("postmaster@mx.example", "Delivery failure", "to local user a.\n(Originally addressed to a@b.example)"),
            (
                '"Courier mail server at mx.example" <@>',
                "NOTICE: mail delivery status.",
                "UNDELIVERABLE MAIL\n\n<a@b.example>:",
            ),
            (
                "postmaster@mx.example",
                "Undeliverable message",
                "Message from z@z.example to a@b.example was not delivered.",
            ),
        ],
    )
    def test_the_recipient_is_found(self, sender, subject, body):
        mail = report(sender, subject, body)
        assert failed(mail) == ["a@b.example"]
        assert mail.is_automatic

    @pytest.mark.parametrize(
        "body",
        [
            "Unable to deliver to: nobody\n\n<a@b.example>; c@d.example\n",
            "The following could not be delivered:\n<a@b.example>\n<c@d.example>\n\n--- Session Transcript ---\n x@x.example\n",
            "   ----- The following addresses had permanent fatal errors -----\n<a@b.example>\n<c@d.example>\n\n"
            "   ----- The following addresses had transient non-fatal errors -----\n<e@f.example>\n",
        ],
    )
    def test_a_list_is_read_whole_and_no_further_than_it_goes(self, body):
        assert failed(report("MAILER-DAEMON@mx.example", "Returned mail", body)) == ["a@b.example", "c@d.example"]

    @pytest.mark.parametrize(
        ("sender", "body"),
        [
            ("MAILER-DAEMON@b.example", "550 a... User unknown"),
            ("postmaster@mx.example", 'unknown local-part "a" in domain "b.example"'),
            ("MAILER-DAEMON@mx.example", '"|/usr/bin/filter"\n    (expanded from: <a@b.example>)\n'),
            ("postmaster@mx.example", "The address a@b.example is not valid. For help contact <x@mx.example>"),
            ("<>", "Delivery to these failed:\n\n    a@b.example"),
        ],
    )
    def test_a_recipient_named_by_halves_is_found(self, sender, body):
        assert failed(report(sender, "Returned mail: User unknown", body)) == ["a@b.example"]

    def test_a_report_that_says_it_is_a_machines_is_believed_without_a_telling_subject(self):
        body = "This is an automatically generated message.\n\n<a@b.example>: user unknown\n"
        assert failed(report("robot@mx.example", "Your mail", body)) == ["a@b.example"]
        assert failed(report("ilze@ozols.example", "Fwd: Your mail", body)) is None

    def test_several_recipients_are_all_found_once(self):
        body = "Unable to deliver to:\n\n<a@b.example>:\nno a@b.example here\n\n<c@d.example>:\nfull\n\n--- Original message\n\n<e@f.example>"
        assert failed(report("MAILER-DAEMON@mx.example", "Delivery failure", body)) == ["a@b.example", "c@d.example"]

    def test_a_mailbox_that_reports_of_itself_is_found(self):
        body = "The mailbox of a@b.example is full. Your mail was not delivered."
        mail = report("a@b.example", "Mailbox full", body, fields="Auto-Submitted: auto-replied\n")
        assert failed(mail) == ["a@b.example"]

    def test_addresses_of_helpers_readers_and_the_returned_mail_are_not_failed(self):
        body = (
            "Could not be delivered. For help contact <postmaster@mx.example>\n\n<a@b.example>: unknown\n"
            "<atbalsts@emus.example> wrote it.\n\n--- Below this line is a copy of the message.\n\nTo: z@z.example\n<y@y.example>"
        )
        assert failed(report("MAILER-DAEMON@mx.example", "Undelivered", body)) == ["a@b.example"]

    def test_a_name_alone_is_completed_by_the_domain_that_speaks(self):
        body = "Your mail to these recipients could not be delivered:\n\tilze"
        assert failed(report("MAILER-DAEMON@AOL.example", "Mail Delivery Problem", body)) == ["ilze@AOL.example"]


class TestNoBounce:
    """E-II.3: what a person writes, and what may still arrive, is no failure."""

    def test_a_client_who_asks_about_a_failed_delivery_is_a_client(self):
        mail = report(
            "Ilze <ilze@ozols.example>", "Undelivered Mail Returned to Sender", "Nevar piegādāt:\n<a@b.example>: 550"
        )
        assert (mail.bounce, mail.is_automatic) == (None, False)

    def test_a_client_who_forwards_a_report_is_a_client(self):
        body = "Skat.\n\n<a@b.example>: could not be delivered\n\n--- Original message\n\nReceived: x"
        assert report("Ilze <ilze@ozols.example>", "Fwd: Undeliverable: x", body).bounce is None

    @pytest.mark.parametrize(
        "words",
        [
            "THIS IS A WARNING MESSAGE ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.",
            "Delivery attempts will continue to be made for 5 days.",
            "We will try again for three days.",
            "It has been in the queue for a day. Attempts will be made for three more days.",
        ],
    )
    def test_a_delay_is_automatic_and_no_failure(self, words):
        mail = report(
            "MAILER-DAEMON@mx.example", "Delayed mail", f"Could not be delivered yet:\n<a@b.example>\n{words}"
        )
        assert (mail.bounce, mail.is_automatic) == (None, True)

    def test_a_receipt_of_the_delivery_is_automatic_and_no_failure(self):
        body = (
            "   ----- The following addresses had successful delivery notifications -----\n<a@b.example> (to mailbox)\n"
        )
        mail = report("MAILER-DAEMON@mx.example", "Return receipt", body)
        assert (mail.bounce, mail.is_automatic) == (None, True)

    @pytest.mark.parametrize(
        "subject", ["WARNING: message delayed at mx", "Delayed mail", "Undeliverable Mail Warning"]
    )
    def test_a_delay_told_by_anyones_address_is_automatic(self, subject):
        mail = report("robot@mx.example", subject, "Still awaiting delivery to:\n a@b.example\nMessage delayed")
        assert (mail.bounce, mail.is_automatic) == (None, True)

    def test_an_absent_persons_answer_naming_a_colleague_is_no_failure(self):
        mail = report(
            "i@b.example", "Ārpus biroja: x", "Cannot deliver answers.\n<a@b.example>", fields="Return-Path: <>\n"
        )
        assert (mail.bounce, mail.is_automatic) == (None, True)


class TestPeople:
    """E-II.3: when in doubt the letter is a person's."""

    @pytest.mark.parametrize(
        ("sender", "subject", "body"),
        [
            ("mail@firma.example", "Pielikuma fails", "Sveiki!\n\nRakstiet arī: anna@x.example"),
            ("mail@firma.example", "Jautājums", "Prasījums nav saņemts, failed to receive anna@x.example"),
            ("administrator@firma.example", "Piegādes līgums", "Skat. pielikumu.\n\nanna@x.example"),
            (
                '"Jānis Bērziņš, sistēmas administrators" <janis@firma.example>',
                "Return of deposit",
                "a@x.example unknown",
            ),
            ("postmaster@firma.example", "Piegādes līgums", "Skat. pielikumu."),
            ("postmaster@firma.example", "Return of deposit", "Lūdzu atmaksāt."),
            ("anna@x.example", "Delivery of documents", "The courier says it will try again tomorrow."),
            ("anna@x.example", "Your message of 3 June", "The office was closed. I will try again."),
            ("anna@x.example", "Delayed payment", "I will keep you informed."),
            ("anna@x.example", "Warning to debtor", "Otherwise we will continue in court."),
            (
                "anna@x.example",
                "Nav piegādāta prece",
                "Veikals shop@veikals.example: prece nav piegādāta, uz e-pastu neatbild.\n\n-----Sākotnējā ziņa-----\nLabdien",
            ),
        ],
    )
    def test_ordinary_words_from_an_ordinary_mailbox_are_a_letter(self, sender, subject, body):
        mail = report(sender, subject, body, fields="In-Reply-To: <out@emus.example>\n")
        assert (mail.bounce, mail.is_automatic) == (None, False)

    def test_a_mailbox_that_people_have_too_is_believed_with_the_fields_of_a_machine(self):
        body = "Could not be delivered:\n\na@b.example"
        for field in ("Return-Path: <>\n", "Auto-Submitted: auto-replied\n"):
            assert failed(report("mail@firma.example", "Report", body, fields=field)) == ["a@b.example"]

    def test_words_alone_name_no_mail_of_ours_by_what_they_answer(self):
        answers = "In-Reply-To: <out@emus.example>\n"
        body = "Message could not be delivered. Undeliverable:\n\na@b.example"
        told = report("mail@firma.example", "Undeliverable: x", body, fields=answers).bounce
        assert told.original_message_id == ""
        told = report("mail@firma.example", "Undeliverable: x", body, fields=f"{answers}Return-Path: <>\n").bounce
        assert told.original_message_id == "<out@emus.example>"


class TestStandardForm:
    """E-II.3: RFC 3464, as programs fill it in."""

    def test_the_address_that_was_written_to_counts_not_the_one_it_was_forwarded_to(self):
        fields = (
            "Original-Recipient: rfc822;a@b.example\nFinal-Recipient: rfc822;x@inner\nAction: failed\nStatus: 5.1.1"
        )
        assert standard_form(fields).bounce.failed == (("a@b.example", "5.1.1"),)

    def test_an_unknown_action_with_a_permanent_status_is_a_failure(self):
        assert failed(standard_form("Final-Recipient: rfc822; a@b.example\nAction: error\nStatus: 5.0.0")) == [
            "a@b.example"
        ]

    @pytest.mark.parametrize(
        "fields",
        [
            "Final-Recipient: rfc822; a@b.example\n\nAction: failed\nStatus: 5.1.1",
            "Final-Recipient: rfc822; a@b.example.\nAction: failure\nStatus: 5.1.1",
            "Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; 550 no such user",
            'Final-Recipient: rfc822; "a"@b.example\nAction: failed\nStatus: 5.1.1',
            "Final-Recipient: LOCAL; a\nX-Actual-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1",
        ],
    )
    def test_a_form_filled_in_oddly_is_read(self, fields):
        assert failed(standard_form(fields)) == ["a@b.example"]

    def test_two_recipients_that_no_blank_line_parts_are_both_found(self):
        one, two = (
            f"Final-Recipient: rfc822; {each}\nAction: failed\nStatus: 5.1.1\n"
            for each in ("a@b.example", "c@d.example")
        )
        assert failed(standard_form(one + two)) == ["a@b.example", "c@d.example"]

    @pytest.mark.parametrize("kind", ["text/plain; name=details.txt", "application/octet-stream; name=details.txt"])
    def test_a_form_under_another_type_is_read(self, kind):
        mail = parse(
            f"From: postmaster@mx.example\n{FIELDS}\nSubject: Undeliverable\nContent-Type: multipart/mixed; boundary=b\n\n"
            f"--b\n\nFailed.\n--b\nContent-Type: {kind}\n\nReporting-MTA: dns; mx\n\n"
            "Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n--b--\n".encode()
        )
        assert mail.bounce.failed == (("a@b.example", "5.1.1"),)

    def test_a_form_in_the_words_is_read_with_its_outcome(self):
        form = "Failed.\n\nFinal-Recipient: rfc822; a@b.example\nAction: {}\nStatus: {}\n"
        assert failed(report("postmaster@mx.example", "Report", form.format("failed", "5.1.1"))) == ["a@b.example"]
        assert failed(report("postmaster@mx.example", "Report", form.format("delayed", "4.4.1"))) is None

    def test_a_form_without_recipients_is_read_by_its_words(self):
        assert failed(standard_form("", prose="Could not be delivered to:\na@b.example")) == ["a@b.example"]

    def test_a_delayed_form_is_not_read_by_its_words(self):
        fields = "Final-Recipient: rfc822; a@b.example\nAction: delayed\nStatus: 4.4.1"
        assert standard_form(fields, prose="Could not be delivered to:\na@b.example").bounce is None


class TestAutomaticAnswers:
    """E-II.3: answers of machines start nothing; letters passed on by lists are letters."""

    @pytest.mark.parametrize(
        "field",
        [
            "Subject: Automātiskā atbilde: x",
            "Subject: Prombūtnes paziņojums",
            "Subject: Автоответ: x",
            "Subject: Abwesenheitsnotiz: x",
            "Subject: Automatinis atsakymas: x",
            "Subject: Automaatvastus: x",
            "Subject: AUTO: Ilze is out of the office",
            "Subject: Re: x (Automatic Response)",
            "Return-Path: <>",
            "Auto-Submitted: auto-replied (vacation)",
            "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
            "Precedence: junk",
        ],
    )
    def test_each_mark_is_known(self, field):
        assert parse(f"From: a@b.example\n{field}\n\nx".encode()).is_automatic

    def test_a_receipt_in_words_is_automatic(self):
        mail = report("ilze@ozols.example", "Izlasīts: Atbilde", "Jūsu ziņojums tika izlasīts 20.11.2026.")
        assert (mail.is_automatic, mail.bounce) == (True, None)

    @pytest.mark.parametrize(
        "field", ["List-Id: <m.example>", "Precedence: list", "Precedence: bulk\nList-Id: <m.example>"]
    )
    def test_a_letter_through_a_list_is_marked_so_and_not_automatic(self, field):
        mail = parse(f"From: a@b.example\n{field}\n\nx".encode())
        assert (mail.is_list, mail.is_automatic) == (True, False)

    def test_reply_to_is_read(self):
        mail = parse(b"From: a@b.example\nReply-To: Ilze <i@o.example>, x\n\nx")
        assert mail.reply_to == (("Ilze", "i@o.example"),)
