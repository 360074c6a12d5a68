"""The language of a scrape: what is declared against what the words show, cheaply."""

# ruff: noqa: E501, RUF001 -- sentences of many languages, a line each

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.language import decide_language, detect_language, read_tag, settle_language, weigh_words
from flows.records import Page
from tests.conftest import Clean, table, write_files

ROOT = Path(__file__).parent.parent
TEXTS = {
    "en": "I oiled the hinge of the garden gate twice and it still creaks when there is wind. What should I do with it?",
    "de": "Ich habe die Angel am Gartentor schon zweimal geölt und sie quietscht immer noch, wenn der Wind geht. Was kann man da tun?",
    "fr": "J'ai mis de l'huile sur les gonds de la porte du jardin et elle grince encore quand il y a du vent. Que faire ?",
    "es": "He puesto aceite en la bisagra de la puerta del jardín y todavía chirría cuando hay viento. ¿Qué puedo hacer con esto?",
    "it": "Ho messo l'olio sui cardini del cancello e non è cambiato niente, quando c'è vento cigola ancora. Che cosa si può fare?",
    "nl": "Ik heb het scharnier van het tuinhek al twee keer gesmeerd en het piept nog als er wind staat. Wat moet ik doen?",
    "pt": "Já coloquei óleo na dobradiça do portão e ela ainda range quando o vento bate. O que mais eu posso fazer com isso?",
    "pl": "Już dwa razy naoliwiłem zawias furtki i nadal skrzypi, gdy jest wiatr. Co jeszcze można z tym zrobić, żeby nie było słychać?",
    "sv": "Jag har smort gångjärnet på grinden två gånger och det gnisslar fortfarande när det blåser. Vad ska man göra åt det?",
    "ru": "Я уже два раза смазал петли калитки, и они всё равно скрипят, когда дует ветер. Что ещё можно с этим сделать?",
    "cs": "Už jsem dvakrát namazal panty u branky a pořád vržou, když fouká vítr. Co se s tím dá ještě dělat, aby to nebylo slyšet?",
    "tr": "Bahçe kapısının menteşesini iki kez yağladım ama rüzgar olduğu zaman hala gıcırdıyor. Bunun için daha ne yapmak gerekir?",
}
OTHERS = {
    "ja": "庭の門の蝶番に二回も油をさしましたが、風が吹くとまだきしみます。どうすればよいでしょうか。",
    "el": "Λάδωσα δύο φορές τον μεντεσέ της πόρτας του κήπου και ακόμα τρίζει όταν φυσάει. Τι άλλο μπορώ να κάνω;",
}
CODE = 'int main(void) { for (int i = 0; i < 10; ++i) printf("%d\\n", i * 7919); return 0; } // 0x7fff\n' * 20


@pytest.mark.parametrize("expected", TEXTS)
def test_words_alone_tell_the_languages_that_are_listed(expected: str) -> None:
    assert weigh_words(TEXTS[expected]) == expected
    assert decide_language(TEXTS[expected] * 30, None) == expected


@pytest.mark.parametrize("expected", OTHERS)
def test_the_detector_tells_the_others(expected: str) -> None:
    assert weigh_words(OTHERS[expected]) is None
    assert decide_language(OTHERS[expected], None) == expected


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        (TEXTS["en"], "en-US", "en-US"),
        (TEXTS["en"], "EN_gb", "en-GB"),
        (TEXTS["de"], "en", "de"),  # a board whose software was not set up in its language
        (TEXTS["en"], "fr-FR", "en"),
        (TEXTS["en"], "und", "en"),
        (TEXTS["en"], "English", "en"),
        (OTHERS["ja"], "ja", "ja"),
        (CODE, "en", "en"),  # nothing speaks against it
        ("Thanks!", "nl", "nl"),
        ("Thanks!", None, None),
        (CODE, None, None),
        ("", None, None),
        ("", "", None),
        ("Zwpqx Yfgrm " * 200, None, None),
    ],
)
def test_what_is_declared_stands_unless_words_and_detector_contradict_it(
    text: str, declared: str | None, expected: str | None
) -> None:
    assert decide_language(text, declared) == expected


def page_of(text: str, declared: str | None) -> Page:
    return Page("a.txt", "txt", text, len(text), "0" * 32, language=declared)


def test_a_declaration_that_is_overruled_is_told() -> None:
    settled = settle_language(page_of(TEXTS["de"], "en"))
    assert settled.language == "de"
    assert [(blemish.column, blemish.value) for blemish in settled.blemishes] == [("language", "en")]
    assert settle_language(page_of(TEXTS["de"], "de_de")) == page_of(TEXTS["de"], "de-DE")
    same = page_of(TEXTS["de"], "de")
    assert settle_language(same) is same


def test_clean_publishes_the_language(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {"de.txt": TEXTS["de"], "en.txt": TEXTS["en"], "none.txt": "Zwpqx"})
    assert clean(raw, tmp_path / "processed").code == 0
    scrapes = table(tmp_path / "processed", "scrapes").sort("source")
    assert scrapes["language"].to_list() == ["de", "en", None]


def test_plain_english_costs_little_and_loads_no_detector() -> None:
    code = (
        "import sys; from flows.language import decide_language\n"
        f"assert decide_language({TEXTS['en'] * 50!r}, None) == 'en'; assert decide_language({CODE!r}, None) is None\n"
        "sys.exit('py3langid' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
    text = TEXTS["en"] * 60
    began = time.perf_counter()
    for _ in range(2000):
        decide_language(text, None)
    assert (time.perf_counter() - began) / 2000 < 100e-6  # 12 µs on the machine that it was written on


@pytest.mark.parametrize("tag", ["x" * 50, "e", "en-", "-en", "en us", "12", "en-" + "a" * 9, "<en>"])
def test_what_is_no_tag_is_none(tag: str) -> None:
    assert read_tag(tag) is None


@settings(max_examples=200, deadline=None)
@example("A䵚𝔦𝕊𝕋𝕍𝕛𝕜䵜𝕝𝕠e", None)
@given(st.text(max_size=200), st.none() | st.text(max_size=20))
def test_no_text_and_no_tag_is_too_odd(text: str, declared: str | None) -> None:
    found = decide_language(text * 5, declared)
    assert found is None or read_tag(found) == found
    detect_language(text)


def test_the_lists_give_their_reason_and_hold_no_word_twice() -> None:
    words = tomllib.loads((ROOT / "flows" / "language.toml").read_text("utf-8"))["words"]
    assert words.pop("why")
    assert {
        language: [word for word in set(text.split()) if text.split().count(word) > 1] for language, text in words.items()
    } == {language: [] for language in words}
