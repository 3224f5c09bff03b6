"""The reply check: what is found in a letter, and above all what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact.demo import office, wording
from knowledge.glossary import Term, first_use, with_explanation
from knowledge.identity_codes import identity_codes
from knowledge.reply_check import LONG, Code, Facts, Needs, check
from knowledge.sentences import number_of_words, sentences

REGISTER = Term("prasījumu reģistrs", "Saraksts, kurā administrators ieraksta kreditoru prasījumus.")
TAP = Term("TAP", "Tiesiskās aizsardzības process: parādnieks vienojas ar kreditoriem un turpina darbu.")


def found(text, *, subject="Par pārskatu", attachments=(), **facts):
    return check(text, subject=subject, attachments=attachments, facts=Facts(**facts))


def codes(text, **given):
    return [str(one.code) for one in found(text, **given)]


def said(text, code, **given):
    """Return the pieces of the text that findings of this code point at."""
    return [text[slice(*one.span)] for one in found(text, **given) if one.code == code]


def parted(text):
    return [text[start:end] for start, end in sentences(text)]


class TestSentences:
    """E-I.5: plain language: sentences are told apart as a Latvian reader does."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Labdien! Pārskats ir saņemts. Paldies.", ["Labdien!", "Pārskats ir saņemts.", "Paldies."]),
            ("Atbildēsim līdz 20. nov. plkst. 15.40.", ["Atbildēsim līdz 20. nov. plkst. 15.40."]),
            ("Termiņš ir 20. nov. Pēc tam zvaniet.", ["Termiņš ir 20. nov.", "Pēc tam zvaniet."]),
            ("Pievienojiet rēķinus, čekus u.c. dokumentus.", ["Pievienojiet rēķinus, čekus u.c. dokumentus."]),
            ("Pievienojiet rēķinus u.c. Tad saglabājiet.", ["Pievienojiet rēķinus u.c.", "Tad saglabājiet."]),
            (
                "Sk. Maksātnespējas likuma 5. p. un lietu Nr. C12.",
                ["Sk. Maksātnespējas likuma 5. p. un lietu Nr. C12."],
            ),
            ("Piem. Rīgas tiesa, t. i. pirmā instance.", ["Piem. Rīgas tiesa, t. i. pirmā instance."]),
            ("To parakstīja J. Bērziņš. Viss.", ["To parakstīja J. Bērziņš.", "Viss."]),
            ("2026. gada 5. janvāris. Rīga", ["2026. gada 5. janvāris.", "Rīga"]),
            ("Iesniegts 5. 10. un 15. dienā", ["Iesniegts 5. 10. un 15. dienā"]),
            ("Ko darīt?! Rakstiet…\nMēs lasām.", ["Ko darīt?!", "Rakstiet…", "Mēs lasām."]),
            ("Solis:\n- atvērt\n- saglabāt", ["Solis:", "- atvērt", "- saglabāt"]),
            ("Rinda, kas pārnesta\nnākamajā rindā.", ["Rinda, kas pārnesta\nnākamajā rindā."]),
            ("Izvēlieties „Jauna sapulce.” Tad turpiniet.", ["Izvēlieties „Jauna sapulce.”", "Tad turpiniet."]),
            ("", []),
            (" \n -- \n", []),
        ],
    )
    def test_each_begins_and_ends_where_it_does(self, text, expected):
        assert parted(text) == expected

    @given(st.text(alphabet="aAāĀ1. \n!?„”-u.cNr", max_size=80))
    def test_no_word_is_lost_or_doubled(self, text):
        places = list(sentences(text))
        assert all(a < b for a, b in places) and all(
            one[1] <= two[0] for one, two in zip(places, places[1:], strict=False)
        )
        kept = "".join(text[a:b] for a, b in places)
        assert [sign for sign in kept if sign.isalnum()] == [sign for sign in text if sign.isalnum()]

    def test_the_limit_itself_is_not_too_long_and_one_word_more_is(self):
        sentence = "Labdien, " + "vārds " * (LONG - 1)
        assert number_of_words(sentence) == LONG
        assert codes(sentence.strip() + ".") == []
        more = sentence + "vārds."
        assert said(more, Code.LONG_SENTENCE) == [more]


