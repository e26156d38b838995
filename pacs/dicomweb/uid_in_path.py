"""UIDs in addresses: what has not their characters leads nowhere, and never reaches the database."""


class UidInPath:
    """A path converter: digits and full stops, as long as a UID may be (PS3.5 §9.1)."""

    regex = "[0-9.]{1,64}"

    def to_python(self, value: str) -> str:
        """Return the UID."""
        return value

    def to_url(self, value: str) -> str:
        """Return the UID."""
        return value


class UidsInPath(UidInPath):
    """One UID or several, with commas between."""

    regex = "[0-9.]{1,64}(?:,[0-9.]{1,64})*"
