# `make demo` and `make test` do all the set-up on a machine that has only Python (3.11 or newer) and make.
# TORCH_INDEX=URL takes torch from another package index, for example PyTorch's own index of builds without CUDA:
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DEMO := build/demo
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DELETE_ON_ERROR:
.PHONY: install demo test lint torture clean

install: $(STAMP)

# torch goes first: with PyTorch's index given, its build without CUDA is preferred to the one on PyPI.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "seqcli needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "installing into $(VENV), once: torch first, then the rest"
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(PIP) install --constraint constraints.txt --editable '.[dev,plot]'
	@touch $@

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
