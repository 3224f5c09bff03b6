"""What invented clients write and what the office answers: Latvian sentences, put together by chance."""

from random import Random

from directory.models import Client

WOMEN = (
    "Agnese",
    "Baiba",
    "Dace",
    "Elīna",
    "Gunita",
    "Inese",
    "Kristīne",
    "Līga",
    "Madara",
    "Sanita",
    "Vineta",
    "Zane",
)
MEN = (
    "Aigars",
    "Edgars",
    "Gatis",
    "Ivars",
    "Jānis",
    "Kaspars",
    "Mārtiņš",
    "Normunds",
    "Oskars",
    "Raivis",
    "Toms",
    "Uldis",
)
SURNAMES = (
    ("Apšlapa", "Apšlapa"), ("Bērzkalna", "Bērzkalns"), ("Cīruliņa", "Cīruliņš"), ("Dzērvleja", "Dzērvlejs"),
    ("Eglāja", "Eglājs"), ("Grantskalna", "Grantskalns"), ("Irbeniece", "Irbenieks"), ("Kļavkalna", "Kļavkalns"),
    ("Liepziede", "Liepziedis"), ("Mežlauka", "Mežlauks"), ("Niedrupe", "Niedrupis"), ("Ozolkalna", "Ozolkalns"),
    ("Pīlādzena", "Pīlādzens"), ("Rudzāja", "Rudzājs"), ("Smilgaine", "Smilgainis"), ("Šķeltiņa", "Šķeltiņš"),
    ("Upeskalna", "Upeskalns"), ("Vītolāja", "Vītolājs"), ("Zvirgzdiņa", "Zvirgzdiņš"), ("Žagarsone", "Žagarsons"),
)  # fmt: skip
PLAIN = str.maketrans("āčēģīķļņšūž", "acegiklnsuz")

