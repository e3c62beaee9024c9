# The commands of the project; `make` lists them. Each builds what it needs first, which is quick when nothing changed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# ---- what can be set
DURATION ?= 3m
RATE     ?= 300
NAME     ?=
ARGS     ?=
FUZZTIME ?= 30s
RUN      ?= .runs/latest
SCENARIO ?= loadgen/scenarios/soak.yaml
QUICK    ?=
N        ?= 1
RESTARTS ?= 1
CONTROLS ?=
PAYMENTS ?= 1000000
GO       ?= go
# Today where the books are kept: a business day is one of Asia/Seoul (KST), whatever the machine's clock shows.
DATE     ?= $(shell TZ=KST-9 date +%F)

MODULES  := infra payment-api payment-worker mock-pg loadgen
PROGRAMS := ./payment-api ./payment-worker ./mock-pg ./loadgen ./infra/stack ./infra/stack/broker
STACK    := bin/stack
ENV_FILE := $(or $(STACK_DIR),.stack)/stack.env

GOLANGCI_VERSION := v2.15.0
GOLANGCI := .tools/golangci-lint-$(GOLANGCI_VERSION)

.PHONY: help build up down status logs soak verify verify-million report runs compare dump controls drill drills proof chapter capacity trends bench bench-large bench-bed worker reconcile test fuzz check check-one clean need-go stack

help: ## this list
	@echo "A reference payment system that is broken on purpose and proves that no money was lost."
	@echo
	@echo "  make up && make soak      bring everything up, load it, verify every payment"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Variables:"
	@echo "  DURATION=$(DURATION) RATE=$(RATE)    length and payments a second of a soak"
	@echo "  NAME=payment-api-1       which process (logs);  FOLLOW=1: and go on"
	@echo "  SCENARIO=$(SCENARIO)  what a soak sends"
	@echo "  RUN=$(RUN)         which run (verify, report);  A=… B=…  which two (compare)"
	@echo "  QUICK=1                  four controls instead of all; one ratio instead of all figures (bench)"
	@echo "  NAME=crash-api N=1       which drill, and how many breaks (drill, drills);  RESTARTS=1: rounds of graceful-shutdown"
	@echo "  CONTROLS=1               the drills' controls instead of the drills (drills)"
	@echo "  DATE=$(DATE)          which business day, Asia/Seoul (reconcile)"
	@echo "  ARGS=\"review list\"       which command of payment-worker (worker)"
	@echo "  FUZZTIME=$(FUZZTIME)             how long each target is fuzzed (fuzz)"
	@echo "  MOCK_PGS=1               instances of the mock PG, 1 to 4 (up)"
	@echo "  SYSTEM=legacy            the APIs are the system before the renewal, docs/legacy.md (up)"
	@echo "  SYSTEM_CPUS=0-2 BED_CPUS=3  processors of system and bed; split by default from 4 on (up)"
	@echo "  PORT_OFFSET=1000         moves all ports; each has a PORT_… of its own, see 'bin/stack help'"
	@echo "  MYSQLD=… HAPROXY=…       servers to use instead of Debian's packages;  DEBIAN_MIRROR=…  where those come from"
	@echo "  STACK_DIR=.stack         where the stack keeps everything"
	@echo "  GO=go                    which Go"

need-go:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or newer from https://go.dev/dl/ (or name it with GO=/path/to/go)." >&2; exit 1; }

build: need-go ## build all programs into bin/
	@mkdir -p bin
	@CGO_ENABLED=0 $(GO) build -o bin/ $(PROGRAMS)

# What stops or looks works even while another program does not compile.
stack: need-go
	@mkdir -p bin
	@CGO_ENABLED=0 $(GO) build -o bin/ ./infra/stack

up: build ## start what does not run (MySQL, broker, HAProxy, 2 APIs, 2 workers, mock PGs) and wait until it is ready
	@$(STACK) up

down: stack ## stop everything; the data stays
	@$(STACK) down

status: stack ## a table of the processes
	@$(STACK) status

logs: stack ## the end of a process's log: NAME=payment-api-1
	@[ -n "$(NAME)" ] || { echo "Whose log? make logs NAME=payment-api-1 ('make status' lists the names)." >&2; exit 1; }
	@$(STACK) logs $(NAME) $(if $(FOLLOW),-f)

