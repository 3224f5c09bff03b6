"""What the demonstration office knows already, in Latvian: it goes to clients. A real office writes its own."""

from datetime import date, datetime

from directory.models import Desk, Employee, Topic, User
from knowledge.actions import approve_article, enter_macro, enter_template, enter_term, make_article
from knowledge.actions.articles import ArticleFields
from knowledge.actions.wording import MacroFields, TemplateFields, TermFields
from knowledge.models import Macro, Template

Use = Template.Use
LAW = "Maksātnespējas likums"
REPLY_END = "Ja rodas vēl kādi jautājumi, lūdzu, rakstiet mums."

# (name, use, code of the topic, text)
TEMPLATES = (
    (
        "Nodots kompetentajam kolēģim",
        Use.NOTICE,
        "",
        "Labdien!\n\nPaldies par vēstuli „{{ ticket.subject }}”, to saņēmām {{ ticket.received_on }}.\n\nUz Jūsu jautājumu"
        " atbildēs {{ expert.unit }}: tā ir šīs struktūrvienības kompetencē. Atbildi saņemsiet līdz {{ promise.due_on }}."
        "\n\nJūsu jautājuma numurs ir {{ ticket.number }}.",
    ),
    (
        "Termiņš pagarināts",
        Use.NOTICE,
        "",
        "Labdien!\n\nAtvainojamies: atbildes sagatavošanai vajadzīgs vairāk laika, nekā bijām norādījuši. Atbildi saņemsiet"
        " līdz {{ promise.due_on }}.\n\nJūsu jautājuma numurs ir {{ ticket.number }}.",
    ),
    (
        "Vajadzīgs ekrānattēls",
        Use.QUESTION,
        "faults",
        "Labdien!\n\nLai atrastu kļūdas cēloni, mums vajadzīga vēl šāda informācija:\n- lietas numurs;\n- diena un laiks,"
        " kad kļūda parādījās;\n- ekrānattēls, kurā redzams viss kļūdas paziņojums.\n\nLūdzu, atsūtiet to, atbildot uz šo"
        " vēstuli.",
    ),
    (
        "Vajadzīgs lietas numurs",
        Use.QUESTION,
        "",
        "Labdien!\n\nLūdzu, norādiet lietas numuru, uz kuru attiecas Jūsu jautājums. Tad varēsim atbildēt precīzi.",
    ),
    (
        "Pārskats atvērts labošanai",
        Use.REPLY,
        "reports",
        "Labdien!\n\nPārskatu atvērām labošanai. Lūdzu, izlabojiet to un iesniedziet vēlreiz sadaļā „Pārskati”."
        f"\n\n{REPLY_END}",
    ),
    (
        "Palīga pilnvarojums",
        Use.REPLY,
        "access",
        "Labdien!\n\nPilnvarojumu palīgam izveido sadaļā „Pilnvarojumi”:\n1. Nospiediet „Pievienot personu”.\n2. Norādiet"
        " palīga vārdu, uzvārdu un lomu.\n3. Aizpildiet lauku „Derīgs līdz” un saglabājiet.\n\nPalīgs varēs pieslēgties uzreiz"
        f" pēc saglabāšanas.\n\n{REPLY_END}",
    ),
    (
        "Attālināta kreditoru sapulce",
        Use.REPLY,
        "meetings",
        "Labdien!\n\nAttālinātu sapulci izsludina tāpat kā klātienes sapulci. Norises vietā atzīmējiet „attālināti” un saiti"
        f" uz sapulci ierakstiet laukā „Piezīmes”.\n\n{REPLY_END}",
    ),
    (
        "Paraksta pārbaude",
        Use.REPLY,
        "signing",
        "Labdien!\n\nLūdzu, atjauniniet eParaksta programmatūru un pārlūkā atļaujiet uznirstošos logus. Pēc tam aizveriet"
        " pārlūku, atveriet to no jauna un parakstiet dokumentu vēlreiz.\n\nJa kļūda atkārtojas, atsūtiet, lūdzu, ekrānattēlu.",
    ),
    (
        "Darbība atjaunota",
        Use.REPLY,
        "faults",
        "Labdien!\n\nPaldies, ka ziņojāt. Sistēmas darbība ir atjaunota. Lūdzu, atjauniniet lapu un mēģiniet vēlreiz.\n\nJa"
        " kļūda atkārtojas, uzrakstiet mums laiku, kad tā notika, un lapas adresi.",
    ),
    (
        "Datu labojums veikts",
        Use.REPLY,
        "corrections",
        "Labdien!\n\nDati ir izlaboti. Lūdzu, atjauniniet lapu un pārbaudiet, vai tagad viss ir pareizi."
        f"\n\n{REPLY_END}",
    ),
    (
        "Saruna pārtraukta",
        Use.BREAK_OFF,
        "",
        "Labdien!\n\nŠodien pārtraucām sarunu, jo tā vairs nepalīdzēja atrisināt Jūsu jautājumu. Mēs joprojām vēlamies Jums"
        " palīdzēt.\n\nLūdzu, aprakstiet jautājumu, atbildot uz šo vēstuli, vai piezvaniet mums citā laikā pa tālruni"
        " {{ desk.phone }}.",
    ),
)
# (name, name of the template, code of the topic, mark)
MACROS = (
    ("Prasīt ekrānattēlu", "Vajadzīgs ekrānattēls", "faults", Macro.Mark.INCOMPLETE),
    ("Pārskats atvērts, pabeigts", "Pārskats atvērts labošanai", "reports", Macro.Mark.COMPLETE),
    ("Traucējums novērsts, pabeigts", "Darbība atjaunota", "faults", Macro.Mark.COMPLETE),
)
# (term, plain explanation, source, whether the reply check asks for it)
TERMS = (
    ("EMUS", "Elektroniskā maksātnespējas uzskaites sistēma.", LAW, False),
    ("TAP", "Tiesiskās aizsardzības process: uzņēmums vienojas ar kreditoriem un turpina darbu.", LAW, False),
    ("MKD", "Maksātnespējas kontroles dienests.", LAW, True),
    ("PUD", "Maksātnespējas kontroles dienesta Pirmais uzraudzības departaments.", "", True),
    ("TNA", "Tiesu namu aģentūra, kas uztur EMUS tehniku.", "", True),
    ("VID", "Valsts ieņēmumu dienests.", "", False),
    ("parādnieks", "Persona vai uzņēmums, kas nespēj samaksāt parādus un par ko notiek process.", LAW, False),
    ("kreditors", "Persona vai uzņēmums, kam parādnieks ir parādā.", LAW, False),
    ("kreditora prasījums", "Kreditora iesniegums ar summu, ko parādnieks viņam ir parādā.", LAW, False),
    ("prasījumu reģistrs", "Saraksts, kurā administrators ieraksta visus kreditoru prasījumus.", LAW, False),
    ("nodrošināts kreditors", "Kreditors, kura prasījumu sedz ķīla vai cits nodrošinājums.", LAW, False),
    ("blakusprasījums", "Procenti, līgumsods un citas summas, ko prasa papildus pamatparādam.", LAW, True),
    ("cesija", "Prasījuma nodošana citam: turpmāk kreditors ir tā ieguvējs.", "Civillikums", True),
    ("subrogācija", "Prasījuma pāreja tam, kurš kreditoram samaksājis parādnieka vietā.", "", True),
    ("kreditoru sapulce", "Sanāksme, kurā kreditori lemj par procesa gaitu.", LAW, False),
    ("kvorums", "Mazākais balsu skaits, ar kādu sapulce drīkst pieņemt lēmumus.", "", True),
    ("darba kārtība", "Jautājumi, par kuriem sapulce lems.", "", False),
    ("pasākumu plāns", "Plāns, kurā parādnieks sola kreditoriem, ko un kad samaksās.", LAW, False),
    ("uzraugošā persona", "Persona, kas uzrauga tiesiskās aizsardzības procesa plāna izpildi.", LAW, False),
    ("maksātnespējas procesa depozīts", "Nauda, ko iemaksā, lai segtu procesa pirmos izdevumus.", LAW, False),
    ("saistību dzēšana", "Fiziskas personas atbrīvošana no parādiem, ko tā nespēj samaksāt.", LAW, True),
    (
        "garantiju fonds",
        "Valsts nauda, no kuras darbiniekiem izmaksā algas, ko darba devējs nespēj samaksāt.",
        "",
        True,
    ),
    ("pieņemšanas un nodošanas akts", "Dokuments par to, ko viens administrators nodod otram.", "", False),
    (
        "laika zīmogs",
        "Elektroniska atzīme, kas pierāda, kad dokuments parakstīts.",
        "Elektronisko dokumentu likums",
        True,
    ),
    ("deleģējums", "Atļauja citai personai rīkoties Jūsu vietā sistēmā.", "", True),
    ("regress", "Tiesības atprasīt samaksāto no tā, kura vietā samaksāts.", "", True),
)
# (title, code of the topic, question, answer)
ARTICLES = (
    (
        "Kā atvērt labošanai jau iesniegtu pārskatu",
        "reports",
        "Iesniegtajā pārskatā atradu kļūdu. Labot to vairs nevar. Kā rīkoties?",
        "Iesniegtu pārskatu pats administrators labot nevar.\n\n1. Uzrakstiet atbalstam lietas numuru, pārskata periodu un to,"
        " kas jālabo.\n2. Dienests atver pārskatu labošanai.\n3. Izlabojiet pārskatu un iesniedziet to vēlreiz.\n\nIesniegšanas"
        " vēsturē redzamas abas versijas.",
    ),
    (
        "Kā reģistrēt kreditora maiņu pēc cesijas",
        "claims",
        "Prasījums nodots citam kreditoram. Kā to atspoguļot prasījumu reģistrā, lai nepazūd vēsture?",
        "Neveidojiet jaunu ierakstu un nelabojiet nosaukumu.\n\n1. Atveriet prasījumu un izvēlieties darbību „Mainīt kreditoru”."
        "\n2. Norādiet jauno kreditoru un maiņas datumu.\n3. Pievienojiet cesijas līgumu.\n\nKārtas numurs nemainās, un"
        " sākotnējais kreditors paliek redzams prasījuma vēsturē.",
    ),
    (
        "Kā piešķirt palīgam tiesības sagatavot melnrakstus",
        "access",
        "Man ir palīgs. Viņam jāvar gatavot dokumentus, bet ne iesniegt tos manā vārdā.",
        "Sadaļā „Pilnvarojumi” nospiediet „Pievienot personu” un izvēlieties lomu „Sagatavotājs”. Aizpildiet lauku „Derīgs"
        " līdz”: bez termiņa pilnvarojumu saglabāt nevar.\n\nSagatavotājs redz lietas, veido un labo melnrakstus. Iesniegt un"
        " parakstīt var tikai administrators pats.",
    ),
    (
        "Ko darīt, ja, parakstot dokumentu, atveras tukšs logs",
        "signing",
        "Parakstot dokumentu ar eParakstu, atveras tukšs logs vai nekas nenotiek.",
        "Visbiežāk pārlūks bloķē uznirstošo logu vai programmatūra ir novecojusi.\n\n1. Atjauniniet eParaksta programmatūru.\n"
        "2. Pārlūka iestatījumos atļaujiet EMUS uznirstošos logus.\n3. Aizveriet visus pārlūka logus un atveriet to no jauna.\n\n"
        "Ja tas nepalīdz, dokumentu var parakstīt ārpus sistēmas un pievienot kā .edoc vai .asice datni.",
    ),
    (
        "Kā izsludināt attālinātu kreditoru sapulci",
        "meetings",
        "Vai kreditoru sapulci var rīkot attālināti, un kur norādīt saiti?",
        "Attālinātu sapulci izsludina tāpat kā klātienes sapulci.\n\n1. Sadaļā „Kreditoru sapulces” izvēlieties „Jauna sapulce”."
        "\n2. Norises vietā atzīmējiet „attālināti”.\n3. Saiti ierakstiet laukā „Piezīmes”.\n\nSaiti kreditori saņem kopā ar"
        " paziņojumu par sapulci.",
    ),
    (
        "Kad sarakstā parādās uzticētais process",
        "handover",
        "Tiesa mani iecēla par administratoru, bet process manā sarakstā neparādās.",
        "Process sarakstā parādās nākamajā darba dienā pēc tam, kad lēmums saņemts no tiesas.\n\nJa tas nav noticis, atsūtiet"
        " atbalstam lēmuma norakstu un lietas numuru. Iepriekšējā administratora melnraksti netiek pārnesti; iesniegtie"
        " dokumenti ir redzami uzreiz.",
    ),
)  # fmt: skip