class TestIdentityCodes:
    """E-I.5, S-24: a personal identity code leaves only after a confirmation."""

    @pytest.mark.parametrize(
        "text",
        [
            "personas kods 161175-19997",
            "kods:161175-19997.",
            "(16117519997)",
            "p. k. 290200-20005",  # a leap day
            "161175-19990",  # mistyped at the end: still somebody's
            "161175–19997",  # with a dash instead of a hyphen
            "320012-12345",
            "32001212345",
        ],
    )
    def test_both_forms_are_found(self, text):
        assert len(list(identity_codes(text))) == 1

    @pytest.mark.parametrize(
        "text",
        [
            "reģ. Nr. 40003521600",
            "16117519990",  # without the dash the last digit must be right
            "161375-19997",  # no thirteenth month
            "310475-19997",  # April has no 31st
            "161175-39997",  # no such century
            "290201-20005",  # no leap year
            "+371 67099160",
            "LV80BANK0000435195001",
            "lieta C16117519997123",
            "1161175-19997",
            "161175-199971",
            "tālr. 37120000190",
        ],
    )
    def test_other_numbers_are_left_alone(self, text):
        assert list(identity_codes(text)) == []

    def test_it_needs_a_confirmation_in_text_quote_and_subject(self):
        for letter in (
            {"text": "Labdien! Kods ir 161175-19997."},
            {"text": "Labdien!\n> Kods ir 161175-19997."},
            {"text": "Labdien!", "subject": "Par 161175-19997"},
        ):
            assert [(one.code, one.needs) for one in found(**letter)] == [(Code.IDENTITY_CODE, Needs.CONFIRMATION)]


class TestSignature:
    """E-I.6: a reply without the sender's data cannot leave; nothing else but an identity code holds it up."""

    def test_what_is_missing_blocks_and_is_named_first(self):
        first = found("pielikumā 161175-19997", missing=["amats", "tālrunis"])[0]
        assert (first.code, first.needs) == (Code.SIGNATURE, Needs.CURE)
        assert "amats, tālrunis" in first.words

    def test_all_the_rest_is_advice(self):
        text = "Nu ko, kā jau rakstīju, PUD prasījumu reģistrs!! ____ pielikumā. Atbildēsim drīzumā. " + "un " * 30
        others = found(text + "\nAr cieņu\n", subject="", terms=[REGISTER])
        assert {one.code for one in others} == set(Code) - {Code.SIGNATURE, Code.IDENTITY_CODE, Code.NO_DATE}
        assert {one.needs for one in others} == {Needs.NOTHING}

    def test_a_signature_written_by_hand_is_noticed(self):
        assert codes("Labdien!\n\nPārskats ir atvērts.\n\nAr cieņu,\nIlze") == ["signed_twice"]


class TestGreeting:
    """E-I.5: a letter greets first."""

    @pytest.mark.parametrize(
        "text",
        [
            "Labdien!",
            "Krūmiņa kungs, labdien!",
            "Cien. Krūmiņa kungs!",
            "Sveicināti!",
            "Cienījamā Ozolas kundze!",
            "\n\nLabrīt, Anna!",
            "Godātais administrator!",
            "Dear Ms Sokolova,",
            "Здравствуйте, Наталья!",
        ],
    )
    def test_greetings_are_known(self, text):
        assert codes(text) == []

    @pytest.mark.parametrize("text", ["Pārskats ir atvērts.", "Paldies!\nLabdien!", "Jā."])
    def test_a_letter_without_one_is_noticed(self, text):
        assert codes(text) == ["greeting_missing"]

    def test_an_empty_letter_is_not_scolded(self):
        assert codes("  \n") == []


class TestAttachments:
    """E-I.5: an attachment that is spoken of is there."""

    @pytest.mark.parametrize(
        "words",
        [
            "Pielikumā nosūtu pamācību.",
            "Pamācību pievienoju.",
            "Pievienojam izrakstu.",
            "Skatiet pielikumu.",
            "Soļi aprakstīti pievienotajā pamācībā.",
            "The guide is attached.",
            "Инструкция во вложении.",
        ],
    )
    def test_it_is_missed_only_when_nothing_is_attached(self, words):
        assert codes(f"Labdien! {words}") == ["attachment_missing"]
        assert codes(f"Labdien! {words}", attachments=["pamaciba.pdf"]) == []

    @pytest.mark.parametrize(
        "words",
        [
            "Lūdzu, pievienojiet protokolu.",
            "Kreditoru sapulci attālināti pievieno tāpat kā klātienes sapulci.",
            "Dokuments jāpievieno sadaļā „Dokumenti”.",
            "Jūsu vēstules pielikumā ir bojāta datne.",
            "Pielikumā, ko atsūtījāt, trūkst otrās lapas.",
            "Noteikumu 2. pielikumā ir paraugs.",
            "Pārskata pielikumā norādiet izdevumus.",
            "Dokuments nav pievienots, jo tas ir par lielu.",
            "> Pielikumā sūtu aktu.",
        ],
    )
    def test_other_people_s_attachments_are_theirs(self, words):
        assert codes(f"Labdien!\n{words}") == []


