"""What threadmill promises: one Pandera model per table.

The models are the contract as code: names, order, types, null rules, ranges, and the sentence that explains each
column (it travels into the Parquet files). `sort` in a model's metadata names the columns that its parts are sorted by.
"""

from __future__ import annotations

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

UTC = Annotated[pl.Datetime, "us", "UTC"]
Strings = Annotated[pl.List, pl.String]
HEX_ID = r"^[0-9a-f]{32}$"
WEB_ADDRESS = r"^https?://"
KINDS = [
    "question", "discussion", "article", "listing", "profile", "product", "service", "faq", "reviews", "documentation",
    "login", "search", "shell", "error", "botwall", "other",
]  # fmt: skip


def _key(description: str) -> Any:
    return pa.Field(str_matches=HEX_ID, description=description)


def _link(description: str) -> Any:
    return pa.Field(nullable=True, str_matches=HEX_ID, description=description)


def _text(description: str, **checks: Any) -> Any:
    return pa.Field(nullable=True, str_length={"min_value": 1}, description=description, **checks)


def _said(description: str, **checks: Any) -> Any:
    return pa.Field(str_length={"min_value": 1}, description=description, **checks)


def _count(description: str, unit: str, *, nullable: bool = True, least: int = 0) -> Any:
    return pa.Field(nullable=nullable, ge=least, description=description, metadata={"unit": unit})


def _share(description: str) -> Any:
    return pa.Field(ge=0.0, le=1.0, description=description, metadata={"unit": "0 to 1"})


def _time(description: str) -> Any:
    return pa.Field(nullable=True, description=description, metadata={"unit": "UTC"})


class Table(pa.DataFrameModel):
    """What every table has in common: exactly these columns, in this order."""

    class Config:
        """Pandera's settings."""

        strict = True
        ordered = True
        coerce = False
        metadata: dict[str, Any] = {}  # noqa: RUF012 -- Pandera reads it as a plain attribute


class Scrapes(Table):
    """One scraped page, read or refused."""

    scrape_id: pl.String = _key("Digest of the scrape's content and its record locator")
    source: pl.String = _said(
        "Path or URI below the raw root; path#record in a container; backslashes and bytes that are no UTF-8 are escaped"
    )
    format: pl.String = _said("Form it was read from: txt, html, jsonl")
    url: pl.String = _text("Address of the page, as its container or the page itself says")
    site: pl.String = _text("Host of the page, without www.")
    title: pl.String = _text("Title of the page, as its container or its head says")
    language: pl.String = _text(
        "Language of the page (BCP 47): as declared where its words do not contradict it, else theirs; null when unsure"
    )
    fetched_at: UTC = _time("When the page was fetched")
    encoding: pl.String = _text("Character encoding that the page was decoded from")
    replacement_count: pl.Int32 = _count("Characters that could not be decoded", "characters", nullable=False)
    bytes: pl.Int64 = _count("Size of the scrape as stored, after decompression", "bytes")
    chars: pl.Int32 = _count("Length of the text that was read", "characters", nullable=False)
    kind: pl.String = pa.Field(
        nullable=True, isin=KINDS, description="What the page is: question, discussion, article, listing …; null when not known"
    )
    licence: pl.String = _text("Licence of the page, as what stands beside its file says")
    layout: pl.String = _text("The splitter or layout that decided")
    declared_answer_count: pl.Int32 = _count("Answers that the page says it has", "answers")
    answer_count: pl.Int32 = _count("Answers found on the page", "answers", nullable=False)
    kept_chars: pl.Int32 = _count("Characters in stretches that went to a record", "characters", nullable=False)
    cut_chars: pl.Int32 = _count("Characters in stretches that went to none", "characters", nullable=False)
    confidence: pl.Float64 = _share("How sure the split of the page is")
    verdict: pl.String = pa.Field(isin=["ok", "suspect", "rejected"], description="ok, suspect or rejected")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["scrape_id"], "sort": ["scrape_id"], "shard": "scrape_id"}  # noqa: RUF012


class Texts(Table):
    """The text that was read, whole."""

    scrape_id: pl.String = _key("The scrape")
    text: pl.String = _text("The text that was read; spans point into it")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["scrape_id"], "sort": ["scrape_id"], "shard": "scrape_id"}  # noqa: RUF012


