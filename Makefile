# `make demo` and `make test` do all the set-up on a machine that has only Python (3.11 or newer) and make.
# TORCH_INDEX=URL takes torch from another package index, for example PyTorch's own index of builds without CUDA:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DEMO := build/demo
TIMES ?= 500
FILES ?= 1000000
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DELETE_ON_ERROR:
.PHONY: install demo test lint torture lowest docs clean

install: $(STAMP)

# torch goes first: with PyTorch's index given, its build without CUDA is preferred to the one on PyPI.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "seqcli needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "installing into $(VENV), once: torch first, then the rest"
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# One thread: the tests' models are too small for more, and the machine may have other work.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

# The fault tests at full size: kills at random moments and resuming, hostile model files, long lines, several processes.
torture: $(STAMP)
	SEQCLI_TORTURE=$(TIMES) SEQCLI_FUZZ=$(FILES) $(BIN)/python -m pytest tests/reliability tests/training/test_distributed.py

# The tests with the lowest versions of all dependencies that pyproject.toml allows, in an environment of their own. Old
# versions use what newer ones of others call deprecated; SentencePiece 0.2.1 crashes where such a warning is an error.
# VERSIONS=torch==2.13.0 takes that version of a package, TESTS=tests/files runs these tests only.
lowest:
	$(PYTHON) -m venv build/lowest
	$(PYTHON) tools/lowest.py $(VERSIONS) > build/lowest/versions.txt
	build/lowest/bin/python -m pip --disable-pip-version-check --quiet install --requirement build/lowest/versions.txt
	build/lowest/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --editable .
	OMP_NUM_THREADS=1 build/lowest/bin/python -m pytest -W ignore::DeprecationWarning $(TESTS)

# What was learned goes to build/demo; every command is printed before it runs.
demo: $(STAMP)
	@mkdir -p $(DEMO)
	$(BIN)/seqcli train-lm sample_data/stories.en.txt --budget 40s --output $(DEMO)/stories.lm.safetensors --overwrite
	$(BIN)/seqcli generate --model $(DEMO)/stories.lm.safetensors --prompt "The sky over the" --max-tokens 100
	$(BIN)/seqcli train-mt sample_data/pairs.en-zh.tsv --valid sample_data/pairs.en-zh.valid.tsv --budget 55s \
		--output $(DEMO)/pairs.mt.safetensors --overwrite
	head -n 5 sample_data/pairs.en-zh.test.tsv | cut -f 1 | $(BIN)/seqcli translate --model $(DEMO)/pairs.mt.safetensors
	$(BIN)/seqcli evaluate $(DEMO)/pairs.mt.safetensors sample_data/pairs.en-zh.test.tsv
	$(BIN)/seqcli train-tagger sample_data/tagged.en.conll --budget 15s \
		--output $(DEMO)/tagged.tag.safetensors --overwrite
	echo "Ruth Holtson walked from Stoneport to New Ashbury." | $(BIN)/seqcli tag --model $(DEMO)/tagged.tag.safetensors
	$(BIN)/seqcli evaluate $(DEMO)/tagged.tag.safetensors sample_data/tagged.en.test.conll
	$(BIN)/python sample_data/speech.py $(DEMO)/speech
	$(BIN)/seqcli train-asr $(DEMO)/speech/train.tsv --budget 20s --output $(DEMO)/speech.asr.safetensors --overwrite
	$(BIN)/seqcli evaluate $(DEMO)/speech.asr.safetensors $(DEMO)/speech/test.tsv
	$(BIN)/seqcli transcribe --model $(DEMO)/speech.asr.safetensors $(DEMO)/speech/wavs/string_0.wav
	$(BIN)/seqcli forecast sample_data/sales.csv --horizon 28 --budget 15s --holidays sample_data/holidays.csv \
		--covariates promo --future sample_data/sales.future.csv \
		--output $(DEMO)/sales.forecast.csv --plot $(DEMO)/sales.svg
	head -n 8 $(DEMO)/sales.forecast.csv

# The documentation as a site, in build/site; a link that leads nowhere is an error.
docs: $(STAMP)
	$(PIP) install --constraint constraints.txt --editable '.[docs]'
	$(BIN)/mkdocs build --strict --quiet --site-dir build/site
	@echo "open build/site/index.html"

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
