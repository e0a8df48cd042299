# Arguments of all targets, and the tools they are run with.

SHELL_ENVIRONMENT_MODEL := $(MODEL)
#: The kinds of models, with the extra each needs and who takes it unless told otherwise.
KINDS := packages/modeling/kinds.txt
KIND_NAMES = $(shell awk '!/^#/ { print $$1 }' $(KINDS) | paste -sd '|')
taken_by = $(shell awk '$$3 == "$(1)" { print $$1 }' $(KINDS))

model    ?= $(or $(SHELL_ENVIRONMENT_MODEL),$(call taken_by,demo))
seed     ?= 7
hours    ?= 4
out      ?=
replace  ?=
REPLACE = $(if $(filter yes,$(value replace)),--replace)
exchange ?= kraken
pairs    ?=
#: A TOML file of accounts; for scale-plan their number.
accounts ?=
balance  ?=
fee_bps  ?=
interval ?=
horizon  ?=
ifeq ($(exchange),simulator)
data     ?= data/simulated
else
data     ?= data/paper
endif
speed    ?=
file     ?=
strategy ?=
#: Of what judges strategies: on this machine, or as a Job of the cluster.
where    ?= here
#: Of a search: where to look, what for, how long.
ranges   ?=
objective ?=
least_trades ?=
trials   ?=
#: Of a walk forward.
folds    ?=
first    ?=
window   ?=
embargo  ?=
#: Of what judges a result: whose numbers, and how many made-up markets.
winner   ?=
markets  ?=
steps    ?=
pair     ?=
#: Of a strategy, as JSON.
parameters ?=
hyperparameters ?=
service  ?=
variant  ?= live
tests    ?= tests
#: One more than the cores that the suite is made for: many tests wait for a market or a broker.
workers  ?= 4
brokers  ?= 1
port     ?= 9092
part     ?= candles,latency,scale,features
logs     ?= embedded,kafka
bars     ?=
trades   ?=
fill     ?=
reference ?=
id       ?=
reason   ?=
account  ?=
by       ?=
limits   ?=
sell     ?=
name     ?=
yes      ?=
alter    ?=
from     ?=
to       ?=
stage    ?=
against  ?=
kills    ?=
#: Of chaos part=orders: how many decisions, and which protection the gateway is to lack.
signals  ?=
without  ?=
venue    ?=
inputs   ?=
rate     ?=
durations ?=
long     ?=
log      ?= kafka
format   ?=
keep     ?=
minutes  ?= 30
#: Of gate-study: which markets, how many of each, and nights of trying again.
studies  ?= noise,a,b,c
seeds    ?= 20
nights   ?= 0
#: Of gate-real: which kinds of models.
kinds    ?=
secure   ?=
KAFKA_OPTIONS = --brokers $(brokers) --port $(port) $(if $(secure),--secure)
KAFKA_USERS = data/kafka-secure/secrets/users
action   ?= list
version  ?=
card     ?=
promote  ?=
run      ?=
store    ?=
query    ?=
registry ?=
market   ?= kraken
#: A text as one word of the shell, whatever stands in it. `value` takes an argument as it was written: `make out='a$b'`.
quoted = '$(subst ','\'',$(1))'
given = $(call quoted,$(value $(1)))
#: An option with an argument's value, if it was given: $(call option,out) is --out='runs/demo'.
option = $(if $(value $(1)),--$(or $(2),$(1))=$(call given,$(1)))
# What was given stays as it is: make would look for variables in it on the way into the environment.
unexport accounts parameters hyperparameters ranges winner file strategy card models steps out run data bars trades reference store query against from to stage pair pairs id reason account by fill
#: Whose log: run=FOLDER, or the configured one, or that of the demo or of `make run`.
of_log = $(or $(call option,run),$(if $(value TRADESTREAM_BROKER_ADDRESS),,--run=$(1)))
OF_RUN = $(call of_log,runs/demo)
#: Whose registry of models: run=FOLDER, or the configured one, or the demo's.
OF_MODELS = $(or $(call option,run),$(if $(value PREDICTIONS_MLFLOW_URI),,--run=runs/demo))
OF_PAPER = $(call of_log,$(call given,data))
history_days ?=
#: Values that there are, of arguments that are a choice or a list of choices; those of model= stand in KINDS.
choices_features := core full
choices_part     := candles latency scale features strategies backtest backtest-memory backtest-year accounting accounts models features-stream features-batch features-restart features-service orders live paper
choices_without  := asking deadline fill_ids
choices_venue    := kraken coinbase binance
choices_sell     := yes no
choices_replace  := yes no
choices_promote  := yes no
choices_keep     := yes no
choices_logs     := embedded kafka
choices_log      := embedded kafka both
choices_action   := list show replay promote rollback challenge withdraw compare register halt reduce-only flatten resume fetch repair start stop
choices_variant  := live historical scheduled study
choices_where    := here cluster
choices_window   := rolling anchored
choices_objective := sharpe return calmar
choices_market   := kraken coinbase binance simulator
features ?=
#: Whose promoted model a demo or replay serves, instead of training one.
models   ?=
FEATURES = $(if $(value features),INDICATORS_FEATURE_SET=$(call given,features))

#: What a user chooses for a demo, a replay and a run alike.
OF_USER = $(call option,accounts) $(call option,balance) $(call option,fee_bps,fee-bps) $(call option,pairs) \
	$(call option,interval) $(call option,horizon)

# Checked before anything is installed; without a python3 later, by what is run. A query is not for a shell to read.
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command line,$(origin $(name))),$(name)))
ifeq ($(MAKELEVEL),0)
REFUSED := $(shell python3 make/arguments.py $(call quoted,$(MAKECMDGOALS)) \
	$(foreach name,$(GIVEN),$(name)=$(if $(filter query,$(name)),,$(call given,$(name)))) 2>/dev/null)
$(if $(REFUSED),$(error $(REFUSED)))
endif

# --- uv: the one on the PATH, or one of our own in .tools
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
DOCS := NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs
BANDIT := $(RUN) bandit --quiet -ll --configfile pyproject.toml --recursive packages services docker deployments
# Images of Python often forbid to write byte code. Then each of the processes that a run starts compiles thousands of
# files of the libraries again, which takes longer than all the rest of its start.
unexport PYTHONDONTWRITEBYTECODE
SYNC := $(UV) sync --frozen --inexact --quiet
#: What a feature store at an address is read with.
DRIVER_OF_STORE = $(if $(value store),$(SYNC) --all-packages --extra postgres)
#: What the kind of model needs to be trained, beside what training always has; a kind that is not known needs nothing.
OF_KIND = $(if $(value models),,$(shell awk '$$1 == "$(model)" && $$2 != "-" { print $$2 }' $(KINDS)))
EXTRA = $(OF_KIND)

.tools/bin/uv:
	@echo "uv is not installed: putting one into .tools (a virtual environment of this folder's own)"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; python3 is $$(python3 --version)"; exit 2; }
	@python3 -m venv .tools || { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 2; }
	@.tools/bin/pip install --quiet --disable-pip-version-check uv