class Spans(Table):
    """The ledger: where each stretch of a text went; the spans of a scrape partition its text."""

    scrape_id: pl.String = _key("The scrape")
    start_offset: pl.Int32 = _count("First character of the stretch, from 0", "characters", nullable=False)
    end_offset: pl.Int32 = _count("End of the stretch, exclusive", "characters", nullable=False, least=1)
    role: pl.String = _said("What it is: title, question, headline, answer, byline, votes, rating, artifact, chrome …")
    rule: pl.String = _said("The rule that decided")
    record_id: pl.String = _link("The record it went to; null for what was cut")

    class Config(Table.Config):
        """Key and order."""

        metadata = {  # noqa: RUF012
            "key": ["scrape_id", "start_offset"],
            "sort": ["scrape_id", "start_offset"],
            "shard": "scrape_id",
        }


class Questions(Table):
    """The first post of a thread."""

    question_id: pl.String = _key(
        "Digest of the thread's canonical URL, else of its title and opening post, else of title, site and first answer"
    )
    scrape_id: pl.String = _key("The scrape that the row comes from")
    url: pl.String = _text("Canonical address of the thread", str_matches=WEB_ADDRESS)
    site: pl.String = _text("Host of the thread")
    title: pl.String = _text("Title of the thread")
    body: pl.String = _text("The opening post as plain text")
    author_id: pl.String = _link("Who asked")
    byline: pl.String = _text("The attribution as printed")
    posted_at: UTC = _time("When it was posted")
    posted_at_raw: pl.String = _text("The date as printed")
    votes: pl.Int32 = pa.Field(nullable=True, description="Votes as shown", metadata={"unit": "votes"})
    tags: Strings = pa.Field(nullable=True, description="Tags of the thread")
    declared_answer_count: pl.Int32 = _count("Answers that the page says it has", "answers")
    answer_count: pl.Int32 = _count("Answers published", "answers", nullable=False)
    language: pl.String = _text("Language of the thread")
    confidence: pl.Float64 = _share("How sure the split is")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["question_id"], "sort": ["site", "question_id"], "shard": "question_id"}  # noqa: RUF012


class Answers(Table):
    """A reply, at any depth."""

    answer_id: pl.String = _key(
        "Digest of the thread and the permalink, else author and day, else author and words, and ordinal among equals"
    )
    question_id: pl.String = _key("The thread")
    scrape_id: pl.String = _key("The scrape that the row comes from")
    position: pl.Int32 = _count("Place in the thread, from 1", "answers", nullable=False, least=1)
    headline: pl.String = _text("Headline of the answer")
    body: pl.String = _text("The answer as plain text")
    author_id: pl.String = _link("Who answered; null where nothing says")
    byline: pl.String = _text("The attribution as printed")
    posted_at: UTC = _time("When it was posted")
    posted_at_raw: pl.String = _text("The date as printed")
    votes: pl.Int32 = pa.Field(nullable=True, description="Votes as shown", metadata={"unit": "votes"})
    is_accepted: pl.Boolean = pa.Field(nullable=True, description="Whether the asker or the site accepted it")
    parent_answer_id: pl.String = _link("The answer that it replies to")
    url: pl.String = _text("Permalink of the answer; null where the page shows an id alone", str_matches=WEB_ADDRESS)
    site: pl.String = _text("Host of the thread")
    last_seen_at: UTC = _time("When the newest scrape that shows the answer was fetched; null when not known")
    confidence: pl.Float64 = _share("How sure the split is")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["answer_id"], "sort": ["question_id", "position"], "shard": "question_id"}  # noqa: RUF012


class Comments(Table):
    """A note under a post, in a list of its own."""

    comment_id: pl.String = _key(
        "Digest of the thread and the comment's own id, else author and day, else author and words, and ordinal"
    )
    question_id: pl.String = _key("The thread")
    answer_id: pl.String = _link("The answer it stands under; null: the question")
    scrape_id: pl.String = _key("The scrape that the row comes from")
    position: pl.Int32 = _count("Place in the thread, from 1", "comments", nullable=False, least=1)
    body: pl.String = _text("The comment as plain text")
    author_id: pl.String = _link("Who commented")
    posted_at: UTC = _time("When it was posted")
    posted_at_raw: pl.String = _text("The date as printed")
    votes: pl.Int32 = pa.Field(nullable=True, description="Votes as shown", metadata={"unit": "votes"})
    last_seen_at: UTC = _time("When the newest scrape that shows the comment was fetched; null when not known")
    confidence: pl.Float64 = _share("How sure the split is")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["comment_id"], "sort": ["question_id", "position"], "shard": "question_id"}  # noqa: RUF012


