import time

import pytest

from contact.email.parse import parse
from contact.email.quotes import above_history, visible_reply

ANSWER = "Paldies, tagad izdevās!\n\nAr cieņu\nMadara"
QUOTE = "> Labdien!\n>\n> Lūdzu, mēģiniet vēlreiz.\n>> Nestrādā.\n"
HISTORY = "Labdien!\n\nLūdzu, mēģiniet vēlreiz.\n\nEMUS atbalsts\n"

ATTRIBUTIONS = [
    "2026. gada 20. nov. 14:05, Atbalsts <atbalsts@emus.example> rakstīja:",
    "2026. gada 20. nov. 14:05, Atbalsts <atbalsts@emus.example>\nrakstīja:",
    "piektd., 2026. g. 20. nov., plkst. 14:05 — lietotājs Atbalsts (<\natbalsts@emus.example>) rakstīja:",
    "20.11.2026 14:05, EMUS atbalsts rakstīja:",
    "On Fri, 20 Nov 2026 at 14:05, Atbalsts <atbalsts@emus.example> wrote:",
    "On Fri, Nov 20, 2026 at 2:05 PM Atbalsts <atbalsts@emus.example>\nwrote:",
    "On 20/11/2026 14:05, EMUS atbalsts wrote:",
    "пт, 20 нояб. 2026 г. в 14:05, Atbalsts <atbalsts@emus.example>:",
    "20 нояб. 2026 г., в 14:05, Atbalsts <atbalsts@emus.example> написал(а):",
    "20.11.2026 14:05, Atbalsts пишет:",
    "Am 20.11.2026 um 14:05 schrieb EMUS atbalsts <atbalsts@emus.example>:",
    "Am Fr., 20. Nov. 2026 um 14:05 Uhr schrieb Atbalsts <\natbalsts@emus.example>:",
    "2026-11-20 14:05 GMT+02:00 Atbalsts <\natbalsts@emus.example>:",
    "---- On Fri, 20 Nov 2026 14:05:00 +0200 Atbalsts <atbalsts@emus.example> wrote ----",
    "2026 m. lapkričio 20 d. 14:05, Atbalsts <atbalsts@emus.example> rašė:",
    "Atbalsts <atbalsts@emus.example> kirjutas kuupäeval 20.11.2026 kell 14:05:",
    "On Friday, November 20,\n2026 2:05 PM, Atbalsts <atbalsts@emus.example> wrote:",
    "On Fri, 20 Nov 2026\nat 14:05,\nAtbalsts\n<\natbalsts@emus.example\n> wrote:",
    "Aa Bb <atbalsts@emus.example> schrieb am Fr., 20.\nNov. 2026, 14:05:",
    "---- EMUS atbalsts wrote ----",
    "Dne 20. listopadu 2026 14:05 Atbalsts <atbalsts@emus.example> napsal(a):",
    "чт, 20 лист. 2026 о 14:05 Atbalsts <atbalsts@emus.example> пише:",
    "Le ven. 20 nov. 2026 à 14:05, Atbalsts <atbalsts@emus.example> a écrit :",
]
BEFORE_MARKS_ONLY = [  # people write such lines too: believed if ">" follows
    "EMUS atbalsts rakstīja 20.11.2026 14:05:",
    "On Friday, November 20, 2026, Atbalsts wrote:",
]