soak: up ## load the running system (DURATION, RATE), wait until all is settled, verify, print the verdict
	@code=0; bin/loadgen run $(SCENARIO) --stack $(ENV_FILE) $(if $(filter file,$(origin SCENARIO)),--duration $(DURATION) --rate $(RATE)) || code=$$?; \
	case $$code in \
	  0) ;; \
	  1) echo "make soak: FAIL, loadgen's exit code was 1: an invariant is violated, the payments are named above." >&2 ;; \
	  3) echo "make soak: INVALID, loadgen's exit code was 3: the run says nothing (the generator or the mock spoilt it, or it could not be verified), the reason is above." >&2 ;; \
	  *) echo "make soak: loadgen ended with exit code $$code before a verdict." >&2 ;; \
	esac; exit $$code

verify: build ## judge a run again from its journal, the database and the PG's book: RUN=.runs/latest
	@[ -e "$(RUN)" ] || { echo "There is no run $(RUN): 'make soak' makes one (or name another with RUN=…)." >&2; exit 1; }
	@bin/loadgen verify $(RUN) --stack $(ENV_FILE)

verify-million: stack ## a million payments (PAYMENTS=1000000) through the verifier: time and memory; half an hour, most of it to fill MySQL
	@$(STACK) install
	@cd loadgen && $(GO) test ./verify -run TestVerify_AMillion -payments=$(PAYMENTS) -timeout=2h -v

report: build ## write a run's page again, one HTML file: RUN=.runs/latest
	@bin/loadgen report $(RUN)

runs: build ## list the runs, newest first
	@bin/loadgen runs $(ARGS)

compare: build ## compare two runs, or two sets of repeats: A=.runs/… B=.runs/… (or a tag)
	@[ -n "$(A)" ] && [ -n "$(B)" ] || { echo "Compare what? make compare A=.runs/one B=.runs/another ('make runs' lists them; a tag names all its runs)." >&2; exit 1; }
	@bin/loadgen compare $(A) $(B) $(ARGS)

dump: build ## goroutines of every running program: identical stacks in buckets, who waits for what
	@bin/loadgen dump --stack $(ENV_FILE) $(ARGS)

controls: build ## plant bugs into the product, one after another: each must be caught by the invariant it breaks (QUICK=1: four of them)
	@$(STACK) install
	@bin/loadgen controls --servers $(or $(STACK_DIR),.stack) $(if $(QUICK),--quick) $(ARGS)

drill: build ## break something under load, N times: NAME=crash-api N=10 (bin/loadgen drill --list names them; RESTARTS=20: graceful-shutdown)
	@[ -n "$(NAME)" ] || { bin/loadgen drill --list; echo "Which one? make drill NAME=crash-api N=10" >&2; exit 1; }
	@$(STACK) install
	@bin/loadgen drill $(NAME) --servers $(or $(STACK_DIR),.stack) --n $(N) --restarts $(RESTARTS) $(ARGS)

drills: build ## every drill, N breaks each (CONTROLS=1: their controls instead, the product with a piece left out; each must fail)
	@$(STACK) install
	@bin/loadgen drill --all --servers $(or $(STACK_DIR),.stack) $(if $(CONTROLS),--controls,--n $(N) --restarts $(RESTARTS)) $(ARGS)

proof: ## everything that is proved: tests, linters, every decoder fuzzed, a soak, all controls, all drills and their controls
	@$(MAKE) test
	@$(MAKE) check
	@$(MAKE) fuzz
	@$(MAKE) soak
	@$(MAKE) down
	@$(MAKE) controls QUICK=
	@$(MAKE) drills CONTROLS=
	@$(MAKE) drills CONTROLS=1

chapter: build ## run graceful-shutdown with one step left out at a time, and draw docs/graceful-shutdown; half an hour (ARGS="--runs .runs/…-chapter" goes on)
	@$(STACK) install
	@bin/loadgen chapter --servers $(or $(STACK_DIR),.stack) $(ARGS)

