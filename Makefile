# make help explains the targets. The first run of demo or test installs Debian
# packages and builds Kubernetes from source into a cache; later runs find both.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(HALO_CACHE),$(HOME)/.cache/halo)
export PATH := $(CACHE)/bin:$(PATH)
export KUBEBUILDER_ASSETS := $(CACHE)/assets

# CLUSTER=current makes the demonstration use the cluster of the current
# kubeconfig instead of one of its own.
CLUSTER ?= local
VERSION ?= dev
FUZZTIME ?= 20s
FUZZED ?= .

# The parsers that strangers reach.
ATTACKED := internal/account internal/console internal/halo internal/mail internal/origins internal/personal internal/server

# What `make generate` writes, and `make check-generated` compares.
GENERATED := config/crd config/rbac charts/halo-operator/templates internal/widget/dist $(wildcard api/*/v1alpha1/zz_generated.*.go api/v1alpha1/zz_generated.*.go)

PREPARE := go run ./build/prepare

.PHONY: help
help: ## this list
	@echo "usage: make TARGET, as root on Debian with Go, make and git"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  CLUSTER=current  make demo on the cluster of the current kubeconfig (no root, no Debian)"
	@echo "  VERSION=v1.2.3   the version of make images"
	@echo "  FUZZTIME=1m      how long make fuzz tries each target, or how often: 1000x"
	@echo "  HALO_CACHE       where built programs are kept (~/.cache/halo)"

.PHONY: demo
demo: ## show everything: a cluster, a tenant, an advisor's page to open
ifeq ($(CLUSTER),current)
	@$(PREPARE) kube helm
else
	@$(PREPARE) demo
endif
	@CLUSTER=$(CLUSTER) go run ./test/demo up

.PHONY: demo-down
demo-down: ## stop what make demo started and leave nothing behind
	@CLUSTER=$(CLUSTER) go run ./test/demo down

.PHONY: test
test: ## everything that a change must pass, the end-to-end test included
	@$(PREPARE) test
	@$(MAKE) check-generated
	@$(MAKE) lint
	@$(MAKE) test-unit
	@$(MAKE) test-e2e
	@$(MAKE) attack

.PHONY: test-unit
test-unit: ## the tests of every package, all but test/chaos with the race detector
	@$(PREPARE) test
	go test -race -timeout 20m $$(go list ./... | grep -v '/test/chaos$$')
	@# One goroutine lives each life there. Without the detector every write is tried and every weather twice, in a quarter of the time.
	go test -timeout 20m ./test/chaos

.PHONY: test-e2e
test-e2e: ## the whole path on a real cluster, with a real browser
	@$(PREPARE) test
	go test -tags e2e -count 1 -parallel 4 -timeout 30m -v ./test/e2e

.PHONY: attack
attack: ## attack the server: sqlmap, wapiti, testssl.sh, hostile clients, made-up input; on loopback, some minutes
	@$(PREPARE) attack
	go vet -tags attack ./test/attack
	go test -tags attack -count 1 -timeout 20m -v ./test/attack
	@$(MAKE) fuzz FUZZTIME=10000x FUZZED="$(ATTACKED)"

.PHONY: lint
lint: ## read the code by machine
	@$(PREPARE) golangci-lint
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
		if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	golangci-lint run --allow-parallel-runners

.PHONY: generate
generate: ## write CRDs, RBAC, deep copies and the widget's bundle from their sources
	@$(PREPARE) controller-gen
	go generate ./...
	controller-gen crd paths=./api/v1alpha1 output:crd:dir=config/crd
	controller-gen rbac:roleName=halo-operator paths=./controllers/... output:rbac:dir=config/rbac
	go run ./config/generate

.PHONY: fonts
fonts: ## make the report's fonts for all scripts from Debian's packages; minutes
	go run ./build/fonts

.PHONY: keep-widget
keep-widget: ## at a release: go on serving this widget to pages that pin it
	@hash=$$(sha256sum internal/widget/dist/widget.js | cut -c 1-16); mkdir -p internal/widget/dist/released; \
		cp internal/widget/dist/widget.js "internal/widget/dist/released/$$hash.js"

.PHONY: check-generated
check-generated: ## fail when make generate would change something
	@before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
		cp -a --parents $(GENERATED) "$$before"; \
		$(MAKE) generate; \
		for path in $(GENERATED); do diff -ru "$$before/$$path" "$$path" || changed=yes; done; \
		if [ -n "$${changed:-}" ]; then echo "Generated files were out of date. They are right now: commit them."; exit 1; fi

.PHONY: images
images: ## build the release images into dist/*.tar
	@go run ./build/images -version $(VERSION)

.PHONY: bench
bench: ## measure
	@$(PREPARE) kube
	go test -run '^$$' -bench . -benchmem ./internal/...
	go run ./test/bench/server
	go run ./test/bench/bundles
	go test -count 1 -v -timeout 60m ./test/scale -tenants 1000

.PHONY: fuzz
fuzz: ## try every fuzz target (of the folders FUZZED) for FUZZTIME each
	@git grep -o -E '^func Fuzz[A-Za-z0-9_]+' -- $(patsubst %,'%/*_test.go',$(FUZZED)) | while IFS=: read -r file match; do \
		echo "$$(dirname "$$file") $${match#func }"; \
		go test -run '^$$' -fuzz "^$${match#func }\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")"; \
	done

.PHONY: clean
clean: ## remove what was built, the cache included (building Kubernetes again takes minutes)
	rm -rf dist bin
	rm -rf $(foreach folder,built bin assets log lock mariadb,"$(CACHE)/$(folder)")
