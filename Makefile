# The old target names; each runs a command of ./inv. `make help` lists them. GNU make 3.81 or newer.

HERE := $(dir $(lastword $(MAKEFILE_LIST)))
INV = $(HERE)inv
include $(HERE)environments.mk

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

# A target, the variables it needs, its command, and what that does.
operation = $(eval NAMES += $(1))$(eval NEEDS.$(1) := $(2))$(eval COMMAND.$(1) := $(3))$(eval HELP.$(1) := $(4))

$(call operation,up,ENV,up,start the services and wait until they are well)
$(call operation,down,ENV,down,stop the services; volumes and data stay)
$(call operation,restart,ENV,restart,stop the services and start them again)
$(call operation,ps,ENV,ps,show what runs)
$(call operation,logs,ENV,logs [--service S],show the end of the logs)
$(call operation,health,ENV,health,ask whether the database answers and is at head)
$(call operation,config,ENV,config,show the configuration in force)
$(call operation,backup,ENV,backup,take a dump and prove it)
$(call operation,restore-from-dump,ENV DUMP,restore --dump DUMP,put a dump in the place of the database)
$(call operation,restore-from-sql,ENV SQL,restore --sql SQL,put a SQL file in the place of the database)
$(call operation,db-apply-snapshot,ENV,db-apply-snapshot,load the snapshot into an empty database)
$(call operation,db-bootstrap-roles,ENV,db-bootstrap-roles,create roles and privileges where missing)
$(call operation,db-reset-volume,ENV,db-reset-volume,remove all that the database stores)
$(call operation,db-init-from-snapshot,ENV,db-init-from-snapshot,remove it and build it from the snapshot)
$(call operation,al-up,ENV,al-up,upgrade to head)
$(call operation,al-down,ENV,al-down,take the newest revision back)
$(call operation,al-cur,ENV,al-cur,show where the database is)
$(call operation,al-hist,ENV,al-hist,show every revision)
$(call operation,al-heads,ENV,al-heads,show the head of the revision files)
$(call operation,al-stamp,ENV REV,al-stamp --rev REV,record a revision as applied and run nothing)
$(call operation,al-rev,MSG,al-rev --message MSG,write an empty revision)
$(call operation,al-rev-auto,MSG,al-rev-auto --message MSG,write a revision from the models)
$(call operation,al-cur-legacy,ENV,al-cur-legacy,the old history: where the database is)
$(call operation,al-up-legacy,ENV,al-up-legacy,the old history: upgrade)
$(call operation,al-down-legacy,ENV,al-down-legacy,the old history: take one back)
$(call operation,al-dump-schema-current,,baseline-export,write the snapshot anew from local_dev)

spellings = $(if $(filter %-legacy,$(1)),$(1) $(1:-legacy=-env-legacy),$(1) $(1)-env $(1)-v2 $(1)-v2-env)
old = $(subst -v2,,$(subst -env,,$@))

# Only make's own command line chooses a target or permits something: a shell that happens to export
# ENV or FORCE must not. PLAN counts from anywhere; it runs nothing. `value` keeps make from expanding
# what was typed, and recipes take it from the environment, so that no shell expands it either.
define take
override $(1) := $$(if $$(filter command,$$(firstword $$(origin $(1)))),$$(value $(1)))
endef
VALUES := ENV REV MSG DUMP SQL S CONFIRM
$(foreach each,$(VALUES) FORCE,$(eval $(call take,$(each))))
override PLAN := $(filter-out 0,$(value PLAN))
export $(VALUES)

OPTION.ENV := --env
OPTION.REV := --rev
OPTION.MSG := --message
OPTION.DUMP := --dump
OPTION.SQL := --sql
OPTION.S := --service
OPTION.CONFIRM := --confirm
given = $(foreach each,$(VALUES),$(if $($(each)),"$(OPTION.$(each))=$$$(each)"))
flags = $(if $(filter 1,$(FORCE)),--force) $(if $(PLAN),--plan)
invoke = $(INV) $(firstword $(COMMAND.$(old))) $(given) $(flags)

# An exit code and the four lines, quoted for sh.
refuse = { printf 'error: %s\nwhere: %s\nwhy:   %s\nnext:  %s\n' $(2) $(3) $(4) $(5) >&2; exit $(1); }

