# The commands of this project; README says what each is for.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS = never
.DEFAULT_GOAL := demo
.PHONY: demo test test-long test-s3 check bench setup system words lock clean

demo: setup
	@exec $(BIN)/python manage.py demo

# The suite: on PostgreSQL where one answers, then whole ways through servers, brokers and browsers of their own, and
# what depends on the database again on SQLite.
test: setup
	$(BIN)/pytest -m "not long" --ignore tests/acceptance --ignore tests/journeys
	$(BIN)/pytest -m "not long" tests/acceptance
	$(BIN)/pytest -m "not long" tests/journeys
	TEST_DATABASE=sqlite $(BIN)/pytest -m "db and not long" --ignore tests/acceptance

# The full figures.
test-long: setup
	$(BIN)/pytest -m "long"

# The store contract against Ceph's RADOS gateway, from Debian's packages.
test-s3: setup
	REAL_S3=1 $(BIN)/pytest tests/s3

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy tenants pacs billing deploy tests manage.py
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	export DATA_DIR=$$(mktemp -d) PUBLIC_URL=https://pacs.example && $(BIN)/python manage.py prepare \
	  && $(BIN)/python manage.py check --deploy --database default --fail-level WARNING

bench: setup
	$(BIN)/python -m tests.bench

setup: .setup/python .setup/assets .setup/words

.setup/python: requirements.lock
	@mkdir -p .setup
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Where the machine has no Node, PyPI's wheel brings one into the virtual environment.
.setup/assets: .setup/python $(wildcard deploy/assets/*.json deploy/assets/*.mjs)
	@command -v node npm > /dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r deploy/assets/node-requirements.lock
	cd deploy/assets && PATH="$$PATH:$(CURDIR)/$(BIN)" && npm ci --silent && node build.mjs
	@touch $@

.setup/words: .setup/python $(wildcard templates/locale/*/LC_MESSAGES/*.po)
	@test -z "$(wildcard templates/locale/*/LC_MESSAGES/*.po)" || $(BIN)/pybabel -q compile -d templates/locale -D django
	@touch $@

# What tests and benchmarks need beside Python and Node, from Debian's packages; needs root.
system:
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	  chromium dcmtk orthanc orthanc-dicomweb orthanc-postgresql gettext gcc libc6-dev > /dev/null

# Collects the words of code and templates for translation.
words: .setup/python
	$(BIN)/python manage.py makemessages -l pt_BR --no-location --ignore .venv --ignore tests --ignore deploy/assets

lock:
	$(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf .setup .venv deploy/assets/dist deploy/assets/node_modules