class Authors(Table):
    """One person on one site; without a site or a name, one person in one thread."""

    author_id: pl.String = _key("Digest of the site and the profile, else of site, normalised name and credentials")
    site: pl.String = _text("Host of the site")
    name: pl.String = _text("Name without titles, credentials and generation")
    given_name: pl.String = _text("Given names and initials")
    family_name: pl.String = _text("Family name")
    suffix: pl.String = _text("Generation: Jr, Sr, II, III, IV")
    credentials: Strings = pa.Field(description="Credentials, normalised (MD, DMD, FACS), as printed in order")
    role: pl.String = _text("Profession or rank on the site")
    location: pl.String = _text("Place of work or residence")
    rating: pl.Float64 = pa.Field(
        nullable=True, ge=0.0, le=5.0, description="Rating of the person", metadata={"unit": "stars of 5"}
    )
    review_count: pl.Int32 = _count("Reviews behind the rating", "reviews")
    in_memoriam: pl.Boolean = pa.Field(description="Whether the site marks the person as deceased")
    profile_url: pl.String = _text("Address of the person's profile")
    aliases: Strings = pa.Field(description="Every form of the name as printed, sorted")
    question_count: pl.Int32 = _count("Questions of this author in the snapshot", "questions", nullable=False)
    answer_count: pl.Int32 = _count("Answers of this author in the snapshot", "answers", nullable=False)
    first_posted_at: UTC = _time("Earliest dated post in the snapshot")
    last_posted_at: UTC = _time("Latest dated post in the snapshot")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["author_id"], "sort": ["author_id"], "shard": "author_id"}  # noqa: RUF012


class AuthorAliases(Table):
    """An author id that another stands for: evidence across threads says that both are one person."""

    alias_id: pl.String = _key("The id that the attribution alone gives")
    author_id: pl.String = _key("The author that stands for it")
    site: pl.String = _text("Host of the site")
    why: pl.String = _said("The evidence, in words")

    class Config(Table.Config):
        """Key and order."""

        metadata = {"key": ["alias_id"], "sort": ["author_id", "alias_id"], "shard": "author_id"}  # noqa: RUF012


class NearDuplicates(Table):
    """A record that says nearly what others of its cluster say."""

    cluster_id: pl.String = _key("The records that say nearly the same")
    record_id: pl.String = _key("The question or answer")
    table_name: pl.String = pa.Field(isin=["questions", "answers"], description="The table of the record")
    similarity: pl.Float64 = _share("How much of its words it shares with the record that was posted first")
    first_posted_at: UTC = _time("When the earliest dated record of the cluster was posted")

    class Config(Table.Config):
        """Key and order."""

        metadata = {  # noqa: RUF012
            "key": ["cluster_id", "record_id"],
            "sort": ["cluster_id", "record_id"],
            "shard": "cluster_id",
        }


class Rejects(Table):
    """What was refused, why, and as it was found."""

    scrape_id: pl.String = _key("The scrape")
    source: pl.String = _said("Where the scrape stood")
    table_name: pl.String = _said("The table that the record was meant for")
    record_id: pl.String = _text("The record; null where it has no id")
    column_name: pl.String = _text("The column at fault; null for a whole record")
    check_name: pl.String = _said("The check that failed")
    value: pl.String = _text("What was found, at most 500 characters")
    reason: pl.String = _said("Why it was refused, in one sentence")
    severity: pl.String = pa.Field(isin=["cell", "record", "scrape"], description="What was refused: cell, record or scrape")
    row: pl.String = _text("The refused record as JSON, at most 8,000 characters")
    start_offset: pl.Int32 = _count(
        "Where the refused stretch of the scrape's text begins, from 0; null where it has none", "characters"
    )
    end_offset: pl.Int32 = _count("End of the refused stretch, exclusive", "characters")
    raw: pl.String = _text("The refused stretch as it was read, at most 2,000 characters")
    rule: pl.String = _text("The rule or splitter that made the record; null where none was at work")
    rules_version: pl.String = _text("Digest of the rules and the code that refused it")

    class Config(Table.Config):
        """Key and order."""

        metadata = {  # noqa: RUF012
            "key": [],
            "sort": ["scrape_id", "table_name", "record_id", "column_name", "check_name", "source", "value"],
            "shard": "scrape_id",
        }
