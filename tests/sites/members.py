"""Names of made members: handles, people's names, doctors with their credentials; a few of them write most of the posts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

FIRST = ["Agnes", "Ahmed", "Alba", "Andrea", "Arjun", "Béla", "Birgit", "Bruno", "Carla", "Cem", "Chloé", "Dag", "Daria", "Duncan", "Edda", "Eirik", "Elif", "Emre", "Fiona", "Gita", "Gösta", "Hana", "Hugo", "Ilse", "Imani", "Ines", "Jago", "Jana", "Jørn", "Kaito", "Keira", "Lars", "Leila", "Liam", "Lucía", "Magda", "Marek", "Mei", "Milan", "Nadia", "Nils", "Noor", "Olek", "Orla", "Paulo", "Petra", "Quentin", "Rasa", "Remy", "Rhona", "Sanne", "Senan", "Silke", "Søren", "Tamsin", "Tariq", "Tessa", "Uwe", "Vera", "Viktor", "Wanda", "Yael", "Yusuf", "Zoë"]  # fmt: skip
LAST = ["Abara", "Achterberg", "Ainslie", "Bachmann", "Balogh", "Brennan", "Calloway", "Castellano", "Dahl", "Delacroix", "Dimov", "Eastwood", "Ekholm", "Farkas", "Fenwick", "Galvin", "Garrido", "Haddad", "Halvorsen", "Hartnoll", "Ibsen", "Ivanova", "Jansson", "Kaminski", "Karlsen", "Kowal", "Lindqvist", "Lombardi", "Mäkinen", "Marchetti", "Mbeki", "Navarro", "Nesbitt", "Novak", "Oduya", "Okafor", "Oyelaran", "Pascoe", "Petrov", "Quist", "Rahimi", "Rasmussen", "Rhodes", "Sallow", "Santoro", "Tanaka", "Thackeray", "Tremblay", "Ueda", "Vance", "Varga", "Wexford", "Yilmaz", "Zeller"]  # fmt: skip
HEADS = "amber blue brass copper cosy dusty early fern foggy grey hazel heavy iron ivory jolly late little loose mad mellow midnight misty north old pale quiet red rusty salt silver slow south stray sunny tall tin wild windy wooden young".split()  # noqa: SIM905
TAILS = "badger barrel beacon bell bolt brook button canoe cedar clover comet crane dory falcon finch gale gannet harrow heron hound jackdaw kettle lark lantern mallet marten moth otter pebble pike plover raven rook sparrow stoat tern thistle wren yarrow".split()  # noqa: SIM905
CITIES = ("Leeds", "Graz", "Porto", "Tampere", "Lyon", "Denver", "Halifax", "Cork", "Basel", "Utrecht", "Perth", "Oslo")
CREDENTIALS = ("MD", "MD", "MD", "MD, FACS", "OD", "MD, PhD", "DO")
RANKS = ("Member", "Member", "Member", "Senior member", "New member", "Regular", "Moderator")


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a site."""

    number: int
    name: str  # as the site prints it, credentials aside
    credentials: str | None = None
    city: str | None = None
    rank: str = "Member"
    joined: int = 2012
    posts: int = 1

    @property
    def slug(self) -> str:
        """The name as addresses have it."""
        plain = self.name.encode("ascii", "ignore").decode().lower()
        return "-".join(plain.replace(".", " ").replace("_", " ").split()) or "member"


@cache
def read_members(site: str, group: str, count: int, *, doctors: bool = False) -> tuple[Member, ...]:
    """Return the members of a group of a site, the busiest first; always the same ones."""
    dice = Random(f"members {site} {group}")
    found: dict[str, Member] = {}
    while len(found) < count:
        name = f"{dice.choice(FIRST)} {dice.choice(LAST)}" if doctors else _name(dice)
        found.setdefault(
            name,
            Member(
                dice.randint(100, 99999), name, dice.choice(CREDENTIALS) if doctors else None,
                dice.choice(CITIES) if doctors or dice.random() < 0.5 else None, dice.choice(RANKS), dice.randint(2004, 2020),
                int(dice.paretovariate(0.6)) % 20000,
            ),
        )  # fmt: skip
    return tuple(found.values())


def _name(dice: Random) -> str:
    head, tail, first, last = dice.choice(HEADS), dice.choice(TAILS), dice.choice(FIRST), dice.choice(LAST)
    styles = [
        f"{head}_{tail}", f"{head}{tail}{dice.randint(2, 99)}", f"{first} {last}", f"{first}{dice.randint(50, 99)}", f"{head.title()}{tail.title()}",
        f"{first.lower()}.{last.lower()}", f"{tail}{dice.randint(1, 2000)}", f"{first} {last[0]}.", f"{head}-{tail}",
    ]  # fmt: skip
    return dice.choice(styles)


def draw_member(dice: Random, members: tuple[Member, ...]) -> Member:
    """Return a member, by a heavy tail: the first of them writes hundreds of times as much as the last."""
    return dice.choices(members, cum_weights=_weigh(len(members)))[0]


@cache
def _weigh(count: int) -> list[float]:
    return list(accumulate(1 / (rank + 4) for rank in range(count)))
