# `make demo` and `make test` do all the set-up, in a virtual environment of their own (.venv).
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
SETUP_FILES = setup.cfg pyproject.toml
TORCH ?= torch==2.13.0

.PHONY: demo test quick check format bench bench-learning train alfworld wheel-check test-oldest clean help

help:
	@echo "make demo         evaluate three agents on two panels, then train a tiny model; reports, a learning curve"
	@echo "make test         all tests          make quick  without the slow ones"
	@echo "make check        lint, types, layers  make format  rewrite the files"
	@echo "make bench        speed and memory, beside the cost of copying a picture"
	@echo "make bench-learning  every training run behind docs/learning.md, and that page"
	@echo "make train        installs what training needs (torch and more), and make alfworld TextWorld and ALFWorld:"
	@echo "                  the tests that use them run wherever they are installed"
	@echo "make wheel-check  build the wheel and play every id from it in an empty environment"
	@echo "make test-oldest  the contract tests on the oldest gymnasium in use"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "vlm_gym needs Python 3.10 or newer; say which: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch first, in a version that pip may have as a CPU build; TORCH= chooses another one.
$(VENV)/.demo: $(BIN)/python $(SETUP_FILES)
	$(PIP) install '$(TORCH)'
	$(PIP) install -e '.[demo,train]'
	@touch $@

$(VENV)/.test: $(BIN)/python $(SETUP_FILES)
	$(PIP) install -e '.[demo,test]'
	@touch $@

$(VENV)/.dev: $(BIN)/python $(SETUP_FILES)
	$(PIP) install -e '.[demo,test,dev]'
	@touch $@

$(VENV)/.train: $(VENV)/.test
	$(PIP) install '$(TORCH)'
	$(PIP) install -e '.[train,cnn,data,ray]'
	@touch $@

$(VENV)/.alfworld: $(VENV)/.test
	$(PIP) install -e '.[alfworld]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/python -m vlm_gym.demo --out out/demo
	rm -rf out/demo/training
	$(BIN)/python -m baselines.ppo --folder out/demo/training
	@echo "Every turn of three agents: out/demo/report.html; of the tiny model: out/demo/training/samples.html"
	@echo "How it learnt: out/demo/training/curve.png"

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --maxschedchunk 4

quick: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --maxschedchunk 4 -m "not slow"

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.test
	$(BIN)/vlm-gym bench

bench-learning: $(VENV)/.train
	PYTHON=$(BIN)/python bash baselines/runs/learning.sh out/learning

train: $(VENV)/.train

alfworld: $(VENV)/.alfworld

wheel-check: $(VENV)/.test
	$(BIN)/python tests/wheel/check_wheel.py

test-oldest:
	$(PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip --quiet install -e '.[demo,test]' gymnasium==1.2.2
	$(VENV)-oldest/bin/python -m pytest -n auto -m "not slow" tests/test_contract.py tests/wrappers

clean:
	rm -rf $(VENV) $(VENV)-oldest build dist out *.egg-info