class TestPromises:
    """E-II.4a, E-I.5: who is told to wait is told until when."""

    @pytest.mark.parametrize(
        ("words", "vague"),
        [
            ("Atbildēsim nākamnedēļ.", "nākamnedēļ"),
            ("Atbildi sniegsim tuvākajā laikā.", "tuvākajā laikā"),
            ("Kļūdu novērsīsim līdz nedēļas beigām.", "nedēļas beigām"),
            ("Sazināšos ar Jums drīzumā.", "drīzumā"),
            ("Jautājums tiks atrisināts līdz piektdienai.", "līdz piektdienai"),
            ("Noskaidrosim un atbildēsim.", "atbildēsim"),
        ],
    )
    def test_a_time_without_a_date_is_noticed(self, words, vague):
        assert said(f"Labdien! {words}", Code.VAGUE_DATE) == [vague]

    @pytest.mark.parametrize(
        "words",
        [
            "Atbildēsim līdz 20. novembrim.",
            "Atbildi sniegsim nākamnedēļ, līdz 24.11.2026.",
            "Noskaidrosim un rīt atbildēsim.",
            "Aizpildiet lauku „Derīgs līdz” un saglabājiet.",
            "Process parādās nākamajā darba dienā pēc lēmuma.",
            "Iesniedziet pārskatu līdz nedēļas beigām.",
            "Birojs strādā no 9 līdz 17.",
            "Ja kļūda atkārtosies, atbildēsim ar citu risinājumu.",
            "Kolēģe to pārbauda. Atbildēsim. Termiņš ir 20. nov.",
        ],
    )
    def test_a_date_or_the_client_s_own_duty_is_in_order(self, words):
        assert codes(f"Labdien! {words}") == []

    def test_an_interim_notice_owes_a_date(self):
        text = "Labdien! Jūsu vēstule nodota Pirmajam uzraudzības departamentam."
        assert codes(text, is_notice=True) == ["promised_date_missing"]
        assert codes(text + " Atbilde būs līdz 20. nov.", is_notice=True) == []
        assert codes(text) == []


class TestPlaceholders:
    """S-5.2: what a template left open does not leave unseen."""

    @pytest.mark.parametrize(
        "place", ["⟦klienta vārds⟧", "{{ client.name }}", "[ierakstiet datumu]", "____", "XXX", "<<vārds>>"]
    )
    def test_each_way_of_leaving_one_open_is_found(self, place):
        assert said(f"Labdien! Lieta {place} ir atvērta.", Code.PLACEHOLDER) == [place]

    @pytest.mark.parametrize(
        "text", ["Lieta [1] ir atvērta.", "Gaidiet…", "Skat. [saite](https://emus.example).", "XXI gs."]
    )
    def test_what_only_looks_alike_is_left(self, text):
        assert codes(f"Labdien! {text}") == []


class TestWording:
    """E-I.2: respect in every situation."""

    @pytest.mark.parametrize(
        "words", ["Kā jau rakstīju, poga ir zilā.", "Tā ir Jūsu vaina.", "Izlasiet!!", "Vai tiešām nesaprotat?"]
    )
    def test_sharp_words_are_pointed_at(self, words):
        assert codes(f"Labdien! {words}") == ["sharp_wording"]

    @pytest.mark.parametrize(
        "words", ["Kā rakstījāt, poga nav redzama.", "Atvainojiet par neērtībām!", "Vai tas palīdzēja?"]
    )
    def test_plain_words_are_not(self, words):
        assert codes(f"Labdien! {words}") == []


class TestAbbreviations:
    """E-I.5: an abbreviation is explained where it stands first, unless the client used it."""

    def test_the_first_use_counts(self):
        assert said("Labdien! PUD to skata. PUD atbildēs.", Code.ABBREVIATION) == ["PUD"]

    @pytest.mark.parametrize(
        "words",
        [
            "PUD (Pirmais uzraudzības departaments) to skata.",
            "Pirmais uzraudzības departaments (PUD) to skata. PUD darbs.",
            "Pirmais uzraudzības departaments (turpmāk – PUD) to skata.",
            "PUD – Pirmais uzraudzības departaments – to skata.",
            "EMUS pieņem PDF un EDOC datnes; SIA maksā 5 EUR.",
            "Izdarīts II un IV ceturksnī.",
            'SIA „RŪTA” un SIA "ZVANI" ir reģistrētas.',
            "To NEDRĪKST DARĪT.",
            "Tas NAV iespējams.",
            "Saite: https://emus.example/PUD un pasts@PUD.example",
        ],
    )
    def test_what_is_explained_known_or_no_abbreviation_is_left(self, words):
        assert codes(f"Labdien! {words}") == []

    def test_what_the_client_wrote_needs_no_explanation(self):
        assert codes("Labdien! VID atbildēja.", earlier="Ko saka VID?") == []