HEADERS = [
    "No: EMUS atbalsts <atbalsts@emus.example>\nNosūtīts: piektdiena, 2026. gada 20. novembris 14:05\nKam: Madara\n"
    "Temats: RE: Pārskats",
    "No: EMUS atbalsts\nNosūtīts: piektdiena\nKam: Madara\nKopija: Ruta\nTēma: Pārskats",
    "From: EMUS\nSent: Friday, November 20, 2026 2:05 PM\nTo: Madara\nSubject: RE: Pārskats",
    "*From:* EMUS\n*Sent:* Friday\n*To:* Madara\n*Subject:* RE: Pārskats",
    "От: EMUS\nОтправлено: 20 ноября 2026 г. 14:05\nКому: Madara\nТема: RE: Pārskats",
    "Von: EMUS\nGesendet: Freitag, 20. November 2026 14:05\nAn: Madara\nBetreff: AW: Pārskats",
    "________________________________\nNo: EMUS\nNosūtīts: vakar\nKam: Madara\nTēma: Pārskats",
    "Date: Fri, 20 Nov 2026 14:05:00 +0200\nFrom: atbalsts@emus.example\nTo: madara@v.example\nSubject: Pārskats",
    "No: Atbalsts <atbalsts@emus.example>\nDatums: piektdiena, 2026. gada 20. novembris, plkst. 14:05",
    "No: EMUS\n\nNosūtīts: piektdiena\n\nKam: Madara\n\nTēma: Pārskats",
    "No: EMUS <atbalsts@emus.example>\nKam: Madara\nTēma: Pārskats",
    "No: EMUS <atbalsts@emus.example> Nosūtīts: 20.11.2026 14:05 Kam: Madara",
    "Nuo: EMUS\nIšsiųsta: penktadienis\nKam: Madara\nTema: RE: Pārskats",
    "Saatja: EMUS\nSaadetud: reede\nKellele: Madara\nTeema: RE: Pārskats",
    "De : EMUS\nEnvoyé : vendredi 20 novembre 2026 14:05\nÀ : Madara\nObjet : RE: Pārskats",
    "Temats: Pārskats\nNo: EMUS\nDatums: piektdiena\nKam: Madara",
    "No: Atbalsts <atbalsts@emus.example>\nNosūtīts: piektdiena",
    "**From:** EMUS\n**Sent:** Friday\n**To:** Madara\n**Subject:** RE: Pārskats",
    "Від: EMUS\nНадіслано: 20 листопада 2026 р.\nКому: Madara\nТема: RE: Pārskats",
    "-----Original Message-----\nFrom: EMUS",
    "-----Sākotnējais ziņojums-----\nNo: EMUS",
    "-------- Исходное сообщение --------",
    "-----Ursprüngliche Nachricht-----",
    "No:EMUS <atbalsts@emus.example>\nKam:Madara\nTēma:Pārskats",
    "Sūtītājs: EMUS\nDatums: 20.11.2026 14:05\nSaņēmējs: Madara\nTemats: Pārskats",
    "Siuntėjas: EMUS\nData: penktadienis\nGavėjas: Madara\nTema: Pārskats",
    "Absender: EMUS\nDatum: 20.11.2026 14:05\nEmpfänger: Madara\nBetreff: Pārskats",
    "Original Message\nFrom: EMUS\nSent: Friday\nTo: Madara\nSubject: Pārskats",
    "----------------\nFrom: EMUS\nSent: Friday",
]


class TestTopPosting:
    """E-I.5: the desk reads the answer, not the history below it."""

    @pytest.mark.parametrize("attribution", ATTRIBUTIONS + BEFORE_MARKS_ONLY)
    def test_history_introduced_by_a_mail_program_is_left_out(self, attribution):
        assert visible_reply(f"{ANSWER}\n\n{attribution}\n\n{QUOTE}") == ANSWER

    @pytest.mark.parametrize("attribution", ATTRIBUTIONS)
    def test_history_without_quotation_marks_is_left_out_too(self, attribution):
        assert visible_reply(f"{ANSWER}\n\n{attribution}\n\n{HISTORY}") == ANSWER

    @pytest.mark.parametrize("header", HEADERS)
    def test_history_below_outlooks_header_is_left_out(self, header):
        assert visible_reply(f"{ANSWER}\n\n{header}\n\n{HISTORY}") == ANSWER
        assert visible_reply(f"{ANSWER}\r\n\r\n{header}\r\n\r\n{HISTORY}") == ANSWER

    @pytest.mark.parametrize("line", ["Citējot Atbalsts:", "EMUS atbalsts rakstīja:", "Atbalsts <a@emus.example>:", ""])
    def test_a_quoted_block_at_the_end_is_left_out_whatever_stands_above_it(self, line):
        assert visible_reply(f"{ANSWER}\n\n{line}\n{QUOTE}") == ANSWER


