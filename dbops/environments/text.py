"""What one value in environments.yaml may look like: markers for Annotated, asked by pydantic.

Nothing here imports pydantic until a file is validated, and no expression is compiled before then.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any


class Check:
    """A rule for one value.

    Args:
        description: what the value has to be, as it follows the word "needs" in an error.
    """

    def __init__(self, description: str) -> None:
        self.description = description

    def accepts(self, value: Any) -> bool:  # a string or a number, by subclass
        """Return whether VALUE, already of the right type, keeps the rule."""
        raise NotImplementedError

    def json_schema(self) -> dict[str, object]:
        """Return the rule as JSON schema keywords, for editors."""
        return {}

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import PydanticCustomError, core_schema  # slow

        def check(value: Any) -> Any:
            if self.accepts(value):
                return value
            raise PydanticCustomError("rule", "{needs}", {"needs": self.description})

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        return handler(schema) | self.json_schema()


class Pattern(Check):
    """Text that one regular expression matches from its first to its last character."""

    def __init__(self, expression: str, description: str) -> None:
        super().__init__(description)
        self.expression = expression

    def accepts(self, value: str) -> bool:
        return re.fullmatch(self.expression, value) is not None

    def json_schema(self) -> dict[str, object]:
        return {"pattern": f"^(?:{self.expression})$"}


class Range(Check):
    """A whole number between two bounds, both included."""

    def __init__(self, lowest: int, highest: int, description: str) -> None:
        super().__init__(f"{description} from {lowest} to {highest}")
        self.lowest, self.highest = lowest, highest

    def accepts(self, value: int) -> bool:
        return self.lowest <= value <= self.highest

    def json_schema(self) -> dict[str, object]:
        return {"minimum": self.lowest, "maximum": self.highest}


class Moment(Check):
    """A date and time that means the same instant everywhere."""

    def accepts(self, value: str) -> bool:
        try:
            return datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            return False

    def json_schema(self) -> dict[str, object]:
        return {"format": "date-time"}


NAME = Pattern(r"[a-z][a-z0-9_]{0,31}", "1 to 32 of a-z, 0-9 and _, starting with a letter")
Name = Annotated[str, NAME]
Identifier = Annotated[
    str, Pattern(r"[A-Za-z_][A-Za-z0-9_$]{0,62}", "a PostgreSQL name of at most 63 characters")
]
Revision = Annotated[str, Pattern(r"[0-9A-Za-z_]{1,64}", "a revision id: letters, digits and _")]
Address = Annotated[
    str, Pattern(r"[A-Za-z0-9_.:\[\]][A-Za-z0-9_.:%\[\]-]*", "a host name, address or ssh alias")
]
Module = Annotated[
    str, Pattern(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", "a Python module, such as app.demo_data")
]
Jumps = Annotated[
    str,
    Pattern(r"(?!-)(?!.*,-)[A-Za-z0-9_.:@,\[\]-]+", "[user@]host[:port], several with commas"),
]
Login = Annotated[str, Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}", "a login name without spaces")]
Branch = Annotated[
    str, Pattern(r"(?![-/.])(?!.*\.\.)[A-Za-z0-9._/-]{1,200}", "a git name, not starting with -")
]
# docker/compose: a project is lower case; a service or volume may also hold dots and capitals.
ComposeProject = Annotated[
    str, Pattern(r"[a-z0-9][a-z0-9_-]{0,62}", "a compose project: a-z, 0-9, _ and -")
]
DockerName = Annotated[
    str, Pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "a name of letters, digits, _, . and -")
]
ServiceName = Annotated[
    str, Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", "a section of pg_service.conf")
]
RelativePath = Annotated[
    str,
    Pattern(
        r"(?![/~-])(?!(?:.*/)?\.\.(?:/|$))[^\x00-\x1f\x7f]+",
        "a path inside the project: relative, without ..",
    ),
]
AnyPath = Annotated[
    str, Pattern(r"(?!-)(?!~[^/])[^\x00-\x1f\x7f]+", "a path on one line, not starting with -")
]
Line = Annotated[str, Pattern(r"[^\x00-\x1f\x7f]+", "text on one line")]
Url = Annotated[
    str,
    Pattern(r"https?://[^\s/@]+(?:/[^\s]*)?", "a http or https address without user and password"),
]
Timestamp = Annotated[
    str, Moment("a time with its offset, as in 2026-12-28T00:00:00+09:00 (ISO 8601)")
]
Port = Annotated[int, Range(1, 65535, "a port")]
Copies = Annotated[int, Range(1, 10_000, "a number of dumps")]
Hours = Annotated[int, Range(1, 87_600, "hours")]
Seconds = Annotated[int, Range(1, 86_400, "seconds")]
Minutes = Annotated[int, Range(1, 1_440, "minutes")]
Calendar = Annotated[
    str,
    Pattern(
        r"[A-Za-z0-9*][A-Za-z0-9*.,:/~+_ -]*",
        "a systemd calendar, as in Mon..Fri 05:30 Asia/Tokyo",
    ),
]
SecretFile = Annotated[
    str,
    Pattern(
        r"(?!-)(?!~[^/])(?!.*://)[^\x00-\x1f\x7f]+",
        "the path of a file that holds the secret, not the secret",
    ),
]
