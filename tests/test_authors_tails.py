"""What stands at the ends of a body: sign-offs, attributions glued to a sentence, and the openings of fresh replies."""

import pytest

from flows.authors.byline import find_glued_byline, is_salutation, read_byline, read_sign_off

SIGN_OFFS = [  # body, sign-off, name
    ("It will settle. ", "Best, Dr. Okafor", "Okafor"),
    ("", "Best, Dr. Okafor", "Okafor"),
    ("It settles.", "Best, Dr. Okafor", "Okafor"),
    ("", "Regards, Dr. Okafor", "Okafor"),
    ("", "Regards Dr. Okafor", "Okafor"),
    ("wait two weeks ", "Regards, Dr. Okafor", "Okafor"),
    ("Wait. ", "Take care, Dr. Okafor.", "Okafor"),
    ("Wait. ", "All the best!\nDr. Okafor", "Okafor"),
    ("Wait. ", "Hope this helps! Best wishes, Dr. Okafor", "Okafor"),
    ("Wait. ", "Hope this helps, Anna Example MD", "Anna Example"),
    ("Wait. ", "Hope this helps, Anna", "Anna"),
    ("Wait. ", "I hope this was helpful. Warm regards, Ada Example", "Ada Example"),
    ("", "Sincerely, J. Example, DDS", "J. Example"),
    ("", "Sincerely, Ada Example, MD, Denver Dermatologist", "Ada Example"),
    ("It is fine. ", "- Dr. Example", "Example"),
    ("", "- Dr. Example", "Example"),
    ("", "~ Dr. Okafor", "Okafor"),
    ("Wait. ", "— Anna Example, MD", "Anna Example"),
    ("", "Thanks, Dr. A. Example", "A. Example"),
    ("Wait. ", "Thank you, Ada Example, RN", "Ada Example"),
    ("Wait. ", "Good luck! Dr. Ada Example", "Ada Example"),
    ("Wait. ", "Best of luck to you, Ada Example, M.D.", "Ada Example"),
    ("Prune it. ", "Cheers, Maria", "Maria"),
    ("", "Kind regards, Ada", "Ada"),
    ("Wait.\n", "Best regards,\nAnna Example, MD\nBoard Certified Dermatologist\nReno, NV", "Anna Example"),
    ("Abwarten. ", "Mit freundlichen Grüßen, Dr. Beispiel", "Beispiel"),
    ("", "Viele Grüße\nJens", "Jens"),
    ("Espere. ", "Un saludo, Dra. Ejemplo", "Ejemplo"),
    ("", "Saludos, María", "María"),
    ("", "Cordialement, Dr Exemple", "Exemple"),
]

NO_SIGN_OFFS = [
    "Best of luck!",
    "Good luck",
    "Thanks, and let us hope so!",
    "Best, Buy and Go",
    "Best Buy",
    "Thanks Dr. Okafor",
    "Thanks to Dr. Okafor",
    "Thanks, Dr. Okafor!",
    "Thanks, Everyone",
    "thanks, All",
    "Thanks, Doc",
    "Thanks, Doctor",
    "It works best, Anna said",
    "I wish you all the best",
    "Regards",
    "Cheers",
    "the best Dr. Okafor",
    "Good luck, Sarah",
    "Best practice is to wait, Anna",
    "I saw Jane Example, MD last year.",
    "I recommend it. Ada Example, MD",
    "Hope this helps. Anna",
    "Ask Dr. Okafor",
    "I agree with Dr. Okafor",
    "He told me good luck, Dr. Okafor says",
    "With love from Paris, France",
    "Best, Austin, TX",
    "Regards, Denver Dermatologist",
    "- Botox Treatment",
    "- Example Root CA",
    "Take care of the wound. Vitamin E helps",
    "All the Best Doctors",
    "Love, Actually",
    "",
    "   ",
]

GLUED = [  # sentence, attribution
    ("Good luck!", "Jane Q. Roe Double board certified Dentist Springfield Oakdale"),
    ("Good luck! ", "Jane Roe, DDS"),
    ("It heals. ", "Dr. Jane Roe DDS"),
    ("It heals.", "Jane Q. Roe, D.D.S."),
    ("It heals. ", "Jane Roe DDS, Board Certified Dentist, Oakdale, OH"),
    ("It heals!", "JANE Q. ROE, DDS"),
    ("Does it heal? ", "Jane Q. Roe"),
]

