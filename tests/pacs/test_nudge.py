"""A nudge may be lost; it may not keep a request waiting."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NUDGE = """
import time, django
django.setup()
import deploy.celery
from pacs import tasks
tasks.wake_derive()
tasks._woken_at = 0.0
started = time.monotonic()
tasks.wake_derive()
print(time.monotonic() - started)
"""


def test_a_missing_broker_costs_no_time(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "deploy.settings",
        "BROKER_URL": f"redis+socket://{tmp_path}/nobody.sock",
    }
    run = subprocess.run(
        [sys.executable, "-c", NUDGE], cwd=ROOT, env=environment, capture_output=True, timeout=60, check=True
    )
    assert float(run.stdout.split()[-1]) < 1.0
