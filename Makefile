# `make demo` and `make test` do all the set-up: the versions of requirements/*.txt, in a virtual environment of their own.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST = -m pytest -n auto --maxschedchunk 4
UV ?= uv==0.13.9
TORCH ?= torch==2.13.0
MINUTES ?= 60
ADAPTERS ?= inspect openenv skyrl gem trl verifiers verl agentlightning
# Agent Lightning needs Python 3.12: the first of these that is one.
PYTHON_agentlightning ?= $(shell for python in $(PYTHON) python3.12 python3.13 "$$(pyenv root 2>/dev/null)"/versions/3.1[23]*/bin/python; \
	do "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo "$$python" && break; done)
SETUP_FILES = setup.cfg pyproject.toml requirements/build.txt

.PHONY: demo test quick check format docs bench bench-learning train alfworld thor test-thor adapters adapter-cost wheel-check \
	adopted examples notebooks \
	test-oldest test-oldest-trainer \
	newest lock python-for-training clean help

help:
	@echo "make demo         evaluate three agents on two panels, then train a tiny model; reports, a learning curve"
	@echo "make test         all tests          make quick  without the slow ones"
	@echo "make check        lint, types, layers  make format  rewrite the files"
	@echo "make docs         the site, from docs/, the registry and the docstrings, into build/site"
	@echo "make bench        speed and memory, beside the cost of copying a picture"
	@echo "make bench-learning  every training run behind docs/learning.md, and that page"
	@echo "make train        installs what training needs (torch and more), and make alfworld TextWorld and ALFWorld:"
	@echo "                  the tests that use them run wherever they are installed"
	@echo "make adapters     the adapters to agent frameworks, each with the real one in an environment of its own; also one"
	@echo "                  by one: make test-inspect, test-openenv, test-skyrl, test-gem, test-trl, test-verifiers,"
	@echo "                  test-verl, test-agentlightning (Python 3.12)"
	@echo "make adapter-cost what a turn costs through each adapter, once make adapters has made their environments"
	@echo "make test-thor    the tests of ALFWorld on AI2-THOR, in an environment of their own ($(VENV)-thor), for which"
	@echo "                  make thor installs what they need"
	@echo "make wheel-check  build what is published, source archive and wheel, and use both elsewhere: tests, every id,"
	@echo "                  twine check, types"
	@echo "make adopted      play the environments of docs/adopt.md, of gymnasium, minigrid and ale-py"
	@echo "make examples     run examples/ with the packages that they show, each in an environment of its own"
	@echo "make notebooks    execute examples/notebooks/"
	@echo "make test-oldest  the contract tests on the oldest gymnasium, make test-oldest-trainer the trainer's on the"
	@echo "                  oldest transformers"
	@echo "make newest       the quick tests with the newest release of everything, whatever setup.cfg's bounds say"
	@echo "make lock         write requirements/*.txt anew, from setup.cfg"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "vlm_gym needs Python 3.10 or newer; say which: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

python-for-training: $(BIN)/python
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "this needs Python 3.11 or newer: rm -r $(VENV); make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }

# What the lock says and nothing else: pip builds with the setuptools of build.txt too.
$(VENV)/.%: requirements/%.txt $(SETUP_FILES) | $(BIN)/python
	$(PIP) install -r requirements/build.txt
	$(PIP) install --no-build-isolation -r requirements/$*.txt
	$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.demo $(VENV)/.train $(VENV)/.docs: | python-for-training

demo: $(VENV)/.demo
	$(BIN)/python -m vlm_gym.demo --out out/demo
	rm -rf out/demo/training
	$(BIN)/python -m baselines.ppo --folder out/demo/training
	@echo "Every turn of three agents: out/demo/report.html; of the tiny model: out/demo/training/samples.html"
	@echo "How it learnt: out/demo/training/curve.png"

test: $(VENV)/.test
	$(BIN)/python $(PYTEST)

quick: $(VENV)/.test
	$(BIN)/python $(PYTEST) -m "not slow"

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/site
	@echo "The site: build/site/index.html"

bench: $(VENV)/.test
	$(BIN)/vlm-gym bench

bench-learning: $(VENV)/.train
	PYTHON=$(BIN)/python bash baselines/runs/learning.sh out/learning

train: $(VENV)/.train

alfworld: $(VENV)/.alfworld

thor: $(VENV)/.thor

test-thor:
	$(MAKE) --no-print-directory thor VENV=$(VENV)-thor
	VLM_GYM_THOR_TESTS=1 $(VENV)-thor/bin/python $(PYTEST) tests/envs/household/test_thor.py

# Each agent framework in an environment of its own, which is kept as long as its lock says the same, one after the other.
# What ran is written into the table of docs/adapters.md.
adapters: $(addprefix test-,$(ADAPTERS))
	$(PYTHON) requirements/adapters.py $(VENV)-adapters

adapter_venv = $(VENV)-adapters/$(1)-$(firstword $(shell cksum < requirements/$(1).txt))

$(addprefix test-,$(ADAPTERS)): test-%:
	rm -rf $(filter-out $(call adapter_venv,$*),$(wildcard $(VENV)-adapters/$*-*))
	$(MAKE) --no-print-directory $(call adapter_venv,$*)/.$* VENV=$(call adapter_venv,$*) \
		PYTHON="$(if $(filter agentlightning,$*),$(or $(PYTHON_agentlightning),python3.12),$(PYTHON))"
	$(call adapter_venv,$*)/bin/python $(PYTEST) tests/adapters/test_$*.py --junitxml=$(call adapter_venv,$*)/ran.xml

# What a turn costs through each, in those environments: the table of docs/performance.md.
adapter-cost: $(addprefix cost-,$(ADAPTERS))

$(addprefix cost-,$(ADAPTERS)): cost-%:
	$(call adapter_venv,$*)/bin/python -m benchmarks.adapter_cost $*

wheel-check: $(VENV)/.test
	$(BIN)/python tests/wheel/check_wheel.py $(if $(RELEASE),--release $(RELEASE))

# The packages whose environments docs/adopt.md adopts, in a folder of their own.
adopted: $(VENV)/.test
	$(PIP) install --no-deps --upgrade --target $(VENV)-adopted minigrid==3.2.0 ale-py==0.12.1 pygame-ce==2.5.8
	PYTHONPATH=$(VENV)-adopted $(BIN)/python $(PYTEST) tests/adopted

# All, or those of EXAMPLES="sb3 torchrl"; environments are kept until what they are made from changes.
examples: $(BIN)/python
	$(BIN)/python requirements/examples.py $(EXAMPLES) --folder $(VENV)-examples --torch '$(TORCH)'

# Executed from their first cell to their last, beside what training and the site need.
notebooks: $(VENV)/.train $(VENV)/.docs
	VLM_GYM_NOTEBOOKS=1 $(BIN)/python $(PYTEST) tests/examples/test_notebooks.py

# The oldest release that setup.cfg allows lies before the lock's on the path, in a folder of its own.
test-oldest: $(VENV)/.test
	for version in 1.0.0 1.2.2; do \
		$(PIP) install --no-deps --upgrade --target $(VENV)-oldest/gymnasium-$$version gymnasium==$$version && \
		PYTHONPATH=$(VENV)-oldest/gymnasium-$$version $(BIN)/python $(PYTEST) -m "not slow" tests/test_contract.py \
			tests/wrappers tests/vector || exit 1; \
	done

test-oldest-trainer: $(VENV)/.train
	$(PIP) install --no-deps --upgrade --target $(VENV)-oldest/transformers transformers==5.23.0
	PYTHONPATH=$(VENV)-oldest/transformers $(BIN)/python $(PYTEST) tests/baselines/models tests/evaluation/models/test_local_model.py

newest:
	$(PYTHON) requirements/newest.py --venv $(VENV)-newest --torch '$(TORCH)' --minutes $(MINUTES)

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet '$(UV)'
	UV=$(VENV)-lock/bin/uv bash requirements/lock.sh

clean:
	rm -rf $(VENV) $(VENV)-examples $(VENV)-thor $(VENV)-adapters $(VENV)-oldest $(VENV)-newest $(VENV)-lock build dist out *.egg-info
