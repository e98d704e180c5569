# Two commands do all set-up: `make demo` and `make test`. Both say what they do.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export OMP_WAIT_POLICY ?= passive

.PHONY: demo test test-all check validators setup clean

demo: $(STAMP)
	@$(BIN)/scanwright demo

test: $(STAMP)
	@echo "Running the tests (about six minutes on two cores)"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --durations=10

test-all: $(STAMP)
	@echo "Running all tests, the long ones too"
	@$(BIN)/python -m pytest

validators:
	@echo "Installing what the long tests check DICOM files with, the archive they exchange them with, and PostgreSQL"
	apt-get install -y dicom3tools pixelmed-apps orthanc orthanc-dicomweb postgresql

check: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python tests/known_faults.py

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once: about a minute and 8 GB)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "  uv"
	@$(BIN)/python -m pip install -q --disable-pip-version-check "uv>=0.9"
	@echo "  Scanwright and its dependencies"
	@$(BIN)/uv pip install -p $(VENV) --compile-bytecode -c constraints.txt -e '.[dev]' 2>&1 | grep -v "^ +" || true
	@$(BIN)/python -m ui.viewer.niivue
	@$(BIN)/python -c "import tools" && touch $(STAMP)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