class TestHtmlOnly:
    """E-I.5: a mail that came only as HTML is cut at the same place."""

    HISTORY = "<p>Labdien!</p><p>Lūdzu, mēģiniet vēlreiz.</p>"
    WAYS = {
        "Gmail": '<div dir="ltr">{0}</div><br><div class="gmail_quote"><div class="gmail_attr">On Fri, Nov 20, 2026 at 2:05 PM'
        ' Atbalsts &lt;<a href="mailto:a@emus.example">a@emus.example</a>&gt; wrote:<br></div>'
        '<blockquote class="gmail_quote">{1}</blockquote></div>',
        "Outlook": '<div class="WordSection1">{0}<div style="border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>No:</b> EMUS'
        " &lt;a@emus.example&gt; <br><b>Nosūtīts:</b> piektdiena<br><b>Kam:</b> Madara<br><b>Tēma:</b> RE: x</p></div>{1}</div>",
        "Outlook on the web": '<div>{0}</div><hr><div id="divRplyFwdMsg"><font><b>From:</b> EMUS<br><b>Sent:</b> Friday, November 20,'
        " 2026 2:05 PM<br><b>To:</b> Madara<br><b>Subject:</b> Re: x</font></div><div>{1}</div>",
        "Thunderbird": '{0}<br><div class="moz-cite-prefix">20.11.2026 14:05, EMUS rakstīja:<br></div>'
        '<blockquote type="cite">{1}</blockquote>',
        "Apple Mail": '<div>{0}</div><div><br><blockquote type="cite"><div>On 20 Nov 2026, at 14:05, EMUS &lt;a@emus.example&gt;'
        " wrote:</div><br>{1}</blockquote></div>",
        "Outlook in any language": '<div>{0}<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0 0 0"><p class="MsoNormal">'
        "<b>Frá:</b> EMUS &lt;a@emus.example&gt;<br><b>Dags.:</b> 20. nóv. 2026<br><b>Til:</b> Madara<br><b>Efni:</b> x</p></div>"
        "{1}</div>",
        "Yahoo": '<div>{0}</div><div id="1" class="yahoo_quoted"><div>EMUS</div>{1}</div>',
        "Zimbra": '<div>{0}</div><hr id="zwchr"><div>EMUS</div>{1}',
        "Gmail in any language": '<div>{0}</div><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        'EMUS:<br></div><blockquote class="gmail_quote">{1}</blockquote></div>',
        "Thunderbird in any language": '{0}<div class="moz-cite-prefix">EMUS:</div><blockquote type="cite">{1}</blockquote>',
        "Outlook on a telephone": '<div>{0}</div><div class="ms-outlook-mobile-reference-message"><b>EMUS</b></div>{1}',
        "Windows Mail": '<div>{0}</div><div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px;'
        ' border-top-style: solid;"><b>EMUS</b></div>{1}',
        "Outlook after another program": '<div>{0}</div><div style="border-style: solid none none;'
        ' border-color: rgb(225, 225, 225) currentcolor;"><b>EMUS</b></div>{1}',
    }

    @pytest.mark.parametrize("program", WAYS)
    def test_history_is_left_out_of_the_reply_and_stays_in_the_text(self, program):
        html = self.WAYS[program].format("<p>Paldies!</p><p>Madara</p>", self.HISTORY)
        mail = parse(b"Content-Type: text/html; charset=utf-8\n\n" + html.encode())
        assert mail.reply.split() == ["Paldies!", "Madara"]
        assert "mēģiniet vēlreiz" in mail.text

    def test_a_forwarded_mail_in_gmails_mark_keeps_its_body(self):
        mark = (
            '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>No: EMUS</div>'
        )
        html = f"<div>Skat.</div>{mark}<p>Prasījums.</p><blockquote>Agrāk.</blockquote></div>"
        assert "Prasījums." in parse(b"Content-Type: text/html; charset=utf-8\n\n" + html.encode()).reply

    @pytest.mark.parametrize(
        "html",
        [
            '<div class="gmail_quote"><div class="gmail_attr">On 20 Nov 2026, EMUS wrote:<br></div><div>Es nepiekrītu.</div>'
            "<blockquote>Jums jāmaksā.</blockquote></div>",
            '<div class="gmail_quote">Es nepiekrītu.<br>Anna:<br><blockquote>Jums jāmaksā.</blockquote></div>',
            '<div class="protonmail_quote">Es nepiekrītu.<blockquote>Jums jāmaksā.</blockquote></div>',
            '<div class="moz-cite-prefix">EMUS rakstīja:<br>Es nepiekrītu.</div><blockquote>Jums jāmaksā.</blockquote>',
            '<div class="gmail_quote">Es nepiekrītu:</div>',
        ],
    )
    def test_words_between_the_attribution_and_the_quotation_are_kept(self, html):
        raw = f"Content-Type: text/html; charset=utf-8\n\n<div>Labdien!</div>{html}".encode()
        assert "Es nepiekrītu" in parse(raw).reply
        assert "Jums jāmaksā." not in parse(raw).reply

    @pytest.mark.parametrize("element", ["td", "div"])
    def test_a_line_that_the_writer_drew_hides_nothing(self, element):
        ruled = f'<{element} style="border:none;border-top:solid #E1E1E1 1.0pt"><p>Prasījums ir pamatots: lūdzu, atbildiet.</p></{element}>'
        html = (
            f"<div>Labdien!</div><table><tr>{ruled}</tr></table>" if element == "td" else f"<div>Labdien!</div>{ruled}"
        )
        assert "pamatots" in parse(b"Content-Type: text/html; charset=utf-8\n\n" + html.encode()).reply

    @pytest.mark.parametrize("filling", ["-", "-- ", "&nbsp;", "<b>", "<div ", "x\n", "class='"])
    @pytest.mark.parametrize("mark", ["moz-cite-prefix", "gmail_quote"])
    def test_no_mark_takes_long_to_look_through(self, mark, filling):
        html = f'<div class="{mark}">' + filling * 60_000
        began = time.monotonic()
        assert above_history(html) == html
        assert time.monotonic() - began < 2

    def test_of_a_mail_too_long_to_look_through_no_word_is_lost(self):
        html = f'<div class="gmail_attr">EMUS:</div><img src="{"A" * 1_000_000}"><div id="divRplyFwdMsg">Beigas'
        assert above_history(html) == html


