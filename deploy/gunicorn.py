"""The web server: few processes with threads, for requests wait for disk and database as much as they compute."""

from deploy import env, log_format

workers = env.integer("WEB_WORKERS", 2, minimum=1, maximum=256)
threads = env.integer("WEB_THREADS", 8, minimum=1, maximum=256)
worker_class = "gthread"
keepalive = 30
timeout = 120
graceful_timeout = 30
control_socket_disable = True
limit_request_line = 8190
limit_request_fields = 60
accesslog = None  # paths hold UIDs: routes are logged by the application instead
logconfig_dict = log_format.configuration(
    env.text("LOG_LEVEL", "INFO")
)  # its own writes out paths and exceptions