capacity: up ## search the highest rate within an SLO, each step verified: ARGS="--slo-p99 500ms --to 2000"
	@bin/loadgen capacity $(if $(filter file,$(origin SCENARIO)),loadgen/scenarios/capacity.yaml,$(SCENARIO)) --stack $(ENV_FILE) $(ARGS)

trends: build ## what rose during a soak of ten minutes or more: memory, goroutines, descriptors, p99, backlog: RUN=.runs/latest
	@bin/loadgen trends $(RUN) $(ARGS)

bench: build ## the system beside the raw ceiling, the plain way and legacy, in turns on a stack of its own; it says how long (QUICK=1: two minutes; ARGS="--repeats 5")
	@$(STACK) install
	@bin/loadgen bench --servers $(or $(STACK_DIR),.stack) $(if $(QUICK),--quick) $(ARGS)

bench-large: build ## rate and p99 at 100,000, 1 million and 10 million stored payments, on a stack of its own (ARGS)
	@$(STACK) install
	@bin/loadgen bench-large --servers $(or $(STACK_DIR),.stack) $(ARGS)

bench-bed: build ## loadgen beside wrk, vegeta and k6; the mock PG beside nginx and WireMock: all in one run (ARGS="--repeats 5")
	@CGO_ENABLED=0 $(GO) build -o bin/ ./infra/peers ./loadgen/internal/fire
	@bin/peers generators $(ARGS)
	@bin/peers mocks $(ARGS)

worker: build ## run one command of payment-worker beside the running ones: ARGS="review list"
	@[ -n "$(firstword $(ARGS))" ] || { echo 'Which command? make worker ARGS="review list" (ARGS=help lists them).' >&2; exit 1; }
	@$(STACK) exec payment-worker-1 $(ARGS)

reconcile: build ## compare our ledger of a business day with the statements of the payment means: DATE=2026-11-23 (today)
	@[[ "$(DATE)" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$$ ]] || { echo "Which day? make reconcile DATE=2026-11-23 ('$(DATE)' is none)." >&2; exit 1; }
	@$(STACK) exec payment-worker-1 reconcile --date $(DATE)

test: stack ## all tests of all modules, with real MySQL and a Kafka-protocol broker, under the race detector
	@$(STACK) install
	@cc="$$($(GO) env CC)"; \
	if command -v "$${cc%% *}" >/dev/null; then race=-race; else race=; \
	  echo "The race detector is off: it needs a C compiler (apt-get install gcc, or name one with CC=…)."; fi; \
	CGO_ENABLED=$${race:+1} $(GO) test $$race -shuffle=on -timeout 15m $(foreach m,$(MODULES),./$(m)/...)

fuzz: need-go ## fuzz every decoder of every module, FUZZTIME=30s each; fails with the input that broke one
	@mkdir -p bin
	@CGO_ENABLED=0 $(GO) build -o bin/ ./infra/fuzz
	@GO=$(GO) FUZZTIME=$(FUZZTIME) bin/fuzz $(MODULES)

check: need-go $(GOLANGCI) ## gofumpt, vet, linters with the import rules, tidy modules, a build of each module alone
	@for m in $(MODULES); do $(MAKE) check-one M=$$m || exit 1; done
	@echo "check: all good"

# One line a step: make ends at the first that fails.
check-one:
	@echo "check $(M)"
	@cd $(M) && ../$(GOLANGCI) fmt --diff ./... || { echo "$(M): the above is not gofumpt's format; '../$(GOLANGCI) fmt' in $(M) writes it." >&2; exit 1; }
	@cd $(M) && $(GO) vet ./...
	@cd $(M) && ../$(GOLANGCI) run ./...
	@cd $(M) && GOWORK=off $(GO) mod tidy -diff || { echo "$(M): go.mod is not tidy; 'go mod tidy' in $(M) writes it." >&2; exit 1; }
	@cd $(M) && GOWORK=off $(GO) build -o /dev/null ./...

# Kept between runs: it takes more than a minute to build.
$(GOLANGCI): | need-go
	@echo "building golangci-lint $(GOLANGCI_VERSION), once"
	@GOBIN=$(CURDIR)/.tools GOFLAGS= GOWORK=off $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .tools/golangci-lint $@

clean: stack ## stop everything and remove the stack's folder with all data and downloads
	@$(STACK) clean
	@rm -rf bin