class TestOtherOrders:
    """E-I.5: no word of the client is hidden."""

    def test_answers_between_the_quotes_are_kept_with_their_questions(self):
        text = "> Kāda pārlūkprogramma?\nFirefox.\n\n> Kāds veids?\nPalīgs."
        assert (
            visible_reply(f"Labdien!\n\n{ATTRIBUTIONS[0]}\n{text}\n\n> Ar cieņu\n> atbalsts") == f"Labdien!\n\n{text}"
        )

    def test_an_answer_glued_to_the_attribution_is_parted_from_it(self):
        assert visible_reply(f"Jā. {ATTRIBUTIONS[4]}\n{QUOTE}") == "Jā."

    def test_an_answer_glued_to_outlooks_line_is_parted_from_it(self):
        assert visible_reply(f"Jā. -----Original Message-----\n{HEADERS[0]}\n\n{HISTORY}") == "Jā."

    def test_a_line_drawn_above_the_quotation_goes_with_it(self):
        assert visible_reply(f"{ANSWER}\n\n--------------------\n{QUOTE}") == ANSWER

    def test_an_answer_below_a_quotation_that_begins_with_its_attribution_stands_alone(self):
        quotation = "".join(f"> {line}\n" for line in (ATTRIBUTIONS[4], "Vai izdevās?"))
        assert visible_reply(f"Labdien!\n\n{quotation}\n{ANSWER}") == f"Labdien!\n\n\n{ANSWER}"

    def test_links_that_fell_out_of_the_quotation_belong_to_it(self):
        text = "> Skat.\n (https://emus.example/palidziba) >\n> un vēl (https://emus.example/\nlapa)\n> Sveiki"
        assert visible_reply(f"{ANSWER}\n\n{ATTRIBUTIONS[0]}\n\n{text}") == ANSWER

    def test_an_answer_below_the_quote_stands_alone(self):
        assert visible_reply(f"{ATTRIBUTIONS[0]}\n{QUOTE}\n{ANSWER}") == ANSWER

    def test_a_passage_that_the_writer_quoted_himself_stays(self):
        text = "Sistēma raksta šādi\n\n> Kļūda 503\n\nKo darīt?"
        assert visible_reply(text) == text

    @pytest.mark.parametrize(
        "marker",
        [
            "---------- Forwarded message ---------",
            "-------- Pārsūtīta ziņa --------",
            "Begin forwarded message:",
            "-------- Пересылаемое сообщение --------",
            "-------- Weitergeleitete Nachricht --------",
        ],
    )
    def test_a_forwarded_mail_keeps_its_body(self, marker):
        text = f"Skat. zemāk.\n\n{marker}\n{HEADERS[0]}\n\nKreditora prasījums."
        assert visible_reply(text) == text

    @pytest.mark.parametrize("text", [QUOTE.strip(), f"{HEADERS[0]}\n\nvēstule", f"{ATTRIBUTIONS[3]}\n\nvēstule"])
    def test_when_nothing_would_be_left_everything_is(self, text):
        assert visible_reply(text) == text

    @pytest.mark.parametrize(
        "text",
        [
            "Labdien!\n\n2026. gada 3. oktobrī kreditors man rakstīja:\n\nPrasījums ir pamatots.",
            "Labdien!\n\nVēstulē minēts:\nNo: noliktavas\nKam: pircējam\n\nVai tas ir pareizi?",
            "Trīs jautājumi:\n\n1. Kad?\n2. Kur?",
            "No: rīta līdz vakaram nekas nestrādā.",
            "Uzaicinājums:\n\nDatums: 20. novembris\nLaiks: 14:05\nAdrese: Rīga\n\nLūdzu ierasties.",
            "On Friday I wrote:\n\nnothing works.",
            "On 20 November 2026, the creditor wrote:\n\nThe claim stands.",
            "Vēstulē minēts:\n\n----------------\nNo: noliktavas\nKam: pircējam",
            "Labdien!\n\nDatums: 05.06.2026 14:30\nSaņēmējs: SIA X\nSumma: 100\nLūdzu apstiprināt.",
            "Labdien!\n\nDatums: 05.06.2026 14:30\nKam: SIA X\nSumma: 100\nLūdzu apstiprināt.",
            "Labdien!\n\nSūtītājs: Jānis\nSaņēmējs: Anna\nTēma: parāds\n\nVai tas ir likumīgi?",
            "Labdien!\n\nNo: Jānis\nKam: MKD\nTemats: Iesniegums\n\nLūdzu izskatīt.",
            "Labdien!\n\nNo: Jānis\nDatums: 05.06.2026 14:30\n\nLūdzu izskatīt.",
            'On 5 March 2026 Administrator Kalnins wrote:\n"You must pay."\n\nI disagree, because I paid.',
            "Labdien!\n\n2026. gada 5.06. plkst. 14:30 administrators man rakstīja:\nJums jāmaksā.\n\nEs nepiekrītu.",
            "Labdien!\n\n2026. gada 5.06. plkst. 14:30 Kalniņš man rakstīja:\nJums jāmaksā.\n\nEs nepiekrītu.",
            "Labdien!\n\nKalniņš rakstīja 5.06.2026 plkst. 14:30:\nJums jāmaksā.\n\nEs nepiekrītu.",
            "",
        ],
    )
    def test_prose_that_resembles_a_header_stays(self, text):
        assert visible_reply(text) == text
