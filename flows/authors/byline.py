"""The door of the authors room: lines and tails of text in, bylines out.

is_name_line       a line that is a person's by its own shape
is_role_line       a line that is a role, with or without a place
read_byline        the lines of an attribution, read into fields
read_sign_off      the sign-off at the end of a body
find_glued_byline  an attribution repeated at the end of a body's last sentence
is_salutation      a paragraph that opens as a fresh reply does
"""

from __future__ import annotations

from flows.authors.attributions import read_byline
from flows.authors.name_lines import is_name_line
from flows.authors.roles import is_role_line
from flows.authors.salutations import is_salutation
from flows.authors.signoffs import find_glued_byline, read_sign_off

__all__ = ["find_glued_byline", "is_name_line", "is_role_line", "is_salutation", "read_byline", "read_sign_off"]
