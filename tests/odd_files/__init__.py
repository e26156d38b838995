"""Files that are odd, broken or hostile, built when needed: each with its story and its verdict."""

from tests.odd_files import containers, contents, pixels, structures

ODD_FILES = (*containers.FILES, *structures.FILES, *contents.FILES, *pixels.FILES)