def load_knowledge(desk: Desk, owner: Employee, approver: Employee, *, at: datetime) -> None:
    """Give the desk templates, macros, terms and articles; those of a topic get it if the desk has it.

    The articles are of `owner`, to be looked at again in half a year; `approver` approves all but the last.
    """
    by: User = owner.user
    topics = {topic.code: topic for topic in Topic.objects.filter(desk=desk)}
    for word, explanation, source, is_checked in TERMS:
        enter_term(desk, TermFields(word, explanation, source, is_checked), by=by, at=at)
    made = {}
    for place, (name, use, code, body) in enumerate(TEMPLATES):
        template_fields = TemplateFields(name, body, use, topics.get(code), 10 * (place + 1))
        made[name] = enter_template(desk, template_fields, by=by, at=at)
    for place, (name, template, code, mark) in enumerate(MACROS):
        enter_macro(desk, MacroFields(name, made[template], topics.get(code), mark, 10 * (place + 1)), by=by, at=at)
    review_on = _half_a_year_after(at.astimezone(desk.tz).date())
    for title, code, question, answer in ARTICLES:
        fields = ArticleFields(question, answer, owner, review_on, topics.get(code), title)
        article = make_article(desk, fields, ticket_id=None, by=by, at=at)
        if title != ARTICLES[-1][0]:
            approve_article(article, by=approver.user, at=at)


def _half_a_year_after(day: date) -> date:
    month = day.month + 6
    return date(day.year + (month > 12), (month - 1) % 12 + 1, min(day.day, 28))
