"""Every background job of the archive. The rows are the queues; a message only wakes the worker."""
