"""The demonstration office: invented people, with their sign-ins."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from directory.models import Client, Role

PASSWORD = "demonstracija"
Name = Role.Name


@dataclass(frozen=True)
class Person:
    email: str
    first_name: str
    last_name: str
    position: str
    phone: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Login:
    name: str
    role: str
    email: str
    password: str


ADMINISTRATOR = Person(
    "ilze@emus.example", "Ilze", "Kalnciema", "IS administratore", "+371 2000 0100", (Name.ADMINISTRATOR,)
)
SANTA = Person("santa@emus.example", "Santa", "Grīnvalde", "vecākā eksperte", "+371 2000 0111", (Name.EXPERT,))
ANDRIS = Person("andris@emus.example", "Andris", "Vītolkalns", "eksperts", "+371 2000 0112", (Name.EXPERT,))
PEOPLE = (
    ADMINISTRATOR,
    SANTA,
    ANDRIS,
    Person(
        "raimonds@emus.example",
        "Raimonds",
        "Straujupe",
        "PUD direktora vietnieks",
        "+371 2000 0120",
        (Name.DEPUTY_DIRECTOR,),
    ),
    Person("gunta@emus.example", "Gunta", "Ābeļlapa", "PUD direktore", "+371 2000 0130", (Name.DIRECTOR, Name.MANAGER)),
)
# (address, name, kind) of the clients whom the office knows already; the others write for the first time.
CLIENTS = (
    ("madara.vilkabele@vilkabele-prakse.example", "Madara Vilkābele", Client.Kind.ADMINISTRATOR),
    ("karlis.ezmalis@ezmalis.example", "Kārlis Ežmalis", Client.Kind.ADMINISTRATOR),
    ("zanis@kimenitis.example", "Žanis Ķimenītis", Client.Kind.ADMINISTRATOR),
    ("gundega.skietniece@tap-uzraudziba.example", "Gundega Šķietniece", Client.Kind.SUPERVISOR),
    ("tekla@ciekurs.example", "Tekla Čiekurniece", Client.Kind.ADMINISTRATOR),
    ("ojars.plavlapsa@plavlapsa.example", "Ojārs Pļavlapsa", Client.Kind.ADMINISTRATOR),
    ("gederts@vitolnieks.example", "Ģederts Vītolnieks", Client.Kind.ADMINISTRATOR),
    ("sarmite@liepkalna-upe.example", "Sarmīte Liepkalna-Ūpe", Client.Kind.SUPERVISOR),
)


def marker() -> Path:
    """Return the file that says that this folder's database holds the demonstration."""
    return Path(settings.DATA_DIR) / "demonstration"


def is_demonstration() -> bool:
    """Tell whether the demonstration office is loaded; never so with a production database."""
    return bool(settings.EMBEDDED) and marker().exists()


def demonstration_logins() -> list[Login]:
    if not is_demonstration():
        return []
    return [
        Login(
            f"{person.first_name} {person.last_name}",
            ", ".join(str(Name(role).label) for role in person.roles),
            person.email,
            PASSWORD,
        )
        for person in PEOPLE
    ]
