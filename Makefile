# Canonical MAAS on Kubernetes. `make` sets everything up, `make test` checks it, `make help` lists the rest.
SHELL := /bin/bash
export CDK8S_CHECK_UPGRADE := false
.DEFAULT_GOAL := all
.PHONY: all test typecheck lint unit build run_region run_rack up down get_region_api_key get_region_secret get_region_ip_address register_rack chart pictures test-images e2e contract faults bench synth format clean help

# npm ci only when the lock has changed since.
node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

all: synth ## install, synthesize dist/, say what to do next
	@printf '\nManifests are in dist/. Next:\n  make build               build the region, rack and toolbox images\n  kubectl apply -f dist    run MAAS on the current cluster\n'

synth: node_modules/.installed ## synthesize dist/ from values.yaml or the defaults, and the reference pages from the tables
	npx cdk8s synth
	npm run --silent reference

test: node_modules/.installed ## type-check, lint, unit and golden tests, drift check of dist/
	@$(MAKE) --no-print-directory -j3 typecheck lint unit

# Side by side: the first two take one core each, and jest what is left.
typecheck:
	npm run --silent typecheck
lint:
	npm run --silent lint
unit:
	npm test --silent

# The program that the targets below call; ARGS="--help" tells what each of them can do.
maas-k8s := node build/maas-k8s.js
build/maas-k8s.js: node_modules/.installed images/toolbox/bundle.mjs $(shell find cli charts -name '*.ts')
	npm run --silent bundle

build: build/maas-k8s.js ## build the images with docker, podman or buildah, and load them into a cluster on this machine
	@$(maas-k8s) build $(BUILD_ARGS) $(ARGS)

run_region: build/maas-k8s.js ## apply the region, and stay until its API answers
	@$(maas-k8s) up region $(ARGS)

run_rack: build/maas-k8s.js ## apply the racks, and stay until each is connected
	@$(maas-k8s) up rack $(ARGS)

up: build/maas-k8s.js ## all of it on the current cluster
	@$(maas-k8s) up $(ARGS)

down: build/maas-k8s.js ## take it away and keep its data (ARGS=--purge: the data, too)
	@$(maas-k8s) down $(ARGS)

get_region_api_key: build/maas-k8s.js ## print the administrator's API key; waits until there is one
	@$(maas-k8s) api-key $(ARGS)

get_region_secret: build/maas-k8s.js ## print the secret that regions and racks share
	@$(maas-k8s) secret $(ARGS)

get_region_ip_address: build/maas-k8s.js ## print the addresses of the region, and which of them answers here
	@$(maas-k8s) ip $(ARGS)

# The secret goes by environment: arguments can be read by everybody on the machine, those of make, too. So better SECRET=… make register_rack.
ifneq ($(SECRET),)
register_rack: export MAAS_REGION_SECRET = $(SECRET)
endif
register_rack: build/maas-k8s.js ## link racks of this cluster to a region anywhere: SECRET=… make register_rack URL=http://HOST:5240/MAAS
	@$(maas-k8s) register-rack --url '$(URL)' $(ARGS)

test-images: node_modules/.installed ## build the images of the cluster tests, and load them into the cluster that KUBECONFIG names
	npm run --silent test-images

e2e: test-images ## run the cluster tests
	npm run --silent e2e

contract: node_modules/.installed $(if $(REGION_IMAGE)$(RACK_IMAGE),,test-images) ## check REGION_IMAGE and RACK_IMAGE against what MAAS was measured to do, on the cluster
	npm run --silent contract

faults: node_modules/.installed ## break the running system in every way that users will meet (FAULTS=chosen: a dozen)
	npm run --silent faults

bench: node_modules/.installed ## measure, and write docs/reference/measurements.md (RUNS=3)
	npm run --silent bench

# An archive has the times of its files in it; those of the last change to the chart make it the same everywhere.
HELM ?= helm
OUTPUT ?= build
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct -- dist/helm 2>/dev/null || echo 0)
chart: ## package dist/helm/maas with HELM into OUTPUT
	@rm -rf build/chart && mkdir -p build/chart && cp -r dist/helm/maas build/chart
	@find build/chart -exec touch -d @$(or $(SOURCE_DATE_EPOCH),0) {} +
	@$(HELM) package build/chart/maas -d $(OUTPUT)

# What `up` says while it works is left out; a command that says nothing leaves its picture alone.
pictures: build/maas-k8s.js ## draw docs/pictures/up.svg and status.svg from the current cluster
	@for verb in up status; do said=$$(FORCE_COLOR=1 $(maas-k8s) $$verb $(ARGS) 2>&1 | if [ $$verb = up ]; then grep -vE '^(applying|wait for|looking|rack|there are) '; else cat; fi); \
		[ -z "$$said" ] || node docs/pictures/draw.mjs "maas-k8s $$verb" <<< "$$said" > docs/pictures/$$verb.svg; done

format: node_modules/.installed ## format and fix what can be fixed
	npm run --silent format

clean: ## remove what is made here and not kept
	rm -rf build node_modules

help: ## list the targets
	@grep -hE '^[a-z0-9_]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22
