"""Flattened forum pages out of templates, with invented words: every line is labelled because it was made.

A page is a head, posts and a foot. What stands before and after each body is drawn once a page from the fields that forum
software prints (name, rank, date, counts, buttons …), in an order, language and date format of the page's own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

from flows.split.flat.features import load_kinds
from tests.training.labelling import FIRST, LAST, MIDDLE, SINGLE, Row, Sample

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
# name: joined, posts, place, rank, buttons, by, said, edited, home, log in, replies, page, related, foot, ago
SAYS = {
    "en": ("Joined", "Posts", "Location", "Member|New Member|Moderator|Senior Member|Administrator|Guest", "Reply|Quote|Report|Like|Share", "by|Posted by|From", "said:|wrote:", "Last edited by", "Home|Forums|Members|Search|Help", "Log in|Register|Sign up", "replies|answers|comments", "Page|Next|Previous", "Similar threads|Related discussions|Recent topics|You may also like", "Privacy|Terms of use|Contact us|Powered by", "{} ago"),
    "de": ("Registriert", "Beiträge", "Wohnort", "Mitglied|Benutzer|Moderator|Gast|Neuling", "Zitieren|Antworten|Melden|Teilen|Gefällt mir", "von|Verfasst von", "schrieb:|hat geschrieben:", "Zuletzt bearbeitet von", "Startseite|Forum|Mitglieder|Suche|Hilfe", "Anmelden|Registrieren", "Antworten|Beiträge", "Seite|Weiter|Zurück", "Ähnliche Themen|Neueste Beiträge", "Datenschutz|Impressum|Nutzungsbedingungen|Kontakt", "vor {}"),
    "fr": ("Inscription", "Messages", "Localisation", "Membre|Modérateur|Invité", "Répondre|Citer|Signaler|J'aime", "par|Posté par", "a écrit :", "Dernière modification par", "Accueil|Forums|Recherche|Aide", "Connexion|Inscription", "réponses", "Page|Suivante|Précédente", "Sujets similaires|Discussions récentes", "Confidentialité|Conditions|Contact", "il y a {}"),
    "es": ("Registrado", "Mensajes", "Ubicación", "Miembro|Moderador|Invitado", "Responder|Citar|Reportar|Me gusta", "por|Publicado por", "escribió:|dijo:", "Última edición por", "Inicio|Foros|Buscar|Ayuda", "Iniciar sesión|Registrarse", "respuestas", "Página|Siguiente|Anterior", "Temas similares|Temas recientes", "Privacidad|Términos|Contacto", "hace {}"),
    "it": ("Iscritto", "Messaggi", "Località", "Utente|Moderatore|Ospite", "Rispondi|Cita|Segnala|Mi piace", "da|Scritto da", "ha scritto:", "Ultima modifica di", "Home|Forum|Cerca|Aiuto", "Accedi|Registrati", "risposte", "Pagina|Successiva|Precedente", "Discussioni simili", "Privacy|Termini|Contatti", "{} fa"),
    "nl": ("Lid sinds", "Berichten", "Woonplaats", "Lid|Moderator|Gast", "Reageren|Citeren|Melden|Delen", "door|Geplaatst door", "schreef:", "Laatst bewerkt door", "Home|Forum|Zoeken|Hulp", "Inloggen|Registreren", "reacties", "Pagina|Volgende|Vorige", "Vergelijkbare onderwerpen", "Privacy|Voorwaarden|Contact", "{} geleden"),
    "pl": ("Dołączył", "Posty", "Skąd", "Użytkownik|Moderator|Gość", "Odpowiedz|Cytuj|Zgłoś|Lubię to", "przez|Napisane przez", "napisał:", "Ostatnio edytowany przez", "Strona główna|Forum|Szukaj|Pomoc", "Zaloguj|Rejestracja", "odpowiedzi", "Strona|Następna|Poprzednia", "Podobne tematy", "Prywatność|Regulamin|Kontakt", "{} temu"),
    "pt": ("Registrado", "Mensagens", "Localização", "Membro|Moderador|Convidado", "Responder|Citar|Denunciar|Gostar", "por|Postado por", "escreveu:|disse:", "Editado pela última vez por", "Início|Fórum|Pesquisar|Ajuda", "Entrar|Cadastre-se", "respostas", "Página|Próxima|Anterior", "Tópicos semelhantes", "Privacidade|Termos|Contato", "há {}"),
}  # fmt: skip
UNITS = {
    "en": "2 days|3 weeks|5 months|1 year|14 hours", "de": "2 Tagen|3 Wochen|5 Monaten|1 Jahr", "fr": "2 jours|3 semaines|5 mois|1 an",
    "es": "2 días|3 semanas|5 meses|1 año", "it": "2 giorni|3 settimane|5 mesi", "nl": "2 dagen|3 weken|5 maanden",
    "pl": "2 dni|3 tygodnie|5 miesięcy", "pt": "2 dias|3 semanas|5 meses",
}  # fmt: skip
SYLLABLES = "ba be bo da de di do fa fe ga go ha he ka ki ko la le li lo ma me mi mo na ne ni no pa pe po ra re ri ro sa se si so ta te ti to va ve vi za".split()  # noqa: SIM905


@cache
def small_words() -> list[str]:
    bits, kinds = load_kinds()
    return [word for word, mask in bits.items() if mask >> (len(kinds) - 1) & 1]


class Maker:
    """Draws one page; every choice that a site makes once is made once."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        dice = self.dice
        self.language = dice.choice([*SAYS, "en", "en", "en", "de"])
        self.says = [part.split("|") for part in SAYS[self.language]]
        self.smalls = dice.sample(small_words(), 40)
        self.now = datetime(dice.randint(2003, 2025), dice.randint(1, 12), dice.randint(1, 28), dice.randint(0, 23), 11)
        self.date_style = dice.randint(0, 17)
        self.rows: list[Row] = []
        self.bullet = dice.choice(["", "", "", "• ", "  • ", "- "])

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def word(self) -> str:
        return "".join(self.dice.choice(SYLLABLES) for _ in range(self.dice.choice([1, 2, 2, 2, 3, 3, 4]))) + self.dice.choice(
            ["", "n", "s", "r", "t"]
        )

    def name(self) -> str:
        word, other = self.word(), self.word()
        return self.dice.choice([
            word.title(), word, f"{word.title()} {other.title()}", f"{word}{self.dice.randint(1, 1999)}", f"{word}_{other}", f"{word.title()}{other.title()}",
            f"{word.title()} {other[0].upper()}.", word.upper()[:5], f"{word}.{other}", f"Dr. {word.title()}", f"{word.title()}-{other}",
        ])  # fmt: skip

    def sentence(self, low: int = 4, high: int = 18) -> str:
        dice = self.dice
        words = [dice.choice(self.smalls) if dice.random() < 0.5 else self.word() for _ in range(dice.randint(low, high))]
        if dice.random() < 0.05:
            words[dice.randrange(len(words))] = str(dice.randint(1, 2020))
        text = " ".join(words)
        text = text if dice.random() < 0.15 else text[0].upper() + text[1:]
        return text + dice.choice([".", ".", ".", ".", "!", "?", "", "...", " :)"])

    def title(self) -> str:
        text = " ".join(
            self.word() if self.chance(0.7) else self.dice.choice(self.smalls) for _ in range(self.dice.randint(2, 9))
        )
        return (text.title() if self.chance(0.4) else text.capitalize()) + self.dice.choice(["", "", "?", "!"])

    def date(self, when: datetime) -> str:
        dice, month = self.dice, MONTHS[self.language].split()[when.month - 1]
        clock = when.strftime(["%H:%M", "%I:%M %p", "%I:%M %p", "%H:%M:%S"][self.date_style % 4])
        if self.language == "en":
            clock = clock.lower() if self.date_style % 3 == 0 else clock
        styles: list[Callable[[], str]] = [
            lambda: f"{month} {when.day}, {when.year}", lambda: f"{month[:3]} {when.day}, {when.year} at {clock}", lambda: f"{when.day}. {month} {when.year}, {clock}",
            lambda: f"{when.day} {month} {when.year}", lambda: f"{when:%d.%m.%Y}, {clock}", lambda: f"{when:%Y-%m-%d %H:%M}", lambda: f"{when:%m/%d/%Y}",
            lambda: f"{when:%d-%m-%Y}, {clock}", lambda: f"{when:%a} {month[:3]} {when:%d, %Y} {clock}", lambda: f"{month} {when.year}",
            lambda: self.says[14][0].format(dice.choice(UNITS[self.language].split("|"))), lambda: f"{when.day} {month[:3]} {when.year}, {clock}",
            lambda: f"{when:%d.%m.%y} {clock}", lambda: f"{month} {when.day}", lambda: f"{month} {when.day}, {when.year}, {clock}", lambda: f"{when.day} {month[:3]} '{when:%y} {clock}",
            lambda: f"{when:%d/%m/%Y}, {when:%Hh%M}", lambda: f"{month[:3]} {when.day}",
        ]  # fmt: skip
        return styles[self.date_style % len(styles)]()

    def put(self, text: str, gap: int = 0, **labels: object) -> None:
        if text.strip():
            self.rows.append(Row(text, gap))
            for key, value in labels.items():
                setattr(self.rows[-1], key, value)

    def says_one(self, at: int) -> str:
        return self.dice.choice(self.says[at])

    def head(self) -> str:
        for _ in range(self.dice.choice([0, 2, 4, 8, 15])):
            self.put(
                self.bullet + self.dice.choice([self.says_one(8), self.says_one(9), self.word().title(), self.says_one(11)]),
                int(self.chance(0.2)),
            )
        if self.chance(0.3):
            self.put(self.sentence(6, 14), 1)
        if self.chance(0.2):
            for _ in range(self.dice.randint(1, 3)):  # a welcome, or the doors of a whole network of sites
                self.put(
                    self.sentence(10, 40) if self.chance(0.5) else " ".join(self.title() for _ in range(6)),
                    int(self.chance(0.5)),
                )
        if self.chance(0.25):
            self.listed()
        title = self.title()
        if self.chance(0.4):
            self.put(f"{self.word().title()} > {self.word().title()} > {title}", 1)
        if self.chance(0.85):
            self.put(title, 1)
        if self.chance(0.3):
            self.put(f"{self.dice.randint(0, 90)} {self.says_one(10)}", int(self.chance(0.5)))
        return title

    def listed(self) -> None:
        """A list of other threads: titles with names and dates, as like posts as such lists are."""
        dated, named, blank = self.chance(0.5), self.chance(0.5), self.chance(0.5)
        self.put(self.says_one(12), 1)
        for _ in range(self.dice.randint(3, 10)):
            self.put(self.bullet + self.title(), int(blank))
            if self.chance(0.15):
                self.put(self.sentence(6, 20))
            if named:
                self.put(self.name() + ("" if self.chance(0.6) else f" · {self.date(self.now)}"))
            if dated:
                self.put(self.date(self.now - timedelta(days=self.dice.randint(0, 900))))
            if self.chance(0.2):
                self.put(f"{self.dice.randint(0, 99)} {self.says_one(10)}")

    def foot(self) -> None:
        if self.chance(0.4):
            self.put(f"{self.says_one(11)} 1 2 3", 1)
        if self.chance(0.45):
            self.listed()
        if self.chance(0.3):
            self.put(self.sentence(8, 20), 1)
        for _ in range(self.dice.choice([0, 1, 3, 6, 12])):
            self.put(
                self.bullet + self.dice.choice([self.says_one(13), self.says_one(8), self.word().title(), self.says_one(9)]),
                int(self.chance(0.2)),
            )
        if self.chance(0.5):
            self.put(f"© {self.now.year} {self.word().title()}", 1)

    def body(self, number: int, names: list[str], blank: int) -> None:
        dice = self.dice
        lines: list[tuple[str, int]] = []
        if names and self.chance(0.2):
            quoted = dice.choice(names)
            lines.append(
                (
                    dice.choice(
                        [f"{quoted} {self.says_one(6)}", f"@{quoted} {self.sentence()}", f"{quoted} {self.says_one(6)} ↑"]
                    ),
                    0,
                )
            )
            lines.append((self.sentence(6, 30), 0))
        if self.chance(0.15):
            lines.append(
                (
                    dice.choice(["Hi", "Hallo", "Hello", "Hola", "Salut"])
                    + dice.choice([",", "!", f" {self.word().title()},"]),
                    0,
                )
            )
        for _ in range(dice.choice([1, 1, 1, 1, 2, 2, 3, 4, 6])):
            lines.append((" ".join(self.sentence() for _ in range(dice.choice([1, 1, 2, 3, 4, 6]))), blank))
        if self.chance(0.1):
            lines = [(dice.choice([self.word().title(), ":)", "+1", self.sentence(1, 3), self.name()]), 0)]
        if self.chance(0.12):
            mark = dice.choice(["- ", "• ", "{}. ", "{}) "])
            lines += [(mark.format(item) + self.sentence(1, 7), 0) for item in range(1, dice.randint(3, 7))]
        if self.chance(0.05):
            lines += [(f"{self.word()} = {self.word()}({dice.randint(0, 9)});", 0) for _ in range(dice.randint(2, 6))]
        if self.chance(0.06):
            lines += [(f"{self.word().title()}: {self.date(self.now)}", 0), (self.sentence(), 0)]
        if self.chance(0.1):
            lines.append((dice.choice(["Thanks", "Regards", "LG", "Cheers", "Saludos"]) + dice.choice([",", "!", ""]), 0))
            lines.append((self.word().title(), 0))
        for place, (text, gap) in enumerate(lines):
            self.put(text, gap if place else 0, label=MIDDLE, post=number)
        begin = len(self.rows) - len(lines)
        self.rows[begin].label, self.rows[-1].label = (SINGLE, SINGLE) if len(lines) == 1 else (FIRST, LAST)

    def plan(self) -> tuple[list[str], list[str], list[str]]:
        """Draw which fields stand before and after each body; the fields that are glued to one line stand in one string."""
        dice = self.dice
        card = [
            field for field, share in (("rank", 0.5), ("joined", 0.4), ("posts", 0.45), ("place", 0.3)) if self.chance(share)
        ]
        dice.shuffle(card)
        tools = [
            field
            for field, share in (("ordinal", 0.3), ("button", 0.3), ("button2", 0.3), ("likes", 0.2))
            if self.chance(share)
        ]
        dice.shuffle(tools)
        dated = self.chance(0.88)
        line = (
            dice.choice(["name+date", "by+name", "name says", "by+name+date", "date+name", "name+rank", "name+posts", "name"])
            if self.chance(0.5)
            else "name"
        )
        stamp = ["date"] if dated and "date" not in line else []
        line = line if dated else line.replace("+date", "").replace("date+", "")
        cut = dice.randint(0, len(tools))
        shape = dice.random()
        if shape < 0.68:  # byline above
            before = (
                [*stamp, *tools[:cut], line, *card]
                if self.chance(0.35)
                else [line, *card, *tools[:cut], *stamp]
                if self.chance(0.6)
                else [line, *stamp, *card, *tools[:cut]]
            )
            after = tools[cut:]
        elif shape < 0.84:  # byline below
            before, after = tools[:cut], [line, *stamp, *card, *tools[cut:]]
        elif shape < 0.92:  # date above, name below
            before, after = [*stamp, *tools[:cut]], [line, *card, *tools[cut:]]
        else:  # name above, date below
            before, after = [line, *card], [*stamp, *tools]
        if self.chance(0.12):
            before = ["letter", *before]
        if self.chance(0.1):
            after = ["name, date", *after]
            before = [field for field in before if field != "date"]
        if self.chance(0.15):
            before = [*before, "subject"]
        return (
            before,
            after,
            [field for field, share in (("signature", 0.35), ("edited", 0.25), ("comments", 0.15)) if self.chance(share)],
        )

    def field(self, kind: str, who: str, when: datetime, number: int) -> dict[str, object]:
        dice, says = self.dice, self.says
        stamp = self.date(when)
        glue = self.glue
        texts: dict[str, Callable[[], str]] = {
            "name": lambda: who, "date": lambda: self.date_lead + stamp, "name+date": lambda: f"{who}{glue}{stamp}", "date+name": lambda: f"{stamp}{glue}{who}",
            "by+name": lambda: f"{says[5][0]} {who}", "by+name+date": lambda: f"{says[5][-1]} {who}{glue}{stamp}", "name says": lambda: f"{who} {says[6][0]}",
            "name+rank": lambda: f"{self.count.format(number + 1)}{who} {self.ranks[who]}", "name+posts": lambda: f"{who} {dice.randint(0, 9999)}", "name, date": lambda: f"{who}, {stamp}",
            "rank": lambda: self.says_one(3), "joined": lambda: f"{says[0][0]}: {self.date(self.now - timedelta(days=dice.randint(100, 3000)))}",
            "posts": lambda: f"{says[1][0]}: {dice.randint(1, 9999)}" if self.date_style % 2 else f"{dice.randint(1, 999)} {says[1][0].lower()}", "place": lambda: f"{says[2][0]}: {self.word().title()}",
            "ordinal": lambda: f"#{number + 1}", "button": lambda: says[4][0], "button2": lambda: self.bullet + " ".join(says[4][1:3]), "likes": lambda: f"{dice.randint(0, 30)}",
            "letter": lambda: who[0].upper(), "subject": lambda: f"Re: {self.subject}",
        }  # fmt: skip
        named = "name" in kind
        return {"text": texts[kind](), "is_author": named, "is_date": "date" in kind, "name": who if named else None}

    def thread(self, count: int) -> None:
        dice = self.dice
        self.glue, self.date_lead = (
            dice.choice([" » ", ", ", " - ", " ", " · ", " | "]),
            dice.choice(["", "", "", "Posted: ", "» ", "on "]),
        )
        self.subject = self.head()
        before, after, extras = self.plan()
        crowd = [self.name() for _ in range(max(2, min(count, dice.randint(2, 12))))]
        self.ranks = {
            name: dice.choice([self.says_one(3), self.says_one(3), f"{self.word().title()} {self.word().title()}"])
            for name in crowd
        }
        self.count, paired = dice.choice(["", "", "{}. "]), self.chance(0.2)
        signatures = {
            name: [self.sentence(2, 10) if self.chance(0.7) else self.title() for _ in range(dice.choice([1, 1, 2, 3, 6]))]
            for name in crowd
            if self.chance(0.6)
        }
        mark = dice.choice(["", "", "__________________", "---", "--"])
        blank, apart, inner = dice.choice([0, 1, 1, 2]), dice.choice([0, 1, 1, 2]), dice.choice([0, 0, 1])
        when = self.now
        for number in range(count):
            who = crowd[0] if number == 0 else dice.choice(crowd)
            when += timedelta(minutes=dice.randint(1, 4000))
            for place, kind in enumerate(before):
                if kind in ("likes", "place") and self.chance(0.3):
                    continue
                made = self.field(kind, who, when, number)
                text = str(made.pop("text"))
                if (
                    paired and kind in ("joined", "posts", "place") and ": " in text
                ):  # a label and its value, one below the other
                    self.put(text.split(": ", maxsplit=1)[0] + ":", apart if place == 0 else inner)
                    self.put(text.split(": ")[1], 0)
                else:
                    self.put(text, apart if place == 0 else inner, **made)
            start = len(self.rows)
            self.body(number, crowd, blank)
            self.rows[start].gap = max(inner, int(bool(blank))) if before else max(1, apart)
            if "edited" in extras and self.chance(0.25):
                self.put(f"{self.says[7][0]} {who}, {self.date(when)}", int(self.chance(0.5)))
            if "signature" in extras and who in signatures:
                self.put(mark, inner)
                for text in signatures[who]:
                    self.put(text, int(not mark))
            if "comments" in extras:
                for _ in range(dice.choice([0, 0, 1, 2, 4])):
                    self.put(f"{self.bullet}{self.sentence(5, 25)} – {dice.choice(crowd)} {self.date(when)}", inner)
            for place, kind in enumerate(after):
                made = self.field(kind, who, when, number)
                self.put(str(made.pop("text")), inner or blank if place == 0 else inner, **made)
            if number == 0 and self.chance(0.15):
                self.put(f"{count - 1} {self.says_one(10)}", 1)
            if number and self.chance(0.01):
                self.listed()
        self.foot()


def make_page(seed: int) -> Sample:
    maker = Maker(seed)
    count = maker.dice.choice([1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10, 15, 20, 30])
    maker.thread(count)
    rows = maker.rows
    return Sample(f"made-{seed}", "made", rows, [], matched=count)


def make_page_without_thread(seed: int) -> Sample:
    """A list of threads, a notice, a profile: nothing here is a post."""
    maker = Maker(seed)
    maker.glue, maker.date_lead = " ", ""
    maker.subject = maker.head()
    for _ in range(maker.dice.randint(1, 5)):
        if maker.chance(0.7):
            maker.listed()
        else:
            maker.put(maker.sentence(5, 40), 1)
    maker.foot()
    return Sample(f"none-{seed}", "made", maker.rows, [], matched=0)