# (subject, what is wrong, what to do about it)
MATTERS = (
    ("Nevar pievienot kreditora prasījumu", "Pievienojot kreditora prasījumu, sistēma rāda kļūdu „Dati nav saglabāti”.", "Lūdzu, pārbaudiet, vai prasījuma summā nav atstarpju, un saglabājiet vēlreiz."),
    ("Darbības pārskatā nesakrīt kopsumma", "Pārskata kopsumma atšķiras no izdevumu saraksta.", "Kopsummu pārrēķina pēc tam, kad apstiprināta pēdējā izdevumu rinda."),
    ("Kreditoru sapulces protokola augšupielāde", "Protokola datne neaugšupielādējas, lai gan tā ir mazāka par 10 MB.", "Lūdzu, saglabājiet protokolu PDF/A formātā un augšupielādējiet to sadaļā „Sapulces”."),
    ("Pilnvarojuma piešķiršana palīgam", "Vēlos piešķirt pilnvarojumu palīgam, bet poga nav pieejama.", "Poga kļūst pieejama, kad norādīts pilnvarojuma termiņš."),
    ("Nav redzams uzticētais process", "Tiesas lēmums stājies spēkā, bet process manā sarakstā neparādās.", "Process sarakstā parādās nākamajā darba dienā pēc lēmuma saņemšanas no tiesas."),
    ("Kļūda, parakstot dokumentu", "Parakstot dokumentu ar eParakstu, tiek atvērts tukšs logs.", "Lūdzu, atjauniniet eParaksta programmatūru un atļaujiet uznirstošos logus."),
    ("Mantas pārdošanas plāna iesniegšana", "Neatrodu, kur iesniegt mantas pārdošanas plāna grozījumus.", "Grozījumus iesniedz tajā pašā sadaļā, izvēloties „Jauna versija”."),
    ("Atgādinājums par pārskatu atnāca divreiz", "Par vienu un to pašu pārskatu saņēmu divus atgādinājumus.", "Otrs atgādinājums attiecas uz saistīto procesu; pirmais ir izpildīts."),
    ("Nepareizs parādnieka reģistrācijas numurs", "Procesā norādīts nepareizs parādnieka reģistrācijas numurs.", "Numurs ir labots; lūdzu, atjauniniet lapu."),
    ("Kā nodot lietu citam administratoram", "Mani atcēla no procesa; kā nodot dokumentus jaunajam administratoram?", "Dokumentus nodod sadaļā „Nodošana”, pievienojot pieņemšanas un nodošanas aktu."),
    ("TAP uzraudzības ziņojums", "Uzraudzības ziņojuma veidlapā trūkst lauka par izmaiņām plānā.", "Lauks parādās, ja atzīmēts, ka plāns grozīts."),
    ("Nevar pieslēgties ar eID karti", "Pieslēdzoties ar eID karti, redzu paziņojumu „Lietotājs nav atrasts”.", "Jūsu konts ir atjaunots; lūdzu, pieslēdzieties vēlreiz."),
    ("Depozīta atmaksa", "Kad tiks atmaksāts maksātnespējas procesa depozīts?", "Depozīta atmaksai iesniedziet pieprasījumu sadaļā „Finanses”."),
    ("Prasījumu reģistra izdruka", "Prasījumu reģistra izdrukā pazūd garumzīmes.", "Izdrukai izvēlieties PDF formātu, ne CSV."),
    ("Sistēma darbojas lēni", "Kopš rīta dokumentu saraksts atveras vairāk nekā minūti.", "Darbība ir atjaunota; ja tā atkārtojas, lūdzu, atsūtiet laiku un lapas adresi."),
    ("Jautājums par procesa izbeigšanu", "Kāds dokuments jāpievieno, lai izbeigtu procesu?", "Pievienojiet tiesas lēmumu un noslēguma pārskatu."),
)  # fmt: skip
WHERE = ("", " – steidzami", " (lieta C{number})", " (process Nr. {number})", ", lūdzu palīdzību")
DETAILS = (
    "Mēģināju vairākās pārlūkprogrammās, rezultāts tas pats.",
    "Termiņš dokumentam ir šīs nedēļas beigās.",
    "Ekrānattēlu varu atsūtīt, ja nepieciešams.",
    "Iepriekšējā mēnesī tas pats solis izdevās bez kļūdām.",
    "Lietas numurs ir C{number}.",
    "Lūdzu, paskaidrojiet, kā rīkoties.",
)
QUESTIONS = (
    "Lūdzu, norādiet lietas numuru un laiku, kad kļūda parādījās.",
    "Lūdzu, atsūtiet ekrānattēlu ar visu kļūdas paziņojumu.",
    "Lūdzu, precizējiet, kurā sadaļā darbība notika.",
)
FURTHER = (
    "Paldies, izdevās! Vēl viens jautājums: vai tas pats jādara arī saistītajā procesā?",
    "Pamēģināju, bet tagad redzu citu kļūdu. Ko darīt?",
    "Papildinu savu vēstuli: kļūda atkārtojās arī šodien.",
    "Vai varat apstiprināt, ka dokuments ir saņemts?",
)
ANSWERS = (
    "Kļūda notika vakar ap plkst. {hour}.00, lieta C{number}.",
    "Ekrānattēls ir tāds pats kā iepriekš, sadaļa „Dokumenti”.",
)
THANKS = ("Paldies!", "Paldies, viss kārtībā.", "Liels paldies par ātro atbildi!")
JUNK = ("Izdevīgs piedāvājums jūsu uzņēmumam", "Jūsu konts tiks bloķēts", "Reklāmas laukums par puscenu")
AUTOMATIC = "Esmu atvaļinājumā. Uz Jūsu vēstuli atbildēšu pēc atgriešanās."
NOTES = (
    "Zvanīju klientam, vienojāmies gaidīt ekrānattēlu.",
    "Līdzīgs gadījums bija pagājušajā nedēļā.",
    "Pārbaudīts testa vidē: atkārtojas.",
)
NOT_NEEDED = ("Pateicība", "Tikai informācijai")
TOLD = "Pa e-pastu: atbilde būs līdz norādītajam laikam."


def people(number: int, rng: Random) -> list[tuple[str, str, str]]:
    """Return that many clients, each with an address of their own: (name, kind, address)."""
    found = []
    for place in range(number):
        woman = rng.random() < 0.6
        first, last = rng.choice(WOMEN if woman else MEN), rng.choice(SURNAMES)[0 if woman else 1]
        kinds = (Client.Kind.ADMINISTRATOR, Client.Kind.SUPERVISOR, Client.Kind.OTHER)
        kind = rng.choices(kinds, (60, 25, 15))[0]
        host = f"{last.lower().translate(PLAIN)}{place + 1}.example"
        found.append((f"{first} {last}", str(kind), f"{first.lower().translate(PLAIN)}@{host}"))
    return found


def filled(text: str, rng: Random) -> str:
    return text.format(number=rng.randrange(10_000_000, 99_999_999), hour=rng.randrange(9, 17))


def letter(body: str, writer: str, rng: Random) -> str:
    """Return a client's letter around `body`."""
    detail = f" {filled(rng.choice(DETAILS), rng)}" if rng.random() < 0.6 else ""
    return f"{rng.choice(('Labdien!', 'Sveicināti!', 'Labrīt!'))}\n\n{body}{detail}\n\nAr cieņu,\n{writer}"


def answer(body: str) -> str:
    return f"Labdien!\n\n{body}"