class TestTerms:
    """E-I.5, S-15: a term of law is explained at first use, whatever its ending."""

    def test_it_is_found_in_any_case_and_can_be_explained_in_one_step(self):
        text = "Labdien! Ierakstu prasījumu reģistrā labo administrators. Prasījumu reģistram ir izdruka."
        finding = found(text, terms=[REGISTER])[0]
        assert (finding.code, text[slice(*finding.span)]) == (Code.TERM, "prasījumu reģistrā")
        explained = text[: finding.span[1]] + finding.insert + text[finding.span[1] :]
        assert explained == with_explanation(text, REGISTER)
        assert "prasījumu reģistrā (saraksts, kurā administrators ieraksta kreditoru prasījumus) labo" in explained
        assert codes(explained, terms=[REGISTER]) == []

    @pytest.mark.parametrize(
        "words",
        [
            "Prasījumu reģistrs – saraksts ar prasījumiem – ir atvērts.",
            "Prasījumu reģistrs, tas ir, saraksts, ir atvērts.",
            "Sarakstu, kurā administrators ieraksta kreditoru prasījumus, sauc šādi: prasījumu reģistrs.",
            "Reģistrs par prasījumiem ir atvērts.",
        ],
    )
    def test_an_explanation_in_other_words_is_enough(self, words):
        assert codes(f"Labdien! {words}", terms=[REGISTER]) == []

    def test_the_client_s_own_term_needs_none(self):
        assert (
            codes("Labdien! Prasījumu reģistrs ir atvērts.", terms=[REGISTER], earlier="kur ir prasijumu registri")
            == []
        )

    def test_an_abbreviation_of_the_glossary_is_told_once_with_its_explanation(self):
        assert codes("Labdien! TAP plāns ir atvērts.", terms=[TAP]) == ["term_unexplained"]
        assert first_use("Tapa ir darbarīks, tapu daudz.", TAP) is None

    def test_what_an_abbreviation_stands_for_keeps_its_capital(self):
        assert with_explanation("TAP plāns", TAP).startswith("TAP (Tiesiskās aizsardzības process: ")

    def test_a_text_without_the_term_stays_as_it_is(self):
        assert with_explanation("Labdien!", REGISTER) == "Labdien!"


GOOD = (
    "Labdien!\n\nPārskatu atvērām labošanai. Lūdzu, izlabojiet sākuma atlikumu un iesniedziet pārskatu vēlreiz līdz 27. nov.",
    "Labdien, Vējdobes kungs!\n\nPalīgam pietiek ar Jūsu iesniegumu. Sadaļā „Pilnvarojumi” izvēlieties lomu „Sagatavotājs”:"
    " viņš varēs veidot melnrakstus, bet iesniegt tos nevarēs.\n\nJa kaut kas neizdodas, zvaniet pa tālr. +371 2000 0190.",
    "Sveicināti!\n\nJautājumu nodevām Pirmajam uzraudzības departamentam. Atbildi saņemsiet līdz trešdienai, 25. novembrim.",
    "Labrīt!\n\n1. Atveriet procesu.\n2. Izvēlieties „Dokumenti”.\n3. Nospiediet „Pievienot”.\n\nMaksimālais lielums ir 10 MB.",
    "Labdien!\n\nParaksts PDF datnes iekšpusē ir derīgs. EMUS pašlaik pārbauda tikai .edoc un .asice datnes, tāpēc zaļais"
    " ķeksītis neparādās.\n\n> Ielādēju, zaļais ķeksītis neparādās, rāda \"Dokuments nav parakstīts\" UN VISS!!!",
    "Dear Ms Sokolova,\n\nThe second claim was withdrawn on 22 April. The date of submission of the first one stays.",
)  # fmt: skip


class TestFalseAlarms:
    """E-I.5: advice that is wrong is advice that is no longer read."""

    @pytest.mark.parametrize(
        "text",
        [office.REPLY_MEETING, office.REPLY_REGISTER, office.REPLY_ASSISTANT]
        + [wording.answer(cure) for _subject, _trouble, cure in wording.MATTERS]
        + [wording.answer(question) for question in wording.QUESTIONS],
    )
    def test_the_demonstration_office_s_replies_pass(self, text):
        assert codes(text) == []

    @pytest.mark.parametrize("text", GOOD)
    def test_good_letters_pass(self, text):
        assert codes(text) == []

    @given(st.text(max_size=200))
    def test_any_text_is_answered_and_every_place_lies_in_it(self, text):
        for one in found(text, terms=[REGISTER, TAP], is_notice=True):
            assert one.span is None or 0 <= one.span[0] < one.span[1] <= len(text)
            assert one.words
