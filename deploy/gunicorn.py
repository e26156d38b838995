"""The web server: a few processes with threads, for requests wait for disk and database as much as they compute."""

import os

workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
keepalive = 30
timeout = 120
graceful_timeout = 30
control_socket_disable = True
limit_request_line = 8190
limit_request_fields = 60
accesslog = None  # paths hold UIDs: routes are logged by the application instead