WHAT.ENV := no environment is named
WHAT.REV := no revision is named
WHAT.MSG := the revision has no message
WHAT.DUMP := no dump is named
WHAT.SQL := no SQL file is named
WHY.ENV := ; known are $(KNOWN)
EXAMPLE.ENV := ENV=local_dev
EXAMPLE.REV := REV=0001_baseline
EXAMPLE.MSG := MSG="add the stock table"
EXAMPLE.DUMP := DUMP=backups/FILE.dump
EXAMPLE.SQL := SQL=FILE.sql
missing = $(firstword $(foreach each,$(NEEDS.$(old)),$(if $(strip $($(each))),,$(each))))
incomplete = $(if $(missing),$(call refuse,4,'$(WHAT.$(missing))','make $@', \
    '$(missing) is read from the command line of make alone$(WHY.$(missing))', \
    'make $@ $(foreach each,$(NEEDS.$(old)),$(EXAMPLE.$(each)))'))

# A backup of a compose environment, with docker compose and a POSIX shell alone: environments.mk
# has the words. It does not speak for another environments.yaml, and only inv can show a plan.
NAME := $(value NAME.$(ENV))
SUCCESSOR := $(value RETIRED.$(ENV))
BACKEND := $(if $(value DBOPS_ENVIRONMENTS)$(PLAN),inv,$(value BACKEND.$(NAME)))
CHOOSE := DOCKER_HOST DOCKER_CONTEXT COMPOSE_FILE COMPOSE_PROJECT_NAME COMPOSE_PROFILES \
    COMPOSE_ENV_FILES POSTGRES_USER POSTGRES_DB POSTGRES_PASSWORD PGDATA_VOLUME
AMBIENT := $(strip $(foreach each,$(CHOOSE),$(if $(value $(each)),$(each))))
unknown = $(call refuse,4,"'$$ENV' is not an environment",environments.yaml,'known are $(KNOWN)', \
    'make $@ $(EXAMPLE.ENV)')
retired = $(call refuse,4,"$$ENV is retired",environments.yaml,'$(SUCCESSOR) took its place', \
    'make $@ ENV=$(SUCCESSOR)')
ambient = $(call refuse,3,'$(NAME): this shell names another target','$(AMBIENT)', \
    'only environments.yaml chooses the database','unset $(AMBIENT)')
stale = $(call refuse,4,'environments.mk does not match environments.yaml',environments.mk, \
    'environments.yaml was edited after it was written', \
    '.venv/bin/python -m dbops.environments.makefile')
fresh = cd $(HERE) && [ "$$(cksum <environments.yaml)" = '$(CKSUM)' ] || $(stale)

ifeq ($(BACKEND),)
dump = $(fresh); $(if $(SUCCESSOR),$(retired),$(unknown))
else ifneq ($(BACKEND),compose)
dump = $(invoke)
else ifneq ($(AMBIENT),)
dump = $(ambient)
else
dump = $(fresh); exec sh scripts/backup.sh $(BACKUP.$(NAME))
endif

TARGETS := $(foreach each,$(NAMES),$(call spellings,$(each)))
.PHONY: help $(TARGETS)

run = $(invoke)
$(call spellings,backup): run = $(dump)
$(TARGETS):
	@$(or $(incomplete),$(run))

help:
	@printf '%s\n' 'usage: make TARGET ENV=name [VARIABLE=value]; each target is a command of ./inv' ''
	@printf '  %-28s %-30s %s\n' $(foreach each,$(NAMES), \
	    '$(each) $(addsuffix =,$(NEEDS.$(each)))' 'inv $(COMMAND.$(each))' '$(HELP.$(each))')
	@printf '%s\n' '' 'Each also ends in -env, -v2 or -v2-env, and al-cur-legacy is al-cur-env-legacy, too.' \
	    'ENV: $(KNOWN)' \
	    'FORCE=1 is --force, CONFIRM=name is --confirm name, PLAN=1 is --plan: show what would run.' \
	    'make itself ends with 2 when a target fails; the number after Error is what inv ended with:' \
	    '1 failed, 2 differences, 3 refused, 4 usage, 69 unreachable, 75 locked, 130 interrupted'
