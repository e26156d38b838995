"""The contract suite once more, against a real S3; without what needs If-None-Match."""

from tests.pacs.storage import test_every_store

globals().update(
    {
        name: test
        for name, test in vars(test_every_store).items()
        if name.startswith("test_") and "one_wins" not in name
    }
)