NOT_GLUED = [
    "said my colleague Jane Q. Roe.",
    "I agree with Jane Roe DDS",
    "Ask her. Jane Roe is great",
    "See Dr. Jane Roe",
    "It heals. Jane Roe. I like her",
    "Thanks. Jane Roe did mine and it healed",
    "No. Jane Roe told me so",
    "Jane Q. Roe, DDS",
    "It heals. John Doe, DDS",
    "It heals. Jane Roe " + "Springfield " * 30,
    "",
]

GRATITUDE = "Thank you for"
SALUTATIONS = [
    f"{GRATITUDE} asking.",
    f"{GRATITUDE} this question.",
    *(
        f"{GRATITUDE} {object_}"
        for object_ in ("the question", "sharing the photos", "reaching out", "the great and kind post")
    ),
    *(f"Thanks for your {object_}" for object_ in ("question!", "photos and question", "very interesting question. Yes")),
    "Thanks for the great question. Yes.",
    "Thanks for posting",
    "Hi,",
    "Hi. I think",
    "Hi - yes",
    "Hi there",
    "Hi there I think",
    "Hi Anna! So",
    "Hi Maria Lopez,",
    "HELLO,",
    "Hello Anna,",
    "Hello! Yes",
    "Hello and thank you",
    "Good morning,",
    "Dear Ada",
    "Dear …",
    "Dear Dr. Okafor,",
    "Great question",
    "Great question!",
    "Good question. Yes",
    "Excellent question about fillers",
    "Hola",
    "Buenos días",
    "Gracias por su pregunta.",
    "Guten Tag",
    "Liebe Anna,",
    "Sehr geehrte Frau Beispiel,",
    "Vielen Dank für Ihre Frage",
    "Bonjour",
]

NO_SALUTATIONS = [
    f"{GRATITUDE} reading",
    f"{GRATITUDE} nothing",
    "Thanks in advance",
    "Thanks for any help",
    "Thanks",
    "Hi-tech",
    "Hi my name is Anna",
    "Highlights",
    "Hire a plumber",
    "Historic",
    "Hello Kitty is a brand",
    "Hola-style dance",
    "hello.world()",
    "hello()",
    "Good morning routines help",
    "Great question marks were",
    "Good questions matter",
    "Greatest",
    "Question",
    "Dear me",
    "Dearly",
    "Salve is an ointment",
    "I hope",
    "",
]


@pytest.mark.parametrize(("body", "sign_off", "name"), SIGN_OFFS)
def test_a_sign_off_is_found_where_it_starts(body: str, sign_off: str, name: str) -> None:
    found = read_sign_off(body + sign_off)
    assert found is not None
    start, byline = found
    assert (body + sign_off)[start:].startswith(sign_off[:9])
    assert byline.name == name


@pytest.mark.parametrize("text", NO_SIGN_OFFS)
def test_wishes_and_sentences_are_no_sign_offs(text: str) -> None:
    assert read_sign_off(text) is None


def test_a_sign_off_of_several_lines_brings_role_and_place() -> None:
    found = read_sign_off("Best regards,\nAnna Example, MD\nBoard Certified Dermatologist\nReno, NV")
    assert found is not None
    byline = found[1]
    assert (byline.credentials, byline.role, byline.location) == (("MD",), "Board Certified Dermatologist", "Reno, NV")
    assert byline.printed == "Anna Example, MD\nBoard Certified Dermatologist\nReno, NV"


@pytest.mark.parametrize(("sentence", "attribution"), GLUED)
def test_an_attribution_glued_to_a_sentence_is_found(sentence: str, attribution: str) -> None:
    assert find_glued_byline(sentence + attribution, read_byline(["Jane Q. Roe, DDS"])) == len(sentence)


@pytest.mark.parametrize("text", NOT_GLUED)
def test_a_name_inside_a_sentence_is_not_glued(text: str) -> None:
    assert find_glued_byline(text, read_byline(["Jane Q. Roe, DDS"])) is None


def test_nobody_is_glued_without_a_name() -> None:
    assert find_glued_byline("It heals. Reno Dermatologist", read_byline(["Reno Dermatologist"])) is None


def test_a_lone_family_name_needs_its_title() -> None:
    byline = read_byline(["Dr. Okafor"])
    assert find_glued_byline("It heals. Dr. Okafor", byline) == 10
    assert find_glued_byline("It heals. Okafor", byline) is None


@pytest.mark.parametrize("paragraph", SALUTATIONS)
def test_a_fresh_reply_opens_with_a_salutation(paragraph: str) -> None:
    assert is_salutation(paragraph)


@pytest.mark.parametrize("paragraph", NO_SALUTATIONS)
def test_other_openings_are_no_salutations(paragraph: str) -> None:
    assert not is_salutation(paragraph)
